import Foundation
import UNETRSupport

/// The intensities of a series, slice by slice, as little-endian float64: a few slices are in memory at a time.
final class DICOMVoxels: SliceSource {
    let path: String
    let fileBytes: Int
    let isCompressed: Bool

    private let images: [DICOMImage]
    private let slices: [DICOMGrid.Slice]
    private let shear: DICOMShear?
    private let voxelsPerSlice: Int
    /// Whether each slice can be read by itself: a file, or a part of one.
    private let standAlone: Bool
    private let opener = DICOMFileOpener()
    /// The file that was opened last: frames of one file mostly follow each other.
    private var current: (image: Int, bytes: any DICOMBytes)?
    private var next = 0
    /// Intensities that are made, and how many bytes of them were handed out.
    private var ready: [Double] = []
    private var used = 0

    /// Slices that are unpacked side by side.
    private let batch = max(1, min(8, ProcessInfo.processInfo.activeProcessorCount))

    /// - Throws: `DICOMError` where a library for the pixels is not installed.
    init(path: String, images: [DICOMImage], grid: DICOMGrid) throws {
        self.path = path
        self.images = images
        slices = grid.slices
        shear = grid.shear
        voxelsPerSlice = grid.geometry.size[1] * grid.geometry.size[2]
        fileBytes = images.reduce(0) { $0 + ($1.file.state?.length ?? 0) }
        isCompressed = images.contains { $0.pixels.codec != .none || $0.pixels.isDeflated }
        standAlone = images.allSatisfy { image in
            if case .file = image.file.place { !image.pixels.isDeflated } else { false }
        }
        for (index, image) in images.enumerated() where index == 0 || image.pixels.codec != images[index - 1].pixels.codec {
            do { try image.pixels.codec.checkLibrary() } catch { throw Self.failure(error, image.file, path) }
        }
    }

    /// Whatever is compressed is compared with its size piece by piece; what is not was found to be there when the headers were read.
    func canHold(_ bytes: Int) -> Bool { true }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < buffer.count {
            if used == ready.count * MemoryLayout<Double>.size {
                guard next < slices.count else { break }
                try Cancellation.check()
                let range = next..<min(next + batch, slices.count)
                ready = try [Double](unsafeUninitializedCapacity: range.count * voxelsPerSlice) { ready, count in
                    if let start = ready.baseAddress { try make(range, into: start) }
                    count = range.count * voxelsPerSlice
                }
                (next, used) = (range.upperBound, 0)
            }
            let part = min(buffer.count - filled, ready.count * MemoryLayout<Double>.size - used)
            ready.withUnsafeBytes { (ready: UnsafeRawBufferPointer) in
                UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: ready[used..<used + part]))
            }
            filled += part
            used += part
        }
        return filled
    }

    func checkEnd() throws {}

    func fill(_ voxels: UnsafeMutablePointer<Float>) throws {
        // What is read one after the other is in memory until it is unpacked.
        let step = standAlone ? slices.count : batch
        for start in stride(from: 0, to: slices.count, by: step) {
            try Cancellation.check()
            try make(start..<min(start + step, slices.count), into: voxels + start * voxelsPerSlice)
        }
    }

    /// Makes the intensities of some slices side by side.
    private func make<Value: BinaryFloatingPoint & Sendable>(_ range: Range<Int>, into out: UnsafeMutablePointer<Value>) throws {
        let (path, images, slices, shear, voxelsPerSlice) = (path, images, slices, shear, voxelsPerSlice)
        let stored = standAlone ? [] : try range.map { try storedBytes(of: slices[$0]) }
        nonisolated(unsafe) let out = out
        try Parallel.forEach(range.count) { index in
            let number = range.lowerBound + index, slice = slices[number], image = images[slice.image], place = out + index * voxelsPerSlice
            do {
                let bytes = try stored.isEmpty ? Self.storedBytes(of: slice, in: image, from: Self.opened(image, DICOMFileOpener())) : stored[index]
                guard let shear else { return try image.makeIntensities(of: slice.frame, bytes, into: place) }
                let tilted = UnsafeMutableBufferPointer<Double>.allocate(capacity: image.pixels.pixelsPerFrame)
                defer { tilted.deallocate() }
                try image.makeIntensities(of: slice.frame, bytes, into: tilted.baseAddress!)
                shear.straighten(UnsafeBufferPointer(tilted), at: number, into: place)
            } catch let problem as DICOMProblem {
                throw Self.failure(problem, image.file, path)
            }
        }
    }

    private static func storedBytes(of slice: DICOMGrid.Slice, in image: DICOMImage, from source: any DICOMBytes) throws -> [UInt8] {
        let ranges = image.pixels.ranges(of: image.numbers[slice.frame])
        var bytes: [UInt8] = []
        for range in ranges {
            guard let part = try source.bytes(at: range.lowerBound, count: range.count) else { throw DICOMProblem.changed }
            if ranges.count == 1 { return part }
            bytes += part
        }
        return bytes
    }

    private func storedBytes(of slice: DICOMGrid.Slice) throws -> [UInt8] {
        let image = images[slice.image]
        do { return try Self.storedBytes(of: slice, in: image, from: open(slice.image)) } catch let problem as DICOMProblem {
            throw Self.failure(problem, image.file, path)
        }
    }

    /// The file of an image, unless it is another one by now.
    private static func opened(_ image: DICOMImage, _ opener: DICOMFileOpener) throws -> any DICOMBytes {
        let (bytes, state) = try opener.open(image.file)
        guard state == image.file.state else { throw DICOMProblem.changed }
        return bytes
    }

    private func open(_ index: Int) throws -> any DICOMBytes {
        if let current, current.image == index { return current.bytes }
        let image = images[index], bytes = try Self.opened(image, opener)
        current = nil
        // Frames may be wanted in any order, and going back in a packed stream is slow.
        current = (index, image.pixels.isDeflated ? try unpacked(image, bytes) : bytes)
        return current!.bytes
    }

    private func unpacked(_ image: DICOMImage, _ bytes: any DICOMBytes) throws -> any DICOMBytes {
        guard case .evenly(let start) = image.pixels.place, let begin = try DICOMStart(bytes) else { throw DICOMProblem.changed }
        let count = image.pixels.bytesPerFrame.multiplied(checked: image.pixels.frames)
        try MemoryLimit.current.check(count, for: path)
        guard let pixels = try InflatedBytes(bytes, from: begin.position).bytes(at: start, count: count ?? 0) else { throw DICOMProblem.changed }
        return OffsetBytes(pixels, at: start)
    }

    private static func failure(_ problem: DICOMProblem, _ file: DICOMFile, _ path: String) -> DICOMError {
        DICOMError(path: path, file: file.name.isEmpty ? nil : file.name, problem: problem)
    }
}

/// A part of some bytes, kept in memory under its place in them.
private final class OffsetBytes: DICOMBytes {
    private let bytes: [UInt8]
    private let start: Int
    let count: Int?

    init(_ bytes: [UInt8], at start: Int) {
        self.bytes = bytes
        self.start = start
        count = start + bytes.count
    }

    func read(at position: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard position >= start, position < start + bytes.count else { return 0 }
        let first = position - start, part = min(buffer.count, bytes.count - first)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[first..<first + part])) }
        return part
    }
}
