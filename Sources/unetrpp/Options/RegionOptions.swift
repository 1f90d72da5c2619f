import ArgumentParser
import Foundation
import UNETRInference

/// Where in a scan a model looks.
struct RegionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Look only where this coarse model, a locator, finds its structures.",
            discussion:
                "Windows that do not meet the box of these and its margin are left out. Within the box the mask is that of the whole scan; outside there is background. Where the locator finds nothing, the whole scan is segmented.",
            valueName: "model"),
        completion: .file())
    var regionFrom: String?

    @Option(help: ArgumentHelp("With --region-from: the locator's structures that make the box (default: all).", valueName: "list"))
    var regionStructures: String?

    @Option(help: ArgumentHelp("With --region-from: millimeters from the structures to the faces of the box (default: 20).", valueName: "mm"))
    var regionMargin: Double?

    func validate() throws {
        if regionFrom == nil, let option = [("--region-structures", regionStructures != nil), ("--region-margin", regionMargin != nil)].first(where: \.1)?.0 {
            throw ValidationError("\(option) needs --region-from")
        }
        let range = LocatedSegmenter.marginRange
        if let regionMargin, !range.contains(regionMargin) {
            throw ValidationError("--region-margin is \(regionMargin); expected \(range.lowerBound) to \(range.upperBound) mm")
        }
    }

    var structures: [String]? { regionStructures?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }
    var margin: Double { regionMargin ?? 20 }
}
