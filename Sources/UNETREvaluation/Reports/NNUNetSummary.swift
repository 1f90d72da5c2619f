public import Foundation
import UNETRSupport
import UNETRVolumes

/// The `summary.json` of nnU-Net v2: per case, per class means, and the mean over classes, with its names for the figures.
///
/// As nnU-Net does, classes that are in neither mask have Dice and IoU NaN, written as the bare word `NaN` (which Python reads and
/// strict JSON does not know), and are left out of the means.
public struct NNUNetSummary: Sendable {
    private let result: EvaluationResult

    /// The result in nnU-Net's layout.
    public init(_ result: EvaluationResult) { self.result = result }

    /// The file's text.
    public var text: String {
        let rows = result.cases.map { metrics in
            Value.object([
                "metrics": .object(perClass(metrics)),
                "prediction_file": .text(metrics.predictionFile ?? metrics.name),
                "reference_file": .text(metrics.referenceFile ?? metrics.name),
            ])
        }
        let means = result.classes.map { structure in (structure, Self.mean(result.cases.compactMap { $0.classes[structure.key] })) }
        let foreground = Self.names.map { name in (name, Self.plainMean(means.map { $0.1[name] ?? .nan })) }
        let document = Value.object([
            "foreground_mean": .object(foreground.reduce(into: [:]) { $0[$1.0] = .number($1.1) }),
            "mean": .object(means.reduce(into: [:]) { $0[$1.0.nnUNetKey] = .object($1.1.mapValues(Value.number)) }),
            "metric_per_case": .array(rows),
        ])
        return document.text(indent: 0) + "\n"
    }

    /// Writes the file, replacing one that is there.
    public func write(to url: URL) throws { try AtomicFile.write(Data(text.utf8), to: url) }

    private static let names = ["Dice", "FN", "FP", "IoU", "TN", "TP", "n_pred", "n_ref"]

    /// The figures of one case: ratios as numbers, counts as whole numbers.
    private func perClass(_ metrics: CaseMetrics) -> [String: Value] {
        result.classes.reduce(into: [:]) { entries, structure in
            guard let figures = metrics.classes[structure.key] else { return }
            var values: [String: Value] = [:]
            for (name, number) in Self.numbers(figures) {
                values[name] = ["Dice", "IoU"].contains(name) ? .number(number) : .count(Int(clampingRounded: number) ?? 0)
            }
            entries[structure.nnUNetKey] = .object(values)
        }
    }

    private static func numbers(_ metrics: ClassMetrics) -> [String: Double] {
        let counts = metrics.counts
        return [
            "Dice": counts.dice ?? .nan, "IoU": counts.jaccard ?? .nan, "TP": Double(counts.truePositives),
            "FP": Double(counts.falsePositives), "FN": Double(counts.falseNegatives), "TN": Double(counts.trueNegatives),
            "n_pred": Double(counts.predicted), "n_ref": Double(counts.referenced),
        ]
    }

    /// Means over the cases, NaN left out.
    private static func mean(_ metrics: [ClassMetrics]) -> [String: Double] {
        let rows = metrics.map(numbers)
        return names.reduce(into: [:]) { means, name in
            means[name] = plainMean(rows.compactMap { $0[name] }.filter { !$0.isNaN })
        }
    }

    private static func plainMean(_ values: [Double]) -> Double {
        values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
    }

    /// JSON with NaN, sorted and indented as Python's `json.dump(…, indent=4, sort_keys=True)` prints it.
    private indirect enum Value {
        case number(Double), count(Int), text(String), array([Value]), object([String: Value])

        func text(indent: Int) -> String {
            let (inner, outer) = (String(repeating: " ", count: indent + 4), String(repeating: " ", count: indent))
            switch self {
            case .number(let value): return value.isNaN ? "NaN" : "\(value)"
            case .count(let value): return String(value)
            case .text(let text): return Self.quoted(text)
            case .array(let values):
                if values.isEmpty { return "[]" }
                return "[\n" + values.map { inner + $0.text(indent: indent + 4) }.joined(separator: ",\n") + "\n\(outer)]"
            case .object(let entries):
                if entries.isEmpty { return "{}" }
                let lines = entries.sorted { $0.key < $1.key }.map { "\(inner)\(Self.quoted($0.key)): \($0.value.text(indent: indent + 4))" }
                return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
            }
        }

        private static func quoted(_ text: String) -> String {
            let data = try? JSONSerialization.data(withJSONObject: text, options: [.fragmentsAllowed, .withoutEscapingSlashes])
            return data.flatMap { String(data: $0, encoding: .utf8) } ?? "\"\""
        }
    }
}
