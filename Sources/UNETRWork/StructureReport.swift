public import UNETRVolumes

/// How large the structures of a mask are, and where they lie.
public struct StructureReport: Codable, Equatable, Sendable {
    /// A structure.
    public struct Structure: Codable, Equatable, Sendable {
        /// Its value in the mask; of a region the value of the voxels that belong to no smaller one.
        public var value: Int
        /// Its name.
        public var name: String
        /// As "#rrggbb".
        public var color: String
        /// How many voxels it has.
        public var voxels: Int
        /// Its volume in ml.
        public var milliliters: Double
        /// The voxel [x, y, z] of the structure that is nearest to its center of mass; nil where it has none.
        public var center: [Int]?
        /// Its first and its last voxel along [x, y, z]; nil where it has none.
        public var boundingBox: [[Int]]?
    }

    /// The structures, in the order of the labels.
    public var structures: [Structure]

    /// Measures the structures of a mask.
    public init(_ mask: LabelMap, labels: LabelSet) {
        let extents = LabelExtents(mask)
        structures = labels.described.map { label in
            let whole = extents.extent(of: label.values)
            return Structure(
                value: label.value, name: label.name, color: label.color, voxels: whole?.count ?? 0,
                milliliters: Double(whole?.count ?? 0) * mask.geometry.voxelMillilitres,
                center: whole.flatMap { Self.nearest(to: $0.center, values: Set(label.values), of: mask, within: $0) },
                boundingBox: whole.map { [$0.first, $0.last] })
        }
    }

    /// The voxel with one of the values that is nearest to a place, in mm.
    private static func nearest(to center: [Double], values: Set<Int>, of mask: LabelMap, within extent: LabelExtent) -> [Int]? {
        let wanted = (0..<(1 << 16)).map { values.contains(Int(Int16(bitPattern: UInt16($0)))) }
        let size = mask.geometry.size, step = mask.geometry.spacing.reversed().map { $0 * $0 }
        func isPart(_ x: Int, _ y: Int, _ z: Int) -> Bool { wanted[Int(UInt16(bitPattern: mask.voxels[(z * size[1] + y) * size[2] + x]))] }
        let middle = center.map { Int($0.rounded()) }
        if isPart(middle[0], middle[1], middle[2]) { return middle }
        var best: (distance: Double, voxel: [Int])?
        for z in extent.first[2]...extent.last[2] {
            for y in extent.first[1]...extent.last[1] {
                for x in extent.first[0]...extent.last[0] where isPart(x, y, z) {
                    let (a, b, c) = (Double(x) - center[0], Double(y) - center[1], Double(z) - center[2])
                    let distance = a * a * step[0] + b * b * step[1] + c * c * step[2]
                    if distance < best?.distance ?? .infinity { best = (distance, [x, y, z]) }
                }
            }
        }
        return best?.voxel
    }
}

extension LabelSet {
    /// The structures with the value each has in masks and a color, chosen where there is none.
    package var described: [(value: Int, values: [Int], name: String, color: String)] {
        let written = hasRegions ? outputValues : foreground.map { $0.values.first ?? 0 }
        return zip(foreground, written).map { label, value in
            (value, label.values, label.name, (label.color.flatMap { SegmentColor($0) } ?? SegmentColor(label: value)).text)
        }
    }

    /// The structures as those are told who choose a model.
    public var descriptions: [ModelDescription.Label] { described.map { .init(value: $0.value, values: $0.values, name: $0.name, color: $0.color) } }
}
