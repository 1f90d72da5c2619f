import ArgumentParser
import Foundation
import UNETRArchitectures
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRVolumes
import UNETRWorkflows

extension ModelCommand {
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a model is: a bundle, or a model of nnU-Net or MONAI and how it is understood.")

        @Argument(help: "Model: a bundle, a results folder, a bundle of MONAI, or a zip file.", completion: .file()) var model: String
        @OptionGroup var models: ModelOptions
        @Flag(help: "Print the result as JSON on standard output.") var json = false

        private struct Report: Encodable {
            var model: String
            var imported: ModelOpener.Description?
            var plan: Plan
            var parameters: Int?
            /// What the training scans are like, where the model says.
            var profile: TrainingProfile?
            /// Of an ensemble, the plans whose probabilities are averaged with those of the first.
            var otherPlans: [Plan]?
        }

        private struct TaskReport: Encodable {
            var model: String
            var task: ModelTask
            var plans: [Plan]
        }

        func run() throws {
            let url = URL(fileURLWithPath: model), opened = try ModelOpener().open(url, models.choice)
            if let task = opened.task { return try show(task, opened.bundles, url) }
            let plan = opened.bundles[0].plan, network = opened.bundles[0].network
            if json {
                let others = opened.groups.dropFirst().map { $0[0].plan }
                let report = Report(
                    model: url.path, imported: opened.imported, plan: plan, parameters: try? network.configuration.complexity().parameters,
                    profile: try opened.bundles[0].trainingProfile(), otherPlans: others.isEmpty ? nil : others)
                return print(try JSONLine.encode(report, pretty: true))
            }
            print(opened.imported?.title ?? "\(url.lastPathComponent): \(plan.dataset)")
            var rows = Self.rows(plan, network)
            if let profile = try opened.bundles[0].trainingProfile() { rows.append(("profile", profile.summary)) }
            if let imported = opened.imported { rows.append(("networks", imported.members.joined(separator: ", "))) }
            Self.printRows(rows)
            for group in opened.groups.dropFirst() {
                print("averaged with, on the grid of the scan:")
                Self.printRows(Self.rows(group[0].plan, group[0].network))
            }
            for note in opened.imported?.notes ?? [] { print("  \(note)") }
        }

        private func show(_ task: ModelTask, _ bundles: [ModelBundle], _ url: URL) throws {
            if json {
                return print(try JSONLine.encode(TaskReport(model: url.path, task: task, plans: bundles.map(\.plan)), pretty: true))
            }
            print("\(url.lastPathComponent): \(task.name)")
            print("  spacing     \(task.spacing.map { "\($0)" }.joined(separator: " × ")) mm along the patient's axes, step \(task.stepFraction)")
            for (part, bundle) in zip(task.parts, bundles) {
                let names = task.labels.foreground.filter { $0.values.allSatisfy(part.values.contains) }.map(\.name)
                print("  \(part.bundle): \(bundle.plan.dataset), \(bundle.network.architecture.displayName), \(names.count) structures")
                print("    \(names.joined(separator: ", "))")
            }
        }

        private static func printRows(_ rows: [(name: String, value: String)]) {
            for (name, value) in rows { print("  \(name.padding(toLength: 12, withPad: " ", startingAt: 0))\(value)") }
        }

        /// What a plan says, in the words of people.
        private static func rows(_ plan: Plan, _ network: NetworkDescription) -> [(name: String, value: String)] {
            func list(_ values: some Sequence, _ separator: String) -> String { values.map { "\($0)" }.joined(separator: separator) }
            let channels = zip(plan.channelNames, plan.normalization).map { "\($0) (\(words($1)))" }
            let structures = plan.labels.foreground.map { "\($0.name) (\(list($0.values, ", ")))" }
            let axes = plan.inference.mirrorAxes.isEmpty ? "none" : list(plan.inference.mirrorAxes, ", ")
            let cleaned =
                plan.postProcessing.map { "largest part of \(list($0.keepLargest, ", ")), \($0.connectivity.rawValue) neighbors, \($0.grid.rawValue) grid" }
                ?? "none"
            let windows = plan.inference.windows
            return [
                ("network", "\(network.architecture.displayName), patch \(plan.patchSize.text(" × ")) voxels"),
                ("channels", channels.joined(separator: ", ")),
                ("spacing", "\(list(plan.targetSpacing, " × ")) mm, axes \(list(plan.axisOrder.axes, ", ")), compatibility \(plan.compatibility.rawValue)"),
                ("orientation", plan.orientation?.text ?? "as stored"),
                ("structures", structures.joined(separator: ", ")),
                ("prediction", "\(plan.inference.aggregation.rawValue) averaged, step \(plan.inference.stepFraction), mirrored axes: \(axes)"),
                (
                    "windows",
                    "placed as \(windows.placement.rawValue), weight \(windows.weight.rawValue)\(windows.weight == .gaussian ? " \(windows.sigmaScale)" : ""), padded with \(windows.padding.rawValue)"
                ),
                ("back", plan.inference.restored.rawValue),
                ("clean-up", cleaned),
            ]
        }

        private static func words(_ normalization: IntensityNormalization) -> String {
            guard let steps = normalization.steps else { return normalization.scheme.rawValue }
            return steps.map { step in
                switch step {
                case .range(let from, let to, let clips): "\(from.lower)…\(from.upper) to \(to.lower)…\(to.upper)\(clips ? ", clipped" : "")"
                case .extremes(let to): "extremes to \(to.lower)…\(to.upper)"
                case .standardize(let onlyNonZero): onlyNonZero ? "standardized where not 0" : "standardized"
                }
            }.joined(separator: ", then ")
        }
    }

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a model of nnU-Net or MONAI as model bundles.",
            discussion: """
                MODEL is a results folder at any level, one of its folds or checkpoints, or the zip file that nnUNetv2_export_model_to_zip \
                writes; or a bundle of MONAI, its folder or its zip file. One network becomes the bundle OUTPUT; several become OUTPUT/fold_0.unetrpp and so on, which \
                `segment --model` takes one by one to average them. Of an ensemble of configurations each has a folder in OUTPUT. Pickles are read as data and never executed.

                With --totalsegmentator, MODEL is a folder with the weights of TotalSegmentator (Dataset291_… and so on), and OUTPUT becomes one \
                model for all structures of a task.
                """)

        @Argument(help: "Model to import.", completion: .file()) var model: String
        @Option(name: .shortAndLong, help: "Bundle, or folder of bundles, to write.", completion: .directory) var output: String
        @Flag(name: .customLong("totalsegmentator"), help: "Import a task of TotalSegmentator as one model.") var isTotalSegmentator = false
        @Option(help: "With --totalsegmentator: \(TotalSegmentatorFolder.tasks.joined(separator: ", ")) (default: the one that is there).")
        var task: String?
        @OptionGroup var models: ModelOptions
        @OptionGroup var outputs: OutputOptions

        func validate() throws {
            if task != nil, !isTotalSegmentator { throw ValidationError("--task needs --totalsegmentator") }
            if isTotalSegmentator, models.choice != ModelChoice() {
                throw ValidationError("--totalsegmentator takes the models that the task names; leave out the options that choose among models")
            }
        }

        func run() throws {
            if isTotalSegmentator { return try importTask() }
            let url = URL(fileURLWithPath: model), target = URL(fileURLWithPath: output)
            let opened = try ModelOpener().open(url, models.choice)
            guard let imported = opened.imported else { throw CommandError("\(url.path) is a model bundle already") }
            let targets =
                opened.bundles.count == 1 ? [target] : imported.members.map { target.appending(path: "\($0).unetrpp") }
            for target in targets { try outputs.check(bundle: target) }
            for (bundle, target) in zip(opened.bundles, targets) {
                try bundle.copy(to: target)
                print(target.path)
            }
            for note in [imported.title] + imported.notes { EngineOptions.note(note) }
        }

        private func importTask() throws {
            let target = URL(fileURLWithPath: output)
            try outputs.check(model: target, files: ["task.json"])
            let (task, bundles, notes) = try TotalSegmentatorFolder(URL(fileURLWithPath: model)).task(named: self.task, opener: ModelOpener())
            try task.write(bundles, to: target)
            print(target.path)
            for note in [task.name] + notes { EngineOptions.note(note) }
        }
    }
}
