import Foundation
import UNETRSupport

/// The intensities of a series, slice by slice, as little-endian float64: a few slices are in memory at a time.
final class DICOMVoxels: VoxelSource {
    let path: String
    let fileBytes: Int
    let isCompressed: Bool

    private let images: [DICOMImage]
    private let slices: [DICOMGrid.Slice]
    private let opener = DICOMFileOpener()
    /// The file that was opened last: frames of one file mostly follow each other.
    private var current: (image: Int, bytes: any DICOMBytes)?
    private var next = 0
    private var ready: [[Double]] = []
    /// Bytes of the first ready slice that were handed out.
    private var used = 0

    /// Slices that are unpacked side by side.
    private let batch = max(1, min(8, ProcessInfo.processInfo.activeProcessorCount))

    /// - Throws: `DICOMError` where a library for the pixels is not installed.
    init(path: String, images: [DICOMImage], grid: DICOMGrid) throws {
        self.path = path
        self.images = images
        slices = grid.slices
        fileBytes = images.reduce(0) { $0 + ($1.file.state?.length ?? 0) }
        isCompressed = images.contains { $0.pixels.codec != .none || $0.pixels.isDeflated }
        for (index, image) in images.enumerated() where index == 0 || image.pixels.codec != images[index - 1].pixels.codec {
            do { try image.pixels.codec.checkLibrary() } catch { throw Self.failure(error, image.file, path) }
        }
    }

    /// Whatever is compressed is compared with its size piece by piece; what is not was found to be there when the headers were read.
    func canHold(_ bytes: Int) -> Bool { true }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < buffer.count {
            if ready.isEmpty {
                guard next < slices.count else { break }
                try Cancellation.check()
                try unpack(next..<min(next + batch, slices.count))
            }
            let whole = ready[0].count * MemoryLayout<Double>.size, part = min(buffer.count - filled, whole - used)
            ready[0].withUnsafeBytes { (slice: UnsafeRawBufferPointer) in
                UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: slice[used..<used + part]))
            }
            filled += part
            used += part
            if used == whole {
                ready.removeFirst()
                used = 0
            }
        }
        return filled
    }

    func checkEnd() throws {}

    /// Reads the bytes of some slices one after the other, and makes intensities of them side by side.
    private func unpack(_ range: Range<Int>) throws {
        let path = path, images = images, slices = Array(self.slices[range])
        let stored = try slices.map(storedBytes)
        ready = try Parallel.map(slices.count) { index in
            let slice = slices[index], image = images[slice.image]
            do { return try image.intensities(of: slice.frame, stored[index]) } catch let problem as DICOMProblem {
                throw Self.failure(problem, image.file, path)
            }
        }
        next = range.upperBound
    }

    private func storedBytes(of slice: DICOMGrid.Slice) throws -> [UInt8] {
        let image = images[slice.image]
        do {
            let source = try open(slice.image), ranges = image.pixels.ranges(of: image.numbers[slice.frame])
            var bytes: [UInt8] = []
            for range in ranges {
                guard let part = try source.bytes(at: range.lowerBound, count: range.count) else { throw DICOMProblem.changed }
                if ranges.count == 1 { return part }
                bytes += part
            }
            return bytes
        } catch let problem as DICOMProblem {
            throw Self.failure(problem, image.file, path)
        }
    }

    private func open(_ index: Int) throws -> any DICOMBytes {
        if let current, current.image == index { return current.bytes }
        let image = images[index]
        let (bytes, state) = try opener.open(image.file)
        guard state == image.file.state else { throw DICOMProblem.changed }
        current = nil
        if image.pixels.isDeflated {
            // Frames may be wanted in any order, and going back in a packed stream is slow.
            current = (index, try unpacked(image, bytes))
        } else {
            current = (index, bytes)
        }
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
