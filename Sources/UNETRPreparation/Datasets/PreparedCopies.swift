public import Foundation
import UNETRArchives

/// Prepared cases with the same voxels: one scan under several names, perhaps labeled twice.
public enum PreparedCopies {
    /// How many voxels of a case are looked at before two cases are compared whole.
    private static let probes = 256

    /// Lists of at least two cases whose prepared images are equal, each sorted, the lists by their first case.
    ///
    /// A few voxels of every case are read, and whole images only of cases that agree in these: it takes no time beside the preparation.
    /// - Parameters:
    ///   - names: cases that are prepared.
    ///   - folder: where they are.
    /// - Throws: `PreparationError.brokenCase` or the errors of the file forms.
    public static func find(among names: [String], in folder: URL) throws -> [[String]] {
        var alike: [[UInt32]: [String]] = [:]
        for name in names.sorted(by: CaseNames.isBefore) {
            alike[signature(try PreparedCaseFile(named: name, in: folder).image), default: []].append(name)
        }
        var lists: [[String]] = []
        for candidates in alike.values where candidates.count > 1 {
            var kinds: [(image: StoredArray, names: [String])] = []
            for name in candidates {
                let image = try PreparedCaseFile(named: name, in: folder).image
                if let kind = kinds.firstIndex(where: { isEqual($0.image, image) }) {
                    kinds[kind].names.append(name)
                } else {
                    kinds.append((image, [name]))
                }
            }
            lists += kinds.map(\.names).filter { $0.count > 1 }
        }
        return lists.sorted { CaseNames.isBefore($0[0], $1[0]) }
    }

    /// Shape and some voxels, as bits.
    private static func signature(_ image: StoredArray) -> [UInt32] {
        image.withUnsafeBytes { bytes in
            let count = bytes.count / 4
            return image.shape.map { UInt32(truncatingIfNeeded: $0) }
                + (0..<min(probes, count)).map { bytes.loadUnaligned(fromByteOffset: 4 * ($0 * (count / min(probes, count))), as: UInt32.self) }
        }
    }

    private static func isEqual(_ left: StoredArray, _ right: StoredArray) -> Bool {
        left.shape == right.shape
            && left.withUnsafeBytes { one in
                right.withUnsafeBytes { other in
                    one.count == other.count && (one.isEmpty || memcmp(one.baseAddress!, other.baseAddress!, one.count) == 0)
                }
            }
    }
}
