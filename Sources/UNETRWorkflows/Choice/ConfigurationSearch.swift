public import Foundation
public import Logging
import UNETRArchives
public import UNETREngines
import UNETREvaluation
import UNETRInference
public import UNETRModels
import UNETRPlanning
public import UNETRPreparation
public import UNETRSupport
public import UNETRTorch
import UNETRTorchEngine
import UNETRTraining
import UNETRVolumes

/// Finds what is best on a cross-validation: one of several configurations, or the average of two, as `nnUNetv2_find_best_configuration` does.
///
/// Every case is segmented by the network of each configuration that has not seen it. The score is the mean over the structures of their mean
/// Dice over all cases of all folds; of equal ones the first counts, and single configurations come before pairs. Then the rule of
/// `PostProcessingDecision` decides how the masks of the best are cleaned up.
public struct ConfigurationSearch: Sendable {
    /// What is compared, and how.
    public struct Options: Sendable {
        /// For each configuration a run, or a folder with the runs of its folds.
        public var configurations: [URL]
        /// The file for the choice.
        public var output: URL
        /// Whether a file that is there already is replaced.
        public var replaces = false
        /// How to segment with the file, for people; it is kept there.
        public var usage = ""
        /// Whether pairs are tried too.
        public var ensembles = true
        /// Whether predictions are averaged over mirrored copies, as the plans say.
        public var mirroring = true
        /// Which engine is wanted.
        public var engine = EngineChoice.auto
        /// Where it computes.
        public var device = Device.cpu
        /// What products and convolutions are computed in.
        public var precision = Precision.automatic

        /// Options with the usual settings.
        public init(configurations: [URL], output: URL) { (self.configurations, self.output) = (configurations, output) }
    }

    /// What happens; the last event is `finished`.
    public enum Event: Sendable {
        /// So many segmentations of cases are done.
        case segmented(done: Int, of: Int)
        /// The choice is written.
        case finished(ConfigurationChoice, PostProcessingDecision)
    }

    /// What is compared.
    public let options: Options
    private let logger: Logger

    /// A search with these options; notes go to `logger`.
    public init(_ options: Options, logger: Logger) { (self.options, self.logger) = (options, logger) }

    /// The workflow as a job.
    ///
    /// - Throws: before the work: `OutputError`, `ChoiceError`, what reading runs and models throws.
    public func job() -> LongJob<Event> { LongJob { try run($0) } }

    private func run(_ report: @escaping LongJob<Event>.Report) throws {
        try OutputRule(replaces: options.replaces).check(file: options.output)
        let configurations = try configurations()
        var scores = try candidates(configurations).map { CandidateScore($0, labels: configurations[0].runs[0].bundle.plan.labels) }
        var segmenters = configurations.map { CaseSegmenter($0) }
        // Fold by fold, so that one network of each configuration is in memory.
        let names = configurations[0].runOfCase.keys.sorted { (configurations[0].runOfCase[$0]!, $0) < (configurations[0].runOfCase[$1]!, $1) }
        var done = 0
        for name in names {
            let reference = try reference(name, configurations[0])
            var found: [(mask: LabelMap, probabilities: ProbabilityMap)] = []
            for index in configurations.indices {
                try Cancellation.check()
                let (mask, probabilities) = try segmenters[index].segment(name, using: segmenter)
                guard mask.geometry.isApproximatelyEqual(to: reference.geometry) else {
                    throw ChoiceError.otherGrid(
                        case: name, place: configurations[index].place.path, found: mask.geometry.size.text(" × "),
                        expected: reference.geometry.size.text(" × "))
                }
                found.append((mask, probabilities))
                done += 1
                try report(.segmented(done: done, of: names.count * configurations.count))
            }
            let labels = configurations[0].runs[0].bundle.plan.labels
            for index in scores.indices {
                let members = scores[index].members
                let mask =
                    members.count == 1
                    ? found[members[0]].mask
                    : found[members[0]].probabilities.mask(with: found[members[1]].probabilities, labels, threads: Runtime.threads)
                scores[index].add(mask, reference)
            }
        }
        // The first of the highest.
        let best = scores.indices.dropFirst().reduce(0) { (scores[$1].dice ?? -1) > (scores[$0].dice ?? -1) ? $1 : $0 }
        let decision = scores[best].tally.decision
        let choice = try choice(scores, best, decision, configurations, cases: names.count)
        try AtomicFile.write(JSONText.encode(choice), to: options.output)
        try report(.finished(choice, decision))
    }

    private func configurations() throws -> [CrossValidatedConfiguration] {
        let places = options.configurations.map(\.standardizedFileURL)
        for (index, place) in places.enumerated() where places[..<index].contains(where: { $0.path == place.path }) {
            throw ChoiceError.sameTwice(path: place.path)
        }
        let short = places.map(\.lastPathComponent), names = Set(short).count == short.count ? short : places.map(\.path)
        let found = try zip(places, names).map { try CrossValidatedConfiguration(at: $0, named: $1) }
        for other in found.dropFirst() { try other.check(against: found[0]) }
        return found
    }

    /// Each configuration alone, then each pair whose probabilities can be averaged.
    private func candidates(_ all: [CrossValidatedConfiguration]) throws -> [(members: [Int], names: [String])] {
        var candidates = all.indices.map { [$0] }
        for (first, one) in all.enumerated() where options.ensembles {
            for second in all.indices where second > first {
                if one.runs[0].bundle.plan.canBeAveraged(with: all[second].runs[0].bundle.plan) {
                    candidates.append([first, second])
                } else {
                    logger.notice("\(one.name) and \(all[second].name) are not tried together: one of them decides before its masks go back to the scan")
                }
            }
        }
        return candidates.map { ($0, $0.map { all[$0].name }) }
    }

    private func segmenter(_ bundle: ModelBundle) throws -> Segmenter {
        let settings = EngineSettings(options.engine, device: options.device, mixedPrecision: options.precision.mixed(on: options.device))
        return try Segmenter(
            model: bundle, engines: .all, settings: settings, options: SegmenterOptions(mirroring: options.mirroring, postProcesses: false),
            note: { logger.notice("\($0)") })
    }

    private func reference(_ name: String, _ configuration: CrossValidatedConfiguration) throws -> LabelMap {
        let trained = configuration.trained(for: name), url = URL(fileURLWithPath: trained.description.references[name]!)
        let grid = try CaseProperties(contentsOf: PreparedCase.urls(of: name, in: URL(fileURLWithPath: trained.description.prepared)).properties).geometry
        return try VolumeFile.readLabels(url, on: grid, as: trained.bundle.plan.labels)
    }

    private func choice(
        _ scores: [CandidateScore], _ best: Int, _ decision: PostProcessingDecision, _ configurations: [CrossValidatedConfiguration], cases: Int
    ) throws -> ConfigurationChoice {
        let folder = options.output.resolvingSymlinksInPath().deletingLastPathComponent().path + "/"
        let chosen = try scores[best].members.map { member in
            let configuration = configurations[member]
            let models = try configuration.runs.map { trained in
                let path = trained.run.model.resolvingSymlinksInPath().path
                return ConfigurationChoice.Model(
                    path: path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path, weights: try trained.bundle.weightsDigest().text)
            }
            return ConfigurationChoice.Member(name: configuration.name, models: models)
        }
        return ConfigurationChoice(
            dataset: configurations[0].runs[0].bundle.plan.dataset, cases: cases, chosen: chosen, keepLargest: decision.postProcessing.keepLargest,
            candidates: scores.map(\.candidate), segment: options.usage)
    }
}

/// Segments the cases of one configuration, with one network in memory.
private struct CaseSegmenter {
    let configuration: CrossValidatedConfiguration
    private var current: (run: Int, segmenter: Segmenter)?

    init(_ configuration: CrossValidatedConfiguration) { self.configuration = configuration }

    mutating func segment(_ name: String, using make: (ModelBundle) throws -> Segmenter) throws -> (LabelMap, ProbabilityMap) {
        let run = configuration.runOfCase[name]!, trained = configuration.runs[run]
        let file = try PreparedCaseFile(named: name, in: URL(fileURLWithPath: trained.description.prepared))
        if current?.run != run {
            current = nil  // one goes before the next comes
            current = (run, try make(trained.bundle))
        }
        return try current!.segmenter.segmentKeepingProbabilities(
            FloatArray(file.image.floats(), shape: file.image.shape), of: file.properties, progress: { _, _ in try Cancellation.check() })
    }
}

/// The scores of a configuration or a pair, case by case.
private struct CandidateScore {
    let members: [Int]
    private let names: [String]
    private let labels: LabelSet
    private var sums: [(dice: Double, cases: Int)]
    var tally: PostProcessingTally

    init(_ candidate: (members: [Int], names: [String]), labels: LabelSet) {
        (members, names) = candidate
        self.labels = labels
        sums = labels.foreground.map { _ in (0, 0) }
        tally = PostProcessingTally(values: labels.foregroundValues)
    }

    /// Both on one grid; voxels that the expert left open count for nothing.
    mutating func add(_ mask: LabelMap, _ reference: LabelMap) {
        var prediction = mask.voxels
        if let ignored = labels.ignoreValue.map({ Int16(truncatingIfNeeded: $0) }) {
            for index in prediction.indices where reference.voxels[index] == ignored { prediction[index] = 0 }
        }
        for (index, structure) in labels.foreground.enumerated() {
            let values = Set(structure.values)
            let isOne = (0..<(1 << 16)).map { values.contains(Int(Int16(bitPattern: UInt16($0)))) }
            var counts = OverlapCounts()
            for (found, expected) in zip(prediction, reference.voxels) {
                switch (isOne[Int(UInt16(bitPattern: found))], isOne[Int(UInt16(bitPattern: expected))]) {
                case (true, true): counts.truePositives += 1
                case (true, false): counts.falsePositives += 1
                case (false, true): counts.falseNegatives += 1
                case (false, false): break
                }
            }
            if let dice = counts.dice { (sums[index].dice, sums[index].cases) = (sums[index].dice + dice, sums[index].cases + 1) }
        }
        tally.add(.init(size: mask.geometry.size, prediction: prediction, reference: reference.voxels))
    }

    private var means: [Double?] { sums.map { $0.cases == 0 ? nil : $0.dice / Double($0.cases) } }

    var dice: Double? {
        let means = means.compactMap(\.self)
        return means.isEmpty || means.count < sums.count ? nil : means.reduce(0, +) / Double(means.count)
    }

    var candidate: ConfigurationChoice.Candidate {
        let structures = zip(labels.foreground, means).compactMap { label, mean in mean.map { (label.name, $0) } }
        return ConfigurationChoice.Candidate(members: names, dice: dice, structures: Dictionary(structures) { first, _ in first })
    }
}
