public import Foundation
import UNETRSupport
import UNETRVolumes

/// The figures as a table of text: one line a case and class, undefined values empty, infinite ones "inf" (RFC 4180).
public struct CSVTable: Sendable {
    private let result: EvaluationResult

    /// One line per case and class.
    public init(_ result: EvaluationResult) { self.result = result }

    /// The table as text.
    public var text: String {
        let tolerances = result.tolerances
        let figures = Figure.fixed.filter { !$0.name.hasPrefix("lesion") || result.hasLesions } + tolerances.map(Figure.nsd)
        var lines = [["case", "class", "name", "definition", "unit", "tp", "fp", "fn", "tn"] + figures.map(\.name)]
        for metrics in result.cases {
            for structure in result.classes {
                guard let values = metrics.classes[structure.key] else { continue }
                let counts = values.counts
                lines.append(
                    [metrics.name, structure.key, structure.name, result.definition.name, result.definition.unit.rawValue]
                        + [counts.truePositives, counts.falsePositives, counts.falseNegatives, counts.trueNegatives].map(String.init)
                        + figures.map { CSV.number($0.value(in: values)) })
            }
        }
        return CSV.text(lines)
    }

    /// Writes the file, replacing one that is there.
    public func write(to url: URL) throws { try AtomicFile.write(Data(text.utf8), to: url) }
}

extension EvaluationResult {
    /// The tolerances of the normalized surface Dice, as keys, in their order; empty where no distances were computed.
    public var tolerances: [String] { cases.lazy.flatMap(\.classes.values).compactMap(\.surface).first?.nsd.map(\.key) ?? [] }

    /// Whether components were matched.
    public var hasLesions: Bool { cases.contains { $0.classes.values.contains { $0.lesions != nil } } }

    /// The cases, the worst first: by mean Dice over the classes; a case whose Dice is nowhere defined comes last.
    public var worstFirst: [CaseMetrics] {
        let order = cases.enumerated().map { ($1.meanDice ?? .infinity, $0) }.sorted { $0 < $1 }
        return order.map { cases[$0.1] }
    }
}
