import Foundation
import UNETRArchives
import UNETRSupport

/// The bytes of a data set, read at any place. Reading forward is cheap; reading back may unpack from the front again.
protocol DICOMBytes: AnyObject {
    /// How many there are; nil where they are unpacked on the way and nobody knows.
    var count: Int? { get }

    /// Fills the buffer from byte `position` on and returns how many there were, fewer than asked for only at the end.
    func read(at position: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

extension DICOMBytes {
    /// Exactly those bytes; nil where there are fewer. Memory is taken only as they come.
    func bytes(at position: Int, count wanted: Int) throws -> [UInt8]? {
        guard position >= 0, wanted >= 0 else { return nil }
        if let count {
            guard position <= count, wanted <= count - position else { return nil }
            let bytes = try [UInt8](unsafeUninitializedCapacity: wanted) { room, filled in
                filled = wanted == 0 ? 0 : try read(at: position, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(room)[..<wanted]))
            }
            return bytes.count == wanted ? bytes : nil
        }
        var bytes: [UInt8] = []
        let step = 1 << 20
        while bytes.count < wanted {
            let start = bytes.count, part = min(step, wanted - start)
            bytes.append(contentsOf: repeatElement(0, count: part))
            let got = try bytes.withUnsafeMutableBytes { try read(at: position + start, into: UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
            guard got == part else { return nil }
        }
        return bytes
    }
}

/// A file's bytes.
final class FileBytes: DICOMBytes {
    private let file: InputFile
    var count: Int? { file.size }

    /// When it was last written to, with the length a sign of whether it is still the same file.
    let changed: Int64

    init(_ url: URL) throws {
        file = try InputFile(url)
        changed = file.withDescriptor { descriptor in
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { return 0 }
            #if canImport(Darwin)
                let time = status.st_mtimespec
            #else
                let time = status.st_mtim
            #endif
            return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        }
    }

    func read(at position: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < buffer.count {
            let got = file.withDescriptor { pread($0, buffer.baseAddress! + filled, min(buffer.count - filled, 1 << 30), off_t(position + filled)) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw FileError(path: file.path, problem: "cannot be read: \(String(cString: strerror(errno)))") }
            if got == 0 { break }
            filled += got
        }
        return filled
    }
}

/// Bytes in memory.
final class MemoryBytes: DICOMBytes {
    private let stored: StoredBytes
    var count: Int? { stored.count }

    init(_ bytes: StoredBytes) { stored = bytes }

    func read(at position: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard position < stored.count else { return 0 }
        let part = min(buffer.count, stored.count - position)
        stored.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + part])) }
        return part
    }
}

/// What a stream of deflate unpacks to, as far as anybody asks.
final class InflatedBytes: DICOMBytes {
    private let packed: any DICOMBytes
    private let start: Int
    private let most: Int
    private var inflater = Inflater(.raw)
    private var position = 0
    private var input: [UInt8] = []
    private var inputStart = 0
    private var inputEnd: Int

    let count: Int? = nil

    /// - Parameter start: where the stream begins in the packed bytes.
    init(_ packed: any DICOMBytes, from start: Int) {
        self.packed = packed
        self.start = start
        inputEnd = start
        // Deflate can pack a thousand to one, so a small file could keep the reader busy for hours. No image is packed so well.
        most = max(1 << 28, (packed.count ?? 0).multiplied(checked: 200) ?? .max)
    }

    func read(at place: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if place < position { restart() }
        let spare = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { spare.deallocate() }
        while position < place {
            let part = UnsafeMutableRawBufferPointer(rebasing: spare[..<min(spare.count, place - position)])
            guard try fill(part) == part.count else { return 0 }
        }
        return try fill(buffer)
    }

    private func restart() {
        inflater = Inflater(.raw)
        (position, inputStart, inputEnd) = (0, 0, start)
        input = []
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled < buffer.count, !inflater.hasEnded {
            if inputStart == input.count {
                input = [UInt8](repeating: 0, count: 1 << 16)
                let got = try input.withUnsafeMutableBytes { try packed.read(at: inputEnd, into: $0) }
                input.removeLast(input.count - got)
                (inputStart, inputEnd) = (0, inputEnd + got)
                if got == 0 { break }
            }
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let (used, made, problem) = input.withUnsafeBytes { inflater.inflate(UnsafeRawBufferPointer(rebasing: $0[inputStart...]), into: rest) }
            if let problem { throw DICOMProblem.malformed(what: "its packed bytes are damaged (\(problem))", rule: "deflate has a form") }
            inputStart += used
            filled += made
            position += made
            guard position <= most else { throw DICOMProblem.unpacksTooFar(bytes: most) }
        }
        return filled
    }
}

/// A window that moves forward over bytes, for reading a few of them at a time.
struct ByteWindow {
    private static let size = 1 << 14

    let source: any DICOMBytes
    private var window: [UInt8] = []
    private var start = 0

    init(_ source: any DICOMBytes) { self.source = source }

    /// Makes the window hold `count` bytes from `position` on; false where they are not there.
    private mutating func hold(_ position: Int, _ count: Int) throws -> Bool {
        if position >= start, position + count <= start + window.count { return true }
        // What is there already is kept, so that an unpacking source never has to go back.
        let kept = position >= start && position < start + window.count ? Array(window[(position - start)...]) : []
        window = kept + [UInt8](repeating: 0, count: max(Self.size, count))
        let got = try window.withUnsafeMutableBytes {
            try source.read(at: position + kept.count, into: UnsafeMutableRawBufferPointer(rebasing: $0[kept.count...]))
        }
        window.removeLast(window.count - kept.count - got)
        start = position
        return window.count >= count
    }

    /// Whether there is a byte at that place.
    mutating func hasByte(at position: Int) throws -> Bool { try hold(position, 1) }

    /// How many bytes there are from that place on, at most so many; `subscript` then has them. For small numbers.
    mutating func available(at position: Int, upTo count: Int) throws -> Int {
        _ = try hold(position, count)
        return max(0, min(count, start + window.count - position))
    }

    /// A byte that is available.
    subscript(_ position: Int) -> UInt8 { window[position - start] }

    /// Up to so many bytes, fewer at the end.
    mutating func bytes(at position: Int, upTo count: Int) throws -> ArraySlice<UInt8> {
        let count = try available(at: position, upTo: count)
        return count == 0 ? [] : window[(position - start)..<(position - start + count)]
    }

    /// Exactly those bytes; nil where there are fewer.
    mutating func bytes(at position: Int, count: Int) throws -> [UInt8]? {
        guard count <= Self.size / 4 else { return try source.bytes(at: position, count: count) }
        let bytes = try bytes(at: position, upTo: count)
        return bytes.count == count ? Array(bytes) : nil
    }
}
