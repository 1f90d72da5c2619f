public import UNETRPlanning
public import UNETRSupport
public import UNETRVolumes

/// Removal of all but the largest connected part of a structure.
public enum ConnectedComponents {
    /// What a removal did, in voxels times `voxelVolume`.
    public struct Outcome: Equatable, Sendable {
        /// Size of the largest part that was removed; nil when nothing was.
        public var largestRemoved: Double?

        /// Size of the largest part; nil when the structure is absent.
        public var kept: Double?
    }

    /// Sets to 0 every voxel with one of `values` that does not belong to the largest connected part of them.
    ///
    /// Parts of equal size, if largest, all stay. The values together are one structure.
    /// - Parameters:
    ///   - labels: a label map [D, H, W] of the given size.
    ///   - minimumSize: smaller parts are removed only if their size is below this; nil: always.
    ///   - voxelVolume: what sizes are counted in, such as mm³ a voxel.
    ///   - values: the labels that are treated as one structure.
    ///   - size: voxels along each axis.
    ///   - connectivity: which voxels belong together.
    @discardableResult
    public static func keepLargest(
        of values: [Int], in labels: inout [Int16], size: Size3, connectivity: Connectivity = .faces, minimumSize: Double? = nil,
        voxelVolume: Double = 1
    ) -> Outcome {
        precondition(labels.count == size.voxels, "\(labels.count) labels for \(size)")
        let wanted = Set(values.map { Int16(truncatingIfNeeded: $0) })
        let mask = mask(of: wanted, in: labels)
        return mask.withUnsafeBufferPointer { mask in
            guard let base = mask.baseAddress else { return Outcome() }
            let parts = RunComponents(base, size: size, connectivity: connectivity)
            let counts = parts.voxelCounts
            guard let largest = counts.max() else { return Outcome() }
            let isRemoved = counts.map { count in
                count < largest && (minimumSize.map { Double(count) * voxelVolume < $0 } ?? true)
            }
            let width = size.width
            labels.withUnsafeMutableBufferPointer { labels in
                parts.forEachRun { row, run, part in
                    guard isRemoved[part] else { return }
                    for x in run.start..<run.end { labels[row * width + Int(x)] = 0 }
                }
            }
            let removed = zip(counts, isRemoved).filter(\.1).map(\.0).max()
            return Outcome(largestRemoved: removed.map { Double($0) * voxelVolume }, kept: Double(largest) * voxelVolume)
        }
    }

    private static func mask(of wanted: Set<Int16>, in labels: [Int16]) -> [UInt8] {
        var isWanted = [UInt8](repeating: 0, count: 1 << 16)
        for value in wanted { isWanted[Int(UInt16(bitPattern: value))] = 1 }
        return [UInt8](unsafeUninitializedCapacity: labels.count) { mask, initialized in
            labels.withUnsafeBufferPointer { labels in
                isWanted.withUnsafeBufferPointer { isWanted in
                    var index = 0
                    while index < labels.count { mask[index] = isWanted[Int(UInt16(bitPattern: labels[index]))]; index &+= 1 }
                }
            }
            initialized = labels.count
        }
    }
}

extension PostProcessing {
    /// Cleans a predicted label map.
    public func apply(to labels: inout [Int16], size: Size3) {
        for values in keepLargest { ConnectedComponents.keepLargest(of: values, in: &labels, size: size, connectivity: connectivity) }
    }
}
