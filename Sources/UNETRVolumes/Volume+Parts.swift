import UNETRSupport

extension Volume {
    /// Where voxel [c, d, h, w] is in `voxels`.
    public func offset(channel: Int = 0, _ d: Int, _ h: Int, _ w: Int) -> Int {
        ((channel * geometry.size[0] + d) * geometry.size[1] + h) * geometry.size[2] + w
    }

    /// One channel as a volume of its own.
    public func channel(_ index: Int) -> Volume {
        precondition((0..<channels).contains(index), "channel \(index) of \(channels)")
        let count = geometry.count
        return Volume(geometry: geometry, voxels: Array(voxels[index * count..<(index + 1) * count]))
    }

    /// The part within `ranges` [D, H, W], which must lie inside the volume; its affine is that of the part.
    public func cropped(to ranges: [Range<Int>]) -> Volume {
        precondition(
            ranges.count == 3 && zip(ranges, geometry.size).allSatisfy { 0 <= $0.lowerBound && $0.upperBound <= $1 },
            "region \(ranges) of a volume of size \(geometry.size)")
        let part = geometry.region(start: Size3 { ranges[$0].lowerBound }, size: Size3 { ranges[$0].count })
        var cut: [Scalar] = []
        cut.reserveCapacity(channels * part.count)
        for channel in 0..<channels {
            for d in ranges[0] {
                for h in ranges[1] {
                    let row = offset(channel: channel, d, h, 0)
                    cut.append(contentsOf: voxels[row + ranges[2].lowerBound..<row + ranges[2].upperBound])
                }
            }
        }
        return Volume(geometry: part, channels: channels, voxels: cut)
    }

    /// Several volumes on one grid as the channels of one, in their order.
    ///
    /// - Throws: `VolumeError.channelsDiffer` if one does not lie on the grid of the first.
    public static func stacked(_ volumes: [Volume]) throws -> Volume {
        precondition(!volumes.isEmpty, "no volumes to stack")
        for (index, volume) in volumes.enumerated().dropFirst() {
            if let difference = volume.geometry.difference(from: volumes[0].geometry) {
                throw VolumeError.channelsDiffer(index: index, difference: difference)
            }
        }
        return Volume(
            geometry: volumes[0].geometry, channels: volumes.reduce(0) { $0 + $1.channels }, voxels: volumes.flatMap(\.voxels))
    }
}

extension Volume<Float> {
    /// Number of voxels that are NaN or infinite.
    public var nonFiniteCount: Int {
        voxels.withUnsafeBufferPointer { buffer in
            var count = 0
            for value in buffer where !value.isFinite { count += 1 }
            return count
        }
    }
}

extension Volume<Int16> {
    /// Number of voxels of each label that occurs, background included.
    public var labelCounts: [Int16: Int] {
        // A table for the whole range is quicker than a dictionary, voxel by voxel.
        var table = [Int](repeating: 0, count: 1 << 16)
        for label in voxels { table[Int(UInt16(bitPattern: label))] += 1 }
        var counts: [Int16: Int] = [:]
        for (pattern, count) in table.enumerated() where count > 0 { counts[Int16(bitPattern: UInt16(pattern))] = count }
        return counts
    }

    /// The volume of one label in millilitres.
    public func millilitres(of label: Int16) -> Double {
        Double(voxels.reduce(0) { $1 == label ? $0 + 1 : $0 }) * geometry.voxelMillilitres
    }
}
