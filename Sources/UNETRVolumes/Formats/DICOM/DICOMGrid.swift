import Foundation
import UNETRSupport

/// The slices of a series put in order, and the grid they make.
///
/// Only positions and orientations count: not names, numbers, SliceLocation, SliceThickness or SpacingBetweenSlices (PS3.3, C.7.6.2.1.1).
struct DICOMGrid: Sendable {
    /// A frame of one of the images.
    struct Slice: Equatable, Sendable {
        var image: Int
        var frame: Int
    }

    /// By ascending position along the normal.
    var slices: [Slice]
    /// Of the volume as it is read.
    var geometry: Geometry
    /// How tilted slices are made straight; nil where they are.
    var shear: DICOMShear?

    /// How far a slice may lie from where even spacing puts it: this part of the spacing, or so many mm where that is more.
    static let unevenness = (part: 0.01, millimeters: 0.02)
    /// How far the last slice may be pushed sideways, as a part of its distance from the first: 0.3 degrees.
    static let drift = 0.005
    /// How far corners of slices may lie from where the first slice's orientation puts them, in pixels.
    static let turn = 0.1
    /// Slices closer than this part of the usual distance lie at one position.
    private static let nearness = 0.01

    /// - Parameter straightens: whether slices that are pushed sideways are taken, and made straight as they are read.
    /// - Throws: `DICOMProblem` for images that are no even stack of slices.
    init(_ images: [DICOMImage], straightens: Bool = false) throws(DICOMProblem) {
        let slices = images.indices.flatMap { image in images[image].frames.indices.map { Slice(image: image, frame: $0) } }
        func frame(_ slice: Slice) -> DICOMFrame { images[slice.image].frames[slice.frame] }
        let first = images[0], firstFrame = first.frames[0], normal = firstFrame.normal
        for image in images where image.pixels.rows != first.pixels.rows || image.pixels.columns != first.pixels.columns {
            throw .sizesDiffer(
                file: image.file.name, found: [image.pixels.columns, image.pixels.rows], other: first.file.name,
                expected: [first.pixels.columns, first.pixels.rows])
        }
        for slice in slices where Self.isTurned(frame(slice), from: firstFrame, first.pixels) {
            throw .orientationsDiffer(file: Self.name(slice, images), other: Self.name(slices[0], images))
        }
        // The same order on every machine: two slices at one place stay in the order of their names.
        let places = slices.map { (frame($0).position * normal).sum() }
        let order = slices.indices.sorted { (places[$0], $0) < (places[$1], $1) }
        self.slices = order.map { slices[$0] }
        let sorted = order.map { places[$0] }, positions = self.slices.map { frame($0).position }
        guard slices.count > 1 else {
            let thickness = firstFrame.thickness.flatMap { Geometry.spacingRange.contains($0) ? $0 : nil } ?? 1
            geometry = Self.geometry(firstFrame, first.pixels, count: 1, step: normal * thickness, origin: positions[0])
            return
        }
        let names = { [sliceList = self.slices] (index: Int) in Self.name(sliceList[index], images) }
        try Self.check(sorted, names)
        let tilt = try Self.tilt(positions, normal, pixel: min(firstFrame.rowStep, firstFrame.columnStep), names)
        if let tilt {
            let frame = frame(self.slices[0]), across = normal * ((sorted[sorted.count - 1] - sorted[0]) / Double(slices.count - 1))
            let pushes = positions.map { position in
                let push = position - positions[0]
                return SIMD2((push * frame.row).sum() / frame.rowStep, (push * frame.column).sum() / frame.columnStep)
            }
            guard straightens, tilt <= DICOMShear.steepest,
                let shear = DICOMShear(columns: first.pixels.columns, rows: first.pixels.rows, degrees: tilt, pushes: pushes)
            else { throw .tilt(degrees: tilt) }
            let origin = positions[0] + frame.row * (frame.rowStep * shear.start.x) + frame.column * (frame.columnStep * shear.start.y)
            geometry = Self.geometry(frame, first.pixels, count: slices.count, step: across, origin: origin, size: (shear.width, shear.height))
            self.shear = shear
            return
        }
        let step = (positions[positions.count - 1] - positions[0]) / Double(positions.count - 1)
        geometry = Self.geometry(frame(self.slices[0]), first.pixels, count: slices.count, step: step, origin: positions[0])
    }

    /// The file of a slice, and its frame where the file has several.
    private static func name(_ slice: Slice, _ images: [DICOMImage]) -> String {
        let image = images[slice.image], file = image.file.name
        guard image.pixels.frames > 1 else { return file.isEmpty ? "the slice" : file }
        let frame = "frame \(image.numbers[slice.frame] + 1)"
        return file.isEmpty ? frame : "\(file), \(frame)"
    }

    /// Compares where the far corners lie, which is what a difference of directions or spacings does to pixels.
    private static func isTurned(_ frame: DICOMFrame, from first: DICOMFrame, _ pixels: DICOMPixels) -> Bool {
        let alongRow = (frame.row * frame.rowStep - first.row * first.rowStep) * Double(pixels.columns)
        let downColumn = (frame.column * frame.columnStep - first.column * first.columnStep) * Double(pixels.rows)
        let most = turn * min(first.rowStep, first.columnStep)
        return DICOMFrame.length(alongRow) > most || DICOMFrame.length(downColumn) > most
    }

    /// Distances along the normal: none twice, none missing, all the same.
    private static func check(_ places: [Double], _ name: (Int) -> String) throws(DICOMProblem) {
        let gaps = zip(places.dropFirst(), places).map { $0 - $1 }
        let apart = gaps.filter { $0 > 1e-3 }.sorted()
        let usual = apart.isEmpty ? 0 : apart[apart.count / 2]
        if let same = gaps.firstIndex(where: { $0 <= max(nearness * usual, 1e-3) }) {
            throw .duplicates(file: name(same), other: name(same + 1), phases: nil, by: nil)
        }
        let spacing = (places[places.count - 1] - places[0]) / Double(gaps.count)
        let most = max(unevenness.part * spacing, unevenness.millimeters)
        guard places.indices.contains(where: { abs(places[$0] - places[0] - Double($0) * spacing) > most }) else { return }
        // Where all distances are multiples of the usual one, slices are missing; otherwise they were taken so.
        let counts = gaps.map { ($0 / usual).rounded() }
        let fits = zip(gaps, counts).allSatisfy { $1 >= 1 && abs($0 - $1 * usual) <= 2 * max(unevenness.part * usual, unevenness.millimeters) }
        if fits, let gap = counts.firstIndex(where: { $0 > 1 }) {
            throw .gap(
                after: name(gap), before: name(gap + 1), missing: Int(clampingRounded: counts[gap]).map { $0 - 1 } ?? 1, distance: gaps[gap], usual: usual)
        }
        let worst = gaps.indices.max { abs(gaps[$0] - usual) < abs(gaps[$1] - usual) } ?? 0
        throw .unevenSpacing(after: name(worst), before: name(worst + 1), distance: gaps[worst], usual: usual)
    }

    /// Positions must follow a straight line; by how many degrees it leaves the normal, nil for none to speak of.
    private static func tilt(
        _ positions: [SIMD3<Double>], _ normal: SIMD3<Double>, pixel: Double, _ name: (Int) -> String
    ) throws(DICOMProblem) -> Double? {
        let last = positions.count - 1, whole = positions[last] - positions[0]
        let length = (whole * normal).sum(), sideways = whole - normal * length
        for index in positions.indices {
            let part = positions[index] - positions[0], beside = part - normal * (part * normal).sum()
            let offset = DICOMFrame.length(beside - sideways * (Double(index) / Double(last)))
            guard offset <= max(turn * pixel, unevenness.millimeters) else { throw .crooked(file: name(index), offset: offset) }
        }
        let drift = DICOMFrame.length(sideways)
        return drift <= max(Self.drift * length, unevenness.millimeters) ? nil : atan2(drift, length) * 180 / .pi
    }

    private static func geometry(
        _ frame: DICOMFrame, _ pixels: DICOMPixels, count: Int, step: SIMD3<Double>, origin: SIMD3<Double>, size: (width: Int, height: Int)? = nil
    ) -> Geometry {
        let steps = [frame.row * frame.rowStep, frame.column * frame.columnStep, step]
        func list(_ vector: SIMD3<Double>) -> [Double] { [vector.x, vector.y, vector.z] }
        return Geometry(
            sizes: [size?.width ?? pixels.columns, size?.height ?? pixels.rows, count], steps: steps.map(list), origin: list(origin),
            spacings: steps.map(DICOMFrame.length),
            flips: [true, true, false])
    }
}
