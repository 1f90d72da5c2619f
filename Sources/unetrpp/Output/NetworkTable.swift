import Foundation
import UNETRArchitectures
import UNETRNetworks
import UNETRPictures
import UNETRSupport

/// All networks side by side: what each has, what it does, what it takes here, and what was printed about it.
struct NetworkTable: Encodable {
    struct Row: Encodable {
        var network: NetworkDescription.Architecture
        var patchSize: Size3
        var parameters: Int
        var multiplyAdds: Int
        /// One for each device, in the order of the table's `devices`.
        var measurements: [Measurement]
        var published: PublishedFigures?
    }

    /// Times and memory on one device, each figure from a process of its own.
    struct Measurement: Encodable {
        var device: String
        var forward: Figure
        var trainingStep: Figure
    }

    /// One process that did one thing.
    enum Figure: Encodable {
        case measured(BenchmarkCommand.Result)
        /// It ended without a result, such as for want of memory.
        case failed(String)

        private enum Keys: String, CodingKey { case secondsMedian, repetitions, peakMegabytes, problem }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: Keys.self)
            switch self {
            case .measured(let result):
                try values.encode(result.median, forKey: .secondsMedian)
                // What the process takes in main memory says nothing about a GPU.
                if result.device == "cpu" { try values.encode(result.peakMegabytes, forKey: .peakMegabytes) }
            case .failed(let problem): try values.encode(problem, forKey: .problem)
            }
        }

        var seconds: String {
            if case .measured(let result) = self { return String(format: result.median < 1 ? "%.3f" : "%.2f", result.median) }
            return "failed"
        }

        var megabytes: String {
            if case .measured(let result) = self, result.device == "cpu" { return String(result.peakMegabytes) }
            return "-"
        }
    }

    static let rule =
        "Multiply-adds by the rules of fvcore for one patch in evaluation, in the published code's formulation: products of "
        + "convolutions, linear layers and attention, 4 or 5 an element for normalizations, nothing for sums and activations; outputs of deep "
        + "supervision are left out (the printed figure of nnFormer has them)."

    /// The patch asked for, [D, H, W].
    var patch: Size3
    var channels: Int
    var classes: Int
    var threads: Int
    var precision: String
    var rule = Self.rule
    var rows: [Row]
    var published = PublishedFigures.all

    // MARK: Text

    var text: String {
        var parts = [
            TextTable.render(
                head: ["", "patch", "M parameters", "G multiply-adds", "printed M", "printed G", "Synapse Dice %", "BTCV Dice %"],
                rows: rows.map { row in
                    [
                        row.network.displayName, row.patchSize.text("x"), Self.scaled(row.parameters, 1e6),
                        Self.scaled(row.multiplyAdds, 1e9), Self.plain(row.published?.parameters), Self.plain(row.published?.multiplyAdds),
                        Self.percent(row.published?.synapseDice), Self.percent(row.published?.btcvDice),
                    ]
                })
        ]
        if rows.contains(where: { !$0.measurements.isEmpty }) { parts.append(measurementText) }
        parts.append("Printed: UNETR++ paper (TMI 2024), network for Synapse, 64x128x128.\n" + Self.otherFigures)
        parts.append(rule)
        return parts.joined(separator: "\n\n")
    }

    private var measurementText: String {
        let lines = rows.flatMap { row in
            row.measurements.map { measured in
                [
                    row.network.displayName, measured.device, measured.forward.seconds, measured.forward.megabytes,
                    measured.trainingStep.seconds, measured.trainingStep.megabytes,
                ]
            }
        }
        return TextTable.render(head: ["", "device", "forward s", "peak MiB", "training step s", "peak MiB"], rows: lines)
            + "\nBatch 1, \(precision), \(threads) threads. Each figure is measured in a process of its own; its peak memory is all that "
            + "the process took, libtorch and weights included. The step is forward, loss, backward, clipping, SGD with momentum."
    }

    private static var otherFigures: String {
        let others = PublishedFigures.all.filter { $0.source == .unetrSlides }.map { figures in
            "\(figures.name) \(plain(figures.parameters)) M / \(plain(figures.multiplyAdds)) G"
        }
        return "UNETR slides, each at a patch of its own: " + others.joined(separator: ", ") + "."
    }

    private static func scaled(_ value: Int, _ unit: Double) -> String {
        String(format: Double(value) < unit ? "%.4f" : "%.2f", Double(value) / unit)
    }

    private static func plain(_ value: Double?) -> String {
        value.map { String(format: $0 == ($0 * 10).rounded() / 10 ? "%.1f" : "%.2f", $0) } ?? "-"
    }

    private static func percent(_ value: Double?) -> String { value.map { String(format: "%.2f", $0) } ?? "-" }

    // MARK: Picture

    /// Printed Dice over counted multiply-adds, the bubbles' area in proportion to the parameters.
    var picture: BubbleChart {
        func bubbles(_ dice: (PublishedFigures) -> Double?) -> [BubbleChart.Bubble] {
            rows.enumerated().compactMap { index, row in
                row.published.flatMap(dice).map {
                    .init(
                        name: row.network.displayName, x: Double(row.multiplyAdds) / 1e9, y: $0, size: Double(row.parameters),
                        note: "\(Self.scaled(row.parameters, 1e6)) M", color: .distinct(index))
                }
            }
        }
        return BubbleChart(
            title: "Accuracy and cost",
            subtitle: "Dice as printed in the UNETR++ paper; multiply-adds and parameters (the bubbles' area) counted here",
            horizontalLabel: "G multiply-adds for one patch of \(patch.text(" × "))",
            panels: [
                .init(title: "Synapse, 8 organs", verticalLabel: "Dice (%)", bubbles: bubbles(\.synapseDice)),
                .init(title: "BTCV, 13 organs", verticalLabel: "Dice (%)", bubbles: bubbles(\.btcvDice)),
            ])
    }
}
