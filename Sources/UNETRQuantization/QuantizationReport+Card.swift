import Foundation
import UNETRModels

extension QuantizationReport {
    /// The figures as a section of a model's card.
    func cardSection(scans: Int, patches: Int) -> String {
        func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        func figure(_ value: Double?, _ format: String) -> String { value.map { String(format: format, $0) } ?? "–" }
        let rows = structures.map { structure in
            row([
                structure.name, "\(structure.scans)", figure(structure.meanDice, "%.4f"), figure(structure.lowestDice, "%.4f"),
                figure(structure.meanHD95, "%.2f"), figure(structure.largestHD95, "%.2f"),
            ])
        }
        return """


            ## 8 bits

            The 3×3×3 convolutions can be computed with 8-bit weights and activations; their ranges were measured on \(patches) patches of \
            \(scans) scans. On these scans, without mirroring, the masks of 8 bits against those of float32 (`unetrpp quantize`):

            | structure | scans | Dice, mean | lowest | HD95 mm, mean | largest |
            |---|---|---|---|---|---|
            \(rows.joined(separator: "\n"))

            Agreement, the mean Dice over structures and scans: \(figure(agreement, "%.4f")). \
            Seconds a patch: \(figure(secondsInFloat32, "%.4f")) in float32, \(figure(secondsInEightBits, "%.4f")) in 8 bits.

            """
    }
}
