import ArgumentParser
import Foundation
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRWorkflows

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Analyze a data set and write a training plan: spacing, patch, network.",
        discussion: "The plan is a JSON file that you can read and edit; pass it to `unetrpp train --plan`.")

    @Argument(help: "Folder of the data set; with --import, a plans.pkl of nnU-Net v1 or a plans.json of nnU-Net v2.")
    var dataset: String

    @Option(name: .shortAndLong, help: "File to write.", completion: .file())
    var output: String = "plan.json"

    @Flag(name: .customLong("import"), help: "Import a plan of nnU-Net.")
    var imports = false

    @Option(
        help: ArgumentHelp(
            "Plan a small network at this coarse spacing, such as 4: a locator for `segment --region-from`, trained like any model.", valueName: "mm"))
    var locator: Double?

    @OptionGroup var outputs: OutputOptions
    @OptionGroup var planning: PlanningOptions

    func validate() throws {
        if let locator {
            let range = NetworkPlanner.locatorSpacingRange
            guard range.contains(locator) else { throw ValidationError("--locator is \(locator); expected \(range.lowerBound) to \(range.upperBound) mm") }
            let contradicting = [
                ("--import", imports), ("--planner", planning.planner != nil), ("--preset", planning.preset != nil),
                ("--feature-size", planning.featureSize != nil),
            ]
            if let (option, _) = contradicting.first(where: { $0.1 }) { throw ValidationError("--locator plans by itself; leave out \(option)") }
        }
        guard imports else { return }
        let contradicting = [
            ("--planner", planning.planner != nil), ("--preset", planning.preset != nil), ("--feature-size", planning.featureSize != nil),
            ("--memory without --network", planning.memory != nil && planning.network == nil),
        ]
        if let (option, _) = contradicting.first(where: { $0.1 }) {
            throw ValidationError("--import takes a plan over as it is, for its own network or that of --network; leave out \(option)")
        }
    }

    func run() throws {
        let output = URL(fileURLWithPath: output)
        try outputs.check(file: output)
        let url = URL(fileURLWithPath: dataset)
        let plan: Plan =
            if !imports { try plan(for: Dataset(contentsOf: url)) } else if url.pathExtension == "pkl" { try Plan(importingV1: url) } else {
                try Plan(importingV2: url)
            }
        let finished = try imports ? planning.request.applied(to: plan) : plan
        // A plan that was taken over has the other program's numbers; whatever no network can have is said now.
        if finished.network != nil { _ = try finished.networkDescription() }
        try finished.write(to: output)
        print(output.path)
    }

    private func plan(for dataset: Dataset) throws -> Plan {
        let bar = ProgressBar("Looking at the scans", total: dataset.cases.count)
        var request = planning.request
        request.locatorSpacing = locator
        return try request.plan(for: dataset, logger: .talk) { done, _ in if done > 0 { bar.update(done) } }
    }
}
