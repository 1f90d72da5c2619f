public import Foundation
import UNETRSupport

/// A DICOM segmentation (SEG): masks of structures on frames in the patient, binary, fractional, or as label maps.
public struct DICOMSegmentation: Sendable {
    /// The segments, in the file's order.
    public let segments: [Segment]
    /// `SeriesInstanceUID` of the series that it says it was made from; it may name none.
    public let seriesUIDs: [String]

    /// One segment.
    public struct Segment: Sendable {
        /// `SegmentNumber`.
        public var number: Int
        /// `SegmentLabel`; empty where the file gives none.
        public var name: String
    }

    let path: String
    private let url: URL
    private let kind: Kind
    private let frames: [Frame]
    private let pixels: Pixels

    private enum Kind {
        case binary
        /// A voxel belongs to its segment from this value on.
        case fractional(half: Int)
        /// Values are numbers of segments.
        case labels
    }

    private struct Frame {
        /// Of its segment; nil where the pixels tell it.
        var number: Int?
        var place: DICOMFrame
    }

    private enum Pixels {
        /// Bits one behind the other, from that byte on.
        case bits(start: Int, rows: Int, columns: Int)
        case numbers(DICOMPixels)

        var size: (rows: Int, columns: Int) {
            switch self {
            case .bits(_, let rows, let columns): (rows, columns)
            case .numbers(let pixels): (pixels.rows, pixels.columns)
            }
        }
    }

    static let sopClasses: Set<String> = ["1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"]

    /// Reads what a segmentation holds, and no pixels.
    ///
    /// - Throws: `DICOMObjectError` for what is no segmentation or breaks its rules, `DICOMError` for what is no DICOM, `FileError`.
    public init(contentsOf url: URL) throws {
        path = url.path
        self.url = url
        do {
            let bytes = try FileBytes(url)
            guard let start = try DICOMStart(bytes) else { throw DICOMProblem.notDICOM(files: 1) }
            let file = try start.dataSet(bytes, keeping: .segmentation)
            guard Self.sopClasses.contains(file.text(.sopClass) ?? "") else {
                throw DICOMObjectProblem.notA(expected: "a segmentation (SEG)", found: "a DICOM object of another kind")
            }
            let text = DICOMText(file.texts(.characterSet))
            segments = try (file.sequences[.segments] ?? []).compactMap { item in
                guard let number = try item.short(.segmentNumber) else {
                    throw DICOMObjectProblem.malformed(what: "a segment has no number", rule: "every one must have it")
                }
                let name = item.values[.segmentLabel].map { text.decoded($0) ?? String(decoding: $0, as: UTF8.self) } ?? ""
                // Label maps may name their background.
                return number == 0 ? nil : Segment(number: number, name: DICOMText.fitted(name, to: .longString))
            }
            seriesUIDs = (file.sequences[.referencedSeries] ?? []).compactMap { $0.text(.seriesInstance) }
            kind = try Self.kind(file)
            pixels = try Self.pixels(file, start, bytes)
            frames = try Self.frames(file, kind)
        } catch let problem as DICOMProblem {
            throw DICOMError(path: url.path, problem: problem)
        } catch let problem as DICOMObjectProblem {
            throw DICOMObjectError(path: url.path, problem: problem)
        }
    }

    private static func kind(_ file: DICOMDataSet) throws -> Kind {
        switch file.text(.segmentationType) {
        case "BINARY": return .binary
        case "LABELMAP": return .labels
        case "FRACTIONAL": return .fractional(half: max(1, (try file.short(.greatestFraction) ?? 255) + 1) / 2)
        case let other:
            throw DICOMProblem.malformed(
                what: "\(DICOMTag.segmentationType.text) is '\((other ?? "").prefix(16))'", rule: "it must be BINARY, FRACTIONAL or LABELMAP")
        }
    }

    private static func pixels(_ file: DICOMDataSet, _ start: DICOMStart, _ bytes: any DICOMBytes) throws -> Pixels {
        guard try file.requiredShort(.bitsAllocated) == 1 else {
            let isPacked = start.syntax == .deflated
            return .numbers(try DICOMPixels(file, syntax: start.syntax, source: isPacked ? InflatedBytes(bytes, from: start.position) : bytes))
        }
        let rows = try file.requiredShort(.rows), columns = try file.requiredShort(.columns), count = try file.integer(.numberOfFrames) ?? 1
        guard rows > 0, columns > 0, count > 0 else {
            throw DICOMProblem.malformed(what: "it has \(count) frames of \(rows) × \(columns) pixels", rule: "an object has some")
        }
        guard let element = file.pixels else { throw DICOMProblem.truncated(what: "the element \(DICOMTag.pixels.text)", expected: 2, found: 0) }
        guard case .native(let range) = element.content, case .native(let encoding) = start.syntax, !encoding.isBigEndian else {
            throw DICOMProblem.unsupported(what: "compressed pixels of one bit", expected: "uncompressed ones")
        }
        let bits = [rows, columns, count].checkedProduct()
        guard let bits, (bits - 1) / 8 < range.count else {
            throw DICOMProblem.truncated(what: "the element \(DICOMTag.pixels.text)", expected: bits.map { ($0 + 7) / 8 } ?? .max, found: range.count)
        }
        return .bits(start: range.lowerBound, rows: rows, columns: columns)
    }

    private static func frames(_ file: DICOMDataSet, _ kind: Kind) throws -> [Frame] {
        let shared = file.sequences[.sharedGroups] ?? [], own = file.sequences[.frameGroups] ?? []
        let places = try DICOMFrame.all(file, count: file.integer(.numberOfFrames) ?? 1)
        return try places.enumerated().map { index, place in
            if case .labels = kind { return Frame(number: nil, place: place) }
            let groups = (own.indices.contains(index) ? [own[index]] : []) + shared
            guard let number = try groups.lazy.compactMap({ $0.item(.segmentIdentification) }).first?.short(.referencedSegment) else {
                throw DICOMProblem.malformed(what: "frame \(index + 1) names no segment", rule: "every one must")
            }
            return Frame(number: number, place: place)
        }
    }

    // MARK: Labels

    /// The segments as labels.
    ///
    /// - Parameters:
    ///   - grid: the scan's, in RAS+ mm, among whose voxels those of the frames must be.
    ///   - wanted: the labels to use, found by the segments' names; nil: each segment becomes the label of its number.
    /// - Throws: `DICOMObjectError` for frames that do not lie on the grid, or where no segment has the name of a label; `DICOMError`, `FileError`,
    ///   `MemoryError`.
    public func labels(on grid: Geometry, as wanted: LabelSet? = nil) throws -> FilledStructures {
        let found = try StructureLabels(segments.map { ($0.number, $0.name, nil) }, as: wanted, path: path)
        let names = Dictionary(segments.map { ($0.number, $0.name) }) { first, _ in first }
        let values = Dictionary(zip(segments.map(\.number), found.values)) { first, _ in first }
        try MemoryLimit.current.check(grid.count.multiplied(checked: 4), for: path)
        var voxels = [Int16](repeating: 0, count: grid.count), taken: [Int: Int] = [:]
        let source = try source()
        for (index, frame) in frames.enumerated() {
            try Cancellation.check()
            let number = frame.number
            // Also a frame whose segment nobody wants must not stand for another.
            if let number, (values[number] ?? nil) == nil { continue }
            let steps = try steps(frame.place, on: grid)
            try forEachPixel(of: index, source) { pixel, stored in
                let segment = number ?? stored
                guard stored > 0, let value = values[segment] ?? nil else { return }
                let place = steps.start + pixel / pixels.size.columns * steps.down + pixel % pixels.size.columns * steps.along
                if voxels[place] != 0, voxels[place] != value { taken[segment, default: 0] += 1 }
                voxels[place] = value
            }
        }
        let notes = found.notes + taken.sorted { $0.key < $1.key }.map { .overlap(structure: names[$0.key] ?? "", voxels: $0.value) }
        return FilledStructures(labels: LabelMap(geometry: grid, voxels: voxels), labelSet: found.labelSet, notes: notes)
    }

    /// The bytes of the data set; frames are read from the first to the last, which an unpacking source likes.
    private func source() throws -> any DICOMBytes {
        let bytes = try FileBytes(url)
        guard case .numbers(let pixels) = pixels, pixels.isDeflated else { return bytes }
        guard let start = try DICOMStart(bytes) else { throw DICOMError(path: path, problem: .changed) }
        return InflatedBytes(bytes, from: start.position)
    }

    /// Calls `body` with each pixel of a frame: whether it belongs to the frame's segment, as 0 or 1, or the number of its segment.
    private func forEachPixel(of index: Int, _ bytes: any DICOMBytes, _ body: (Int, Int) -> Void) throws {
        let count = pixels.size.rows * pixels.size.columns
        do {
            switch pixels {
            case .bits(let start, _, _):
                let first = index * count, last = first + count - 1
                guard let part = try bytes.bytes(at: start + first / 8, count: last / 8 - first / 8 + 1) else { throw DICOMProblem.changed }
                for pixel in 0..<count where part[(first + pixel) / 8 - first / 8] >> UInt8((first + pixel) % 8) & 1 == 1 { body(pixel, 1) }
            case .numbers(let pixels):
                let values = try numbers(of: index, pixels, bytes)
                for pixel in 0..<count {
                    let value = Int(clampingRounded: values[pixel]) ?? 0
                    if case .fractional(let half) = kind { body(pixel, value >= half ? 1 : 0) } else { body(pixel, value) }
                }
            }
        } catch let problem as DICOMProblem {
            throw DICOMError(path: path, problem: problem)
        }
    }

    private func numbers(of frame: Int, _ pixels: DICOMPixels, _ source: any DICOMBytes) throws -> [Double] {
        var stored: [UInt8] = []
        for range in pixels.ranges(of: frame) {
            guard let part = try source.bytes(at: range.lowerBound, count: range.count) else { throw DICOMProblem.changed }
            stored += part
        }
        stored = try pixels.codec.unpack(stored, pixels, frame: frame)
        guard stored.count >= pixels.bytesPerFrame else {
            throw DICOMProblem.truncated(what: "the pixels of frame \(frame + 1)", expected: pixels.bytesPerFrame, found: stored.count)
        }
        return [Double](unsafeUninitializedCapacity: pixels.pixelsPerFrame) { values, count in
            stored.withUnsafeBytes { pixels.makeIntensities($0, slope: 1, intercept: 0, into: values.baseAddress!) }
            count = pixels.pixelsPerFrame
        }
    }

    /// Where a frame's first pixel lies among the voxels of the grid, and how far it is from one to the next along a row and down a column.
    private func steps(_ frame: DICOMFrame, on grid: Geometry) throws -> (start: Int, along: Int, down: Int) {
        func fail(_ difference: String) -> DICOMObjectError { DICOMObjectError(path: path, problem: .framesOffGrid(difference: difference)) }
        func index(_ point: SIMD3<Double>) throws -> SIMD3<Double> {
            guard let found = grid.index(x: -point.x, y: -point.y, z: point.z) else { throw fail("the scan's axes span no volume") }
            return SIMD3(found.i, found.j, found.k)
        }
        let (rows, columns) = pixels.size, sizes = Array(grid.size.reversed()), strides = [1, sizes[0], sizes[0] * sizes[1]]
        let corner = try index(frame.position)
        let ends = [
            try index(frame.position + frame.row * (frame.rowStep * Double(columns - 1))),
            try index(frame.position + frame.column * (frame.columnStep * Double(rows - 1))),
        ]
        func whole(_ point: SIMD3<Double>) throws -> [Int] {
            try (0..<3).map { axis in
                guard let number = Int(rounding: point[axis]), (0..<sizes[axis]).contains(number), abs(point[axis] - Double(number)) <= Self.tolerance else {
                    let place = (0..<3).map { (point[$0] * 100).rounded() / 100 }
                    throw fail("a frame's corner lies at voxel \(place) of \(sizes)")
                }
                return number
            }
        }
        let first = try whole(corner)
        // From corner to corner along one axis of the grid, a voxel each pixel.
        let steps = try zip(ends, [columns, rows]).map { (end: SIMD3<Double>, count: Int) throws -> Int in
            let last = try whole(end), moved = (0..<3).filter { last[$0] != first[$0] }
            guard count > 1 else { return 0 }
            guard moved.count == 1, abs(last[moved[0]] - first[moved[0]]) == count - 1 else { throw fail("its pixels are of another size or direction") }
            return last[moved[0]] > first[moved[0]] ? strides[moved[0]] : -strides[moved[0]]
        }
        let start = (0..<3).reduce(0) { $0 + first[$1] * strides[$1] }
        return (start, steps[0], steps[1])
    }

    /// How far corners of frames may lie from voxels of the grid, in voxels.
    private static let tolerance = 0.05
}
