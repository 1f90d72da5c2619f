import ArgumentParser
import Foundation
import UNETRSupport
import UNETRWorkflows

/// Which cases of many a process does.
struct CohortOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Do only this part of the scans, such as 0/8: the first of eight. auto takes it from a Slurm array, auto/8 from an indexed job of Kubernetes.",
            valueName: "part"))
    var shard: String?

    @Flag(help: "Leave out scans whose masks are there already, made of the same scan by the same model with the same options.")
    var resume = false

    @Option(help: "Only the scans that this file names: one a line, or a table (.csv, .tsv) with a column named case.", completion: .file())
    var cases: String?

    func validate() throws { _ = try part }

    var part: Shard? {
        get throws {
            do { return try shard.map { try Shard($0, environment: ProcessInfo.processInfo.environment) } } catch let error as ShardError {
                throw ValidationError("--shard: \(error)")
            }
        }
    }

    var list: CaseList? { get throws { try cases.map { try CaseList(contentsOf: URL(fileURLWithPath: $0)) } } }
}
