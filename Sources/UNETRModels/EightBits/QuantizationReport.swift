import Foundation
import UNETRVolumes

/// How the masks of 8 bits compare with those of float32, structure by structure.
public struct QuantizationReport: Codable, Equatable, Sendable {
    /// The figures of one structure over the scans in which either mask has it.
    public struct Structure: Codable, Equatable, Sendable {
        /// The structure.
        public var name: String
        /// Scans that count.
        public var scans: Int
        /// Of the 8-bit mask against that of float32; nil if no scan counts.
        public var meanDice, lowestDice: Double?
        /// 95th percentile of the distances between the two surfaces, in mm. A structure that only one of the masks has counts as far off
        /// as the scan is large.
        public var meanHD95, largestHD95: Double?

        package init(_ name: String, _ figures: [(dice: Double, hd95: Double)]) {
            self.name = name
            scans = figures.count
            guard scans > 0 else { return }
            let dices = figures.map(\.dice), distances = figures.map(\.hd95)
            (meanDice, lowestDice) = (dices.reduce(0, +) / Double(scans), dices.min())
            (meanHD95, largestHD95) = (distances.reduce(0, +) / Double(scans), distances.max())
        }
    }

    /// Agreement for each structure.
    public var structures: [Structure]
    /// Mean Dice over all structures of all scans that count; nil if none does.
    public var agreement: Double?
    /// Seconds that the network needs for a patch.
    public var secondsInFloat32, secondsInEightBits: Double

    /// - Parameter figures: by structure, in the order of `names`.
    package init(_ names: [String], _ figures: [[(dice: Double, hd95: Double)]], secondsInFloat32: Double, secondsInEightBits: Double) {
        structures = zip(names, figures).map { Structure($0, $1) }
        let all = figures.joined().map(\.dice)
        agreement = all.isEmpty ? nil : all.reduce(0, +) / Double(all.count)
        self.secondsInFloat32 = secondsInFloat32
        self.secondsInEightBits = secondsInEightBits
    }
}
