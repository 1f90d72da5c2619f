import UNETRSupport

/// What was left out when structures became labels, and what may surprise.
public enum DICOMStructureNote: Equatable, Sendable, CustomStringConvertible {
    /// Points, lines, or contours of fewer than three points, which enclose nothing.
    case skipped(structure: String, contours: Int)
    /// Contours before the first slice or behind the last.
    case outside(structure: String, contours: Int)
    /// Voxels that lie in this structure and in an earlier one, which lost them.
    case overlap(structure: String, voxels: Int)
    /// Structures without a label of their name.
    case unnamed([String])

    /// One sentence.
    public var description: String {
        switch self {
        case .skipped(let structure, let contours):
            "\(contours) contour\(contours == 1 ? "" : "s") of '\(structure)' enclose\(contours == 1 ? "s" : "") nothing and \(contours == 1 ? "was" : "were") left out."
        case .outside(let structure, let contours):
            "\(contours) contour\(contours == 1 ? " of '\(structure)' lies" : "s of '\(structure)' lie") outside the scan."
        case .overlap(let structure, let voxels): "\(voxels) voxels of '\(structure)' were taken from structures before it."
        case .unnamed(let names): "No label has the name of \(names.map { "'\($0)'" }.joined(separator: ", "))."
        }
    }
}

/// The labels that the structures of a DICOM object are on a grid.
public struct FilledStructures: Sendable {
    /// The label map, [1, D, H, W].
    public var labels: LabelMap
    /// Names, values and colors of the structures.
    public var labelSet: LabelSet
    /// What was left out, and what may surprise.
    public var notes: [DICOMStructureNote]
}

extension DICOMStructureSet {
    /// How far a contour may lie from a slice: this part of the distance of slices, or so many mm where that is more.
    static let planeTolerance = (part: 0.01, millimeters: 0.02)

    /// The structures as labels: a voxel belongs to one whose contours its center lies within, by the even-odd rule over all contours of a
    /// slice.
    ///
    /// - Parameters:
    ///   - grid: the scan's, in RAS+ mm, one of whose axes runs across the slices on which the contours were drawn.
    ///   - wanted: the labels to use, found by the structures' names; nil numbers the structures from 1 in the file's order.
    /// - Throws: `DICOMObjectError` for contours between the slices of the grid, or where no structure has the name of a label; `MemoryError`.
    public func labels(on grid: Geometry, as wanted: LabelSet? = nil) throws -> FilledStructures {
        // Numbers of structures are the file's own affair; labels are numbered in its order.
        let found = try StructureLabels(structures.enumerated().map { ($0 + 1, $1.name, $1.color) }, as: wanted, path: path)
        var notes = found.notes
        try MemoryLimit.current.check(grid.count.multiplied(checked: 4), for: path)
        var voxels = [Int16](repeating: 0, count: grid.count)
        let axes = try GridAxes(grid, first: structures.lazy.compactMap(\.contours.first).first, path: path)
        for (structure, value) in zip(structures, found.values) {
            guard let value else { continue }
            if structure.skippedCount > 0 { notes.append(.skipped(structure: structure.name, contours: structure.skippedCount)) }
            let (slices, outside) = try bySlice(structure, axes)
            if outside > 0 { notes.append(.outside(structure: structure.name, contours: outside)) }
            var taken = 0
            for (slice, contours) in slices {
                var filling = ContourFilling(width: axes.width, height: axes.height)
                for contour in contours { filling.add(contour) }
                filling.forEachInside { index in
                    let place = axes.place(slice, index)
                    if voxels[place] != 0, voxels[place] != value { taken += 1 }
                    voxels[place] = value
                }
            }
            if taken > 0 { notes.append(.overlap(structure: structure.name, voxels: taken)) }
        }
        return FilledStructures(labels: LabelMap(geometry: grid, voxels: voxels), labelSet: found.labelSet, notes: notes)
    }

    private func bySlice(_ structure: Structure, _ axes: GridAxes) throws -> (slices: [Int: [[(i: Double, j: Double)]]], outside: Int) {
        var slices: [Int: [[(i: Double, j: Double)]]] = [:], outside = 0
        let most = max(Self.planeTolerance.part, Self.planeTolerance.millimeters / axes.distance)
        for contour in structure.contours {
            let points = contour.map(axes.index)
            let middle = points.reduce(0) { $0 + $1.across } / Double(points.count)
            guard let slice = Int(rounding: middle), slice >= 0, slice < axes.depth else {
                outside += 1
                continue
            }
            let off = points.map { abs($0.across - Double(slice)) }.max() ?? 0
            guard off <= most else {
                throw DICOMObjectError(path: path, problem: .contourOffGrid(structure: structure.name, distance: off * axes.distance))
            }
            slices[slice, default: []].append(points.map { ($0.i, $0.j) })
        }
        return (slices, outside)
    }
}

/// A grid as a stack of slices along that axis across which contours lie.
private struct GridAxes {
    var width, height, depth: Int
    /// Between slices, in mm.
    var distance: Double
    /// The file axis of a slice's rows, of its columns, and across.
    private var order: [Int]
    private var strides: [Int]
    private var inverse: [[Double]]
    private var origin: [Double]

    init(_ grid: Geometry, first contour: [SIMD3<Double>]?, path: String) throws {
        guard grid.problem == nil, let inverse = Geometry.inverse(grid.affine.prefix(3).map { Array($0.prefix(3)) }) else {
            throw DICOMObjectError(path: path, problem: .malformed(what: grid.problem ?? "the scan's axes span no volume", rule: "contours need a grid"))
        }
        self.inverse = inverse
        origin = (0..<3).map { grid.affine[$0][3] }
        let sizes = Array(grid.size.reversed())
        let all = [1, sizes[0], sizes[0] * sizes[1]]
        order = [0, 1, 2]
        (width, height, depth, distance, strides) = (sizes[0], sizes[1], sizes[2], grid.spacing[0], all)
        guard let contour else { return }
        // The axis along which the contour has the least extent.
        let points = contour.map(fileIndex)
        let extents = (0..<3).map { axis in (points.map { $0[axis] }.max() ?? 0) - (points.map { $0[axis] }.min() ?? 0) }
        guard let across = (0..<3).min(by: { extents[$0] < extents[$1] }), across != 2 else { return }
        order = (0..<3).filter { $0 != across } + [across]
        strides = order.map { all[$0] }
        (width, height, depth) = (sizes[order[0]], sizes[order[1]], sizes[order[2]])
        distance = grid.spacing[2 - across]
    }

    /// The index (i, j, k) of a position in LPS mm.
    private func fileIndex(_ point: SIMD3<Double>) -> [Double] {
        let offset = [-point.x - origin[0], -point.y - origin[1], point.z - origin[2]]
        return (0..<3).map { row in (0..<3).reduce(0) { $0 + inverse[row][$1] * offset[$1] } }
    }

    func index(_ point: SIMD3<Double>) -> (i: Double, j: Double, across: Double) {
        let index = fileIndex(point)
        return (index[order[0]], index[order[1]], index[order[2]])
    }

    /// Where the voxel `j * width + i` of a slice is among all.
    func place(_ slice: Int, _ index: Int) -> Int { slice * strides[2] + index / width * strides[1] + index % width * strides[0] }
}
