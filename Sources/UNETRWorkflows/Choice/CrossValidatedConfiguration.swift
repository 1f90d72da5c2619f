import Foundation
import UNETRArchitectures
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRTraining
import UNETRVolumes

/// A configuration that was trained on several folds: the runs in a folder, or one run. Every case that one of them kept for validation is
/// segmented by that run's network, which has not seen it.
struct CrossValidatedConfiguration {
    /// One of its runs.
    struct Trained {
        let run: TrainingRun
        let description: TrainingRun.Description
        let bundle: ModelBundle
    }

    let name: String
    let place: URL
    let runs: [Trained]
    /// The number of the run that kept a case for validation.
    let runOfCase: [String: Int]

    var labels: [LabelNumbers] { runs[0].bundle.plan.labels.foreground.map { LabelNumbers(name: $0.name, values: $0.values) } }

    /// A structure's values, whatever its color.
    struct LabelNumbers: Equatable {
        let name: String
        let values: [Int]
    }

    /// - Throws: `ChoiceError`; `TrainingError.notARun`; what opening a bundle throws.
    init(at place: URL, named name: String) throws {
        (self.name, self.place) = (name, place)
        let folders = TrainingRun(folder: place).exists ? [place] : Self.folders(in: place).filter { TrainingRun(folder: $0).exists }
        guard !folders.isEmpty else { throw ChoiceError.noRuns(path: place.path) }
        runs = try folders.map { folder in
            let run = TrainingRun(folder: folder), description = try run.readDescription()
            guard ModelBundle.isBundle(run.model) else { throw ChoiceError.unfinished(run: folder.path) }
            return Trained(run: run, description: description, bundle: try ModelBundle(contentsOf: run.model))
        }
        for other in runs.dropFirst()
        where !other.bundle.plan.agrees(with: runs[0].bundle.plan) || other.bundle.network.architecture != runs[0].bundle.network.architecture {
            throw ChoiceError.severalPlans(run: other.run.folder.path, first: runs[0].run.folder.path)
        }
        var known: [String: Int] = [:]
        for (number, trained) in runs.enumerated() {
            for name in trained.description.fold.validation {
                if let other = known.updateValue(number, forKey: name) {
                    throw ChoiceError.validatedTwice(case: name, run: trained.run.folder.path, other: runs[other].run.folder.path)
                }
                guard trained.description.references[name] != nil else { throw ChoiceError.noReference(case: name, run: trained.run.folder.path) }
                guard PreparedCase.isComplete(name, in: URL(fileURLWithPath: trained.description.prepared), plan: trained.bundle.plan) else {
                    throw ChoiceError.notPrepared(case: name, folder: trained.description.prepared, run: trained.run.folder.path)
                }
            }
        }
        guard !known.isEmpty else { throw ChoiceError.nothingValidated(path: place.path) }
        runOfCase = known
    }

    private static func folders(in place: URL) -> [URL] {
        ((try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []).sorted().map { place.appending(path: $0) }
    }

    /// That another configuration was trained on the same cases and structures.
    func check(against first: CrossValidatedConfiguration) throws {
        let (plan, other) = (runs[0].bundle.plan, first.runs[0].bundle.plan)
        func fail(_ what: String, _ found: String, _ expected: String) -> ChoiceError {
            .differs(path: place.path, what: what, found: found, first: first.place.path, expected: expected)
        }
        guard plan.dataset == other.dataset else { throw fail("the data set", plan.dataset, other.dataset) }
        guard labels == first.labels, plan.hasOutputs(of: other), plan.labels.ignoreValue == other.labels.ignoreValue else {
            func list(_ labels: [LabelNumbers]) -> String {
                labels.map { "\($0.name) (\($0.values.map(String.init).joined(separator: ", ")))" }.joined(separator: ", ")
            }
            throw fail("the labels", list(labels), list(first.labels))
        }
        guard plan.channelNames.count == other.channelNames.count else {
            throw fail("the channels", plan.channelNames.joined(separator: ", "), other.channelNames.joined(separator: ", "))
        }
        let mine = Set(runOfCase.keys), theirs = Set(first.runOfCase.keys)
        let (missing, added) = (theirs.subtracting(mine).sorted(), mine.subtracting(theirs).sorted())
        guard missing.isEmpty, added.isEmpty else { throw ChoiceError.otherCases(path: place.path, missing: missing, added: added, first: first.place.path) }
    }

    /// The trained network that has not seen a case, and the prepared case.
    func trained(for name: String) -> Trained { runs[runOfCase[name]!] }
}
