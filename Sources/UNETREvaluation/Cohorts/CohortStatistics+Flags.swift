extension CohortStatistics {
    /// Something unusual about a structure of a case.
    public struct Flag: Equatable, Sendable {
        /// What is unusual.
        public enum Reason: Equatable, Sendable {
            /// The structure has no voxel, although more than half of the cases have it.
            case missing
            /// It reaches these sides of the volume, although more than half of the cases that have it do not.
            case border(sides: String)
            /// Its volume in ml is not within the usual range.
            case volume(Double, usual: UsualRange)
            /// The mean intensity in it is not within the usual range.
            case intensity(Double, usual: UsualRange)
        }

        /// The case.
        public let caseName: String
        /// Its place among the cohort's structures.
        public let structure: Int
        /// What is unusual.
        public let reason: Reason

        /// One word for it.
        public var word: String {
            switch reason {
            case .missing: "missing"
            case .border: "border"
            case .volume: "volume"
            case .intensity: "intensity"
            }
        }

        /// What is unusual about a structure in the cases.
        static func all(of structure: Int, in cases: [CaseStatistics]) -> [Flag] {
            let all = cases.map { ($0.name, $0.structures[structure]) }, present = all.filter { $0.1.voxels > 0 }
            func flags(_ cases: [(String, StructureStatistics)], _ reason: (StructureStatistics) -> Reason?) -> [Flag] {
                cases.compactMap { name, statistics in reason(statistics).map { Flag(caseName: name, structure: structure, reason: $0) } }
            }
            let volumes = UsualRange(present.map(\.1.milliliters)), intensities = UsualRange(present.compactMap(\.1.intensities?.mean))
            // What most cases have in common says nothing about one of them.
            let isUsuallyThere = present.count * 2 > all.count, isUsuallyCut = present.count { !$0.1.border.isEmpty } * 2 >= present.count
            return flags(isUsuallyThere ? all : []) { $0.voxels == 0 ? .missing : nil }
                + flags(isUsuallyCut ? [] : present) { $0.border.isEmpty ? nil : .border(sides: $0.border) }
                + flags(present) { one in
                    volumes.flatMap { $0.range.contains(one.milliliters) ? nil : .volume(one.milliliters, usual: $0) }
                }
                + flags(present) { one in
                    guard let mean = one.intensities?.mean, let intensities, !intensities.range.contains(mean) else { return nil }
                    return .intensity(mean, usual: intensities)
                }
        }
    }

    /// The rules behind the flags, as sentences.
    public static let rules = [
        "Volumes and mean intensities are unusual if they lie farther from the cohort's median than \(UsualRange.limit) robust standard deviations, "
            + "which are 1.4826 times the median absolute deviation from it. Cases without the structure do not count. Of fewer than "
            + "\(UsualRange.fewest) cases, or where more than half have the same value, nothing is said.",
        "A structure is missing if it has no voxel although more than half of the cases have it.",
        "A structure that reaches the border of the volume may be cut off there. The case is listed if fewer than half of the cases with the structure do "
            + "so. The letters are the sides in the patient: R, L, A, P, S, I. A border that was padded is not known as one.",
    ]
}
