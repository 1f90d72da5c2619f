import UNETRSupport
import UNETRVolumes

/// How large a structure of a mask is, where it lies, and how bright the scan is there.
public struct StructureStatistics: Codable, Equatable, Sendable {
    /// Its name; that of a label nobody names is its number.
    public var name: String
    /// Its value in the mask, or the values of a region joined by "+".
    public var key: String
    /// How many voxels it has.
    public var voxels = 0
    /// Its volume in ml.
    public var milliliters = 0.0
    /// The sides of the volume that it reaches, as letters of the directions in the patient (R, L, A, P, S, I): there it may be cut off. Across an axis of
    /// one voxel there is no side.
    public var border = ""
    /// In how many parts it lies that touch nowhere, not even at a corner.
    public var components = 0
    /// Voxels of the largest of these parts.
    public var largestComponent = 0
    /// Its center of mass [x, y, z] in RAS+ mm; nil where it has no voxel. It may lie outside the structure.
    public var centroid: [Double]?
    /// The first and the last voxel [i, j, k] of the box around it; nil where it has no voxel.
    public var boundingBox: [[Int]]?
    /// The lowest and the highest corner [x, y, z] in RAS+ mm that the outer faces of that box reach; nil where it has no voxel.
    public var boundingBoxMillimeters: [[Double]]?
    /// The scan's intensities in it; nil without a scan, and where no voxel of it has a finite one.
    public var intensities: Intensities?

    /// Intensities of a scan in the voxels of a structure.
    public struct Intensities: Codable, Equatable, Sendable {
        /// Arithmetic mean.
        public var mean: Double
        /// With n − 1 in the denominator; nil of one voxel.
        public var standardDeviation: Double?
        /// Interpolated linearly, as the other percentiles.
        public var percentile5: Double
        /// The 50th percentile.
        public var median: Double
        /// The 95th percentile.
        public var percentile95: Double
        /// Voxels that are left out because their intensity is not a finite number.
        public var leftOut: Int

        /// nil where no value is finite.
        init?(_ values: [Float]) {
            var finite = values.filter(\.isFinite)
            guard !finite.isEmpty else { return nil }
            leftOut = values.count - finite.count
            let center = finite.reduce(0.0) { $0 + Double($1) } / Double(finite.count)
            let squares = finite.reduce(0.0) { $0 + (Double($1) - center) * (Double($1) - center) }
            mean = center
            standardDeviation = finite.count < 2 ? nil : (squares / Double(finite.count - 1)).squareRoot()
            percentile5 = Quantiles.linear(reordering: &finite, 0.05)!
            median = Quantiles.linear(reordering: &finite, 0.5)!
            percentile95 = Quantiles.linear(reordering: &finite, 0.95)!
        }
    }

    /// A structure without voxels.
    init(name: String, key: String) { (self.name, self.key) = (name, key) }

    /// Measures a structure.
    ///
    /// - Parameters:
    ///   - scan: the scan's intensities on the mask's grid, [D, H, W]; nil: none.
    init(_ label: LabelDefinition, _ extents: LabelExtents, _ mask: LabelMap, scan: ArraySlice<Float>?) {
        self.init(name: label.name, key: label.key)
        guard let extent = extents.extent(of: label.values) else { return }
        let geometry = mask.geometry, (first, last, center) = (extent.first, extent.last, extent.center)
        voxels = extent.count
        milliliters = Double(voxels) * geometry.voxelMillilitres
        border = Self.border(geometry, first, last)
        let place = geometry.position(i: center[0], j: center[1], k: center[2])
        centroid = [place.x, place.y, place.z]
        boundingBox = [first, last]
        boundingBoxMillimeters = Self.box(geometry, first, last)
        let part = Part(label, extent, mask, scan)
        let components = part.inside.withUnsafeBufferPointer { RunComponents($0.baseAddress!, size: part.size, connectivity: .corners) }
        (self.components, largestComponent) = (components.count, components.voxelCounts.max() ?? 0)
        intensities = scan == nil ? nil : Intensities(part.intensities)
    }

    private static func border(_ geometry: Geometry, _ first: [Int], _ last: [Int]) -> String {
        let sizes = Array(geometry.size.reversed()), directions = geometry.directions ?? []
        var sides: [AnatomicalDirection] = []
        for (axis, direction) in directions.enumerated() where sizes[axis] > 1 {
            if first[axis] == 0 { sides.append(direction.opposite) }
            if last[axis] == sizes[axis] - 1 { sides.append(direction) }
        }
        return String(AnatomicalDirection.allCases.filter(sides.contains).map(\.rawValue))
    }

    private static func box(_ geometry: Geometry, _ first: [Int], _ last: [Int]) -> [[Double]] {
        let ends = (0..<3).map { [Double(first[$0]) - 0.5, Double(last[$0]) + 0.5] }
        let corners = (0..<8).map { corner in
            let place = geometry.position(i: ends[0][corner & 1], j: ends[1][corner >> 1 & 1], k: ends[2][corner >> 2])
            return [place.x, place.y, place.z]
        }
        func reach(_ choose: (Double, Double) -> Double) -> [Double] { corners.dropFirst().reduce(corners[0]) { zip($0, $1).map(choose) } }
        return [reach(min), reach(max)]
    }
}

/// The box around a structure: which voxels belong to it, and what the scan shows there.
private struct Part {
    /// [D, H, W]
    let size: Size3
    /// 1 for each voxel of the structure, else 0.
    private(set) var inside: [UInt8]
    /// One for each voxel of the structure; empty without a scan.
    private(set) var intensities: [Float] = []

    init(_ label: LabelDefinition, _ extent: LabelExtent, _ mask: LabelMap, _ scan: ArraySlice<Float>?) {
        let (first, last) = (extent.first, extent.last), whole = mask.geometry.size
        size = Size3 { last[2 - $0] - first[2 - $0] + 1 }
        inside = []
        inside.reserveCapacity(size.voxels)
        if scan != nil { intensities.reserveCapacity(extent.count) }
        var wanted = [Bool](repeating: false, count: 1 << 16)
        for value in label.labels { wanted[Int(UInt16(bitPattern: value))] = true }
        for z in first[2]...last[2] {
            for y in first[1]...last[1] {
                let row = (z * whole[1] + y) * whole[2]
                for voxel in row + first[0]...row + last[0] {
                    let isInside = wanted[Int(UInt16(bitPattern: mask.voxels[voxel]))]
                    inside.append(isInside ? 1 : 0)
                    if isInside, let scan { intensities.append(scan[scan.startIndex + voxel]) }
                }
            }
        }
    }
}
