import Foundation
import UNETRVolumes

/// How the masks of 8 bits compare with those of float32, structure by structure.
public struct QuantizationReport: Codable, Equatable, Sendable {
    /// The figures of one structure over the scans in which either mask has it.
    public struct Structure: Codable, Equatable, Sendable {
        public var name: String
        /// Scans that count.
        public var scans: Int
        /// Of the 8-bit mask against that of float32; nil if no scan counts.
        public var meanDice, lowestDice: Double?
        /// 95th percentile of the distances between the two surfaces, in mm. A structure that only one of the masks has counts as far off
        /// as the scan is large.
        public var meanHD95, largestHD95: Double?

        init(_ name: String, _ figures: [(dice: Double, hd95: Double)]) {
            self.name = name
            scans = figures.count
            guard scans > 0 else { return }
            let dices = figures.map(\.dice), distances = figures.map(\.hd95)
            (meanDice, lowestDice) = (dices.reduce(0, +) / Double(scans), dices.min())
            (meanHD95, largestHD95) = (distances.reduce(0, +) / Double(scans), distances.max())
        }
    }

    public var structures: [Structure]
    /// Mean Dice over all structures of all scans that count; nil if none does.
    public var agreement: Double?
    /// Seconds that the network needs for a patch.
    public var secondsInFloat32, secondsInEightBits: Double

    /// - Parameter figures: by structure, in the order of `names`.
    init(_ names: [String], _ figures: [[(dice: Double, hd95: Double)]], secondsInFloat32: Double, secondsInEightBits: Double) {
        structures = zip(names, figures).map { Structure($0, $1) }
        let all = figures.joined().map(\.dice)
        agreement = all.isEmpty ? nil : all.reduce(0, +) / Double(all.count)
        self.secondsInFloat32 = secondsInFloat32
        self.secondsInEightBits = secondsInEightBits
    }

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
