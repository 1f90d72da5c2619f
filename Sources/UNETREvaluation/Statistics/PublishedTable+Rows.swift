import Foundation
import UNETRVolumes

extension PublishedTable {
    /// Whether HD95 has a column.
    private var hasDistances: Bool { rows.contains { $0.hd95 != nil } }
    private var hasClasses: Bool { rows.contains { !$0.perClass.isEmpty } && classes.count > 1 }

    /// The headings of `lines`.
    public var head: [String] {
        ["", "Dice %"] + (hasDistances ? ["HD95"] : []) + (hasClasses ? classes.map(\.name) : [])
    }

    /// The published rows below ours, as text.
    public func lines(with result: EvaluationResult) -> [[String]] {
        func line(_ name: String, _ dice: Double?, _ hd95: Double?, _ perClass: [String: Double?]) -> [String] {
            [name, HTML.number(dice, decimals: 2)] + (hasDistances ? [HTML.number(hd95, decimals: 2)] : [])
                + (hasClasses ? classes.map { HTML.number(perClass[$0.key] ?? nil, decimals: 2) } : [])
        }
        let dice = classes.map { structure in (structure.key, result.meanDice(of: structure.key).map { $0 * 100 }) }
        let distances = classes.map { Summary.mean(of: result.values(.hd95, of: $0.key)) }
        let unit = result.definition.unit.rawValue
        let ours = line(
            "this result (\(result.definition.name), HD95 in \(unit))", Summary.mean(of: dice.map(\.1)), Summary.mean(of: distances),
            Dictionary(dice, uniquingKeysWith: { first, _ in first }))
        return [ours] + rows.map { line("\($0.method) (published)", $0.dice, $0.hd95, $0.perClass.mapValues(Optional.some)) }
    }

    /// What is comparable for this result.
    public func remarks(for result: EvaluationResult) -> [String] {
        var remarks = self.remarks
        let missing = classes.filter { structure in !result.classes.contains { $0.key == structure.key } }
        if !missing.isEmpty {
            remarks.append("Not scored here, so the means are not over the same classes: \(missing.map(\.name).joined(separator: ", ")).")
        }
        if hasDistances {
            remarks.append(
                result.definition.name == MetricDefinition.unetrPlusPlusScript.name
                    ? "Our HD95 here is the script's, in voxels: it may stand beside the printed one."
                    : "Our HD95 here is in \(result.definition.unit.rawValue) by the definition \(result.definition.name): "
                        + "it is NOT comparable with the printed one.")
        }
        return remarks
    }
}

extension EvaluationResult {
    /// The calibration figures of the cases that have some.
    public var calibrations: [CalibrationMetrics] { cases.compactMap(\.calibration) }
}
