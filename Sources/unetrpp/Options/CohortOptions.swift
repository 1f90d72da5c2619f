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

    @Option(
        help: ArgumentHelp(
            "Of a BIDS data set, the suffix of the scans, such as T1w; for a model of several channels one for each, separated by commas (default: those that the channels are named after, or the only one there is).",
            valueName: "list"))
    var suffix: String?

    @Option(
        help:
            "Only the scans that this file names: one a line, or a table (.csv, .tsv) with a column named case, such as participants.tsv of a BIDS data set.",
        completion: .file())
    var cases: String?

    func validate() throws { _ = try part }

    var part: Shard? {
        get throws {
            do { return try shard.map { try Shard($0, environment: ProcessInfo.processInfo.environment) } } catch let error as ShardError {
                throw ValidationError("--shard: \(error)")
            }
        }
    }

    var suffixes: [String] { suffix?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } ?? [] }

    var list: CaseList? { get throws { try cases.map { try CaseList(contentsOf: URL(fileURLWithPath: $0)) } } }
}
