import ArgumentParser
import Foundation
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTraining

extension ModelCommand {
    struct Profile: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a model the profile of its training scans, so that it warns of scans unlike them.",
            discussion: """
                MODEL is a model bundle, which was trained on all cases of DATASET, or a training run, of which only the cases count that it was trained on. The \
                new model has the file profile.json beside the same weights: medians and spreads of spacing, extent and intensities of the scans, \
                and nothing of a single scan but the extremes. Models that `unetrpp train` writes have it already. The last line says how many scans \
                of a five-fold cross-validation inside these cases get a warning.
                """)

        @Argument(help: "Model bundle, or training run.", completion: .directory) var model: String
        @Argument(help: "Data set that it was trained on; labels are not read.", completion: .directory) var dataset: String
        @Option(name: .shortAndLong, help: "Model bundle to write.", completion: .directory) var output: String
        @OptionGroup var outputs: OutputOptions
        @Flag(help: "Print the result as JSON on standard output.") var json = false

        private struct Report: Encodable {
            var output: String
            var profile: TrainingProfile
            /// Scans of a five-fold cross-validation that get a warning; nil where four fifths of the scans are too few.
            var heldOutWarnings: Int?
        }

        func run() throws {
            let place = URL(fileURLWithPath: model), target = URL(fileURLWithPath: output), run = TrainingRun(folder: place)
            try outputs.check(bundle: target)
            let bundle = try ModelBundle(contentsOf: run.exists ? run.model : place)
            let cases = try cases(of: run.exists ? run : nil)
            let preparer = Preparer(plan: bundle.plan), bar = ProgressBar("Measuring", total: cases.count)
            let scans = try cases.enumerated().map { index, scanCase in
                let scan = try scanCase.readScan(channelNames: bundle.plan.channelNames)
                defer { bar.update(index + 1) }
                return ScanProfile(of: try preparer.prepare(scan, name: scanCase.name))
            }
            let profile = TrainingProfile(of: scans, preparation: bundle.plan.preparationDigest)
            try bundle.copy(to: target, with: profile)
            let warnings = TrainingProfile.warnings(of: scans, parts: 5)
            if json { return print(try JSONLine.encode(Report(output: target.path, profile: profile, heldOutWarnings: warnings), pretty: true)) }
            print("\(target.path): \(profile.summary)")
            if let warnings { print("  warnings in five-fold cross-validation: \(warnings) of \(scans.count) scans") }
        }

        /// The training cases, in the order of their names.
        private func cases(of run: TrainingRun?) throws -> [DatasetCase] {
            let data = try Dataset(contentsOf: URL(fileURLWithPath: dataset))
            let cases = data.cases.sorted { $0.name < $1.name }
            guard let run else {
                guard !cases.isEmpty else { throw CommandError("\(data.folder.path) has no cases; name the data set that the model was trained on") }
                return cases
            }
            let training = Set(try run.readDescription().fold.training), chosen = cases.filter { training.contains($0.name) }
            guard chosen.count == training.count else {
                let missing = training.subtracting(chosen.map(\.name)).sorted()
                throw CommandError(
                    "\(data.folder.path) lacks \(missing.count) of the \(training.count) cases that \(run.folder.path) was trained on, such as \(missing[0]); "
                        + "name the data set of the run")
            }
            return chosen
        }
    }
}
