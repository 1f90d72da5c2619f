import CZlib
import Foundation
import UNETRSupport

/// How the voxels of a file are packed.
enum VoxelEncoding: Equatable, Sendable {
    case raw
    /// A stream of gzip or zlib.
    case deflate
    /// Decimal numbers with white space between them, which are handed out as little-endian float64.
    case text
}

/// The bytes of a file from some place on, unpacked on the way.
final class FileSection: VoxelSource {
    let path: String
    let fileBytes: Int
    let encoding: VoxelEncoding
    var isCompressed: Bool { encoding == .deflate }

    private let file: InputFile
    private let available: Int
    private var inflater: Inflater?
    private var input: [UInt8] = []
    private var inputStart = 0

    /// - Parameters:
    ///   - offset: the byte at which the section begins.
    ///   - lines: so many lines of text stand before it.
    init(_ url: URL, from offset: Int, skippingLines lines: Int = 0, encoding: VoxelEncoding) throws {
        path = url.path
        self.encoding = encoding
        do { file = try InputFile(url) } catch let error as FileError { throw VolumeError.cannotOpen(path: url.path, reason: error.problem) }
        fileBytes = file.size
        available = max(0, fileBytes - offset)
        if offset > 0 { file.withDescriptor { _ = lseek($0, off_t(min(offset, fileBytes)), SEEK_SET) } }
        for _ in 0..<lines { try skipLine() }
        if encoding == .deflate { inflater = Inflater(.gzipOrZlib) }
    }

    func canHold(_ bytes: Int) -> Bool {
        switch encoding {
        case .raw: bytes <= available
        case .deflate: bytes / Self.greatestRatio <= available
        case .text: bytes / 8 <= available / 2 + 1
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        switch encoding {
        case .raw: try readRaw(buffer)
        case .deflate: try readDeflated(buffer)
        case .text: try readText(buffer)
        }
    }

    func checkEnd() throws {
        if isCompressed { _ = try skip(1) }
    }

    // MARK: The file's own bytes

    /// Reads on in the file where no unread bytes are left; false at its end.
    private func fill() throws -> Bool {
        if inputStart < input.count { return true }
        input = [UInt8](repeating: 0, count: 1 << 16)
        let count = try input.withUnsafeMutableBytes { try file.read(into: $0) }
        input.removeLast(input.count - count)
        inputStart = 0
        return count > 0
    }

    private func skipLine() throws {
        while try fill() {
            if let end = input[inputStart...].firstIndex(of: UInt8(ascii: "\n")) {
                inputStart = end + 1
                return
            }
            inputStart = input.count
        }
    }

    private func readRaw(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let gathered = min(buffer.count, input.count - inputStart)
        if gathered > 0 {
            buffer.copyBytes(from: input[inputStart..<inputStart + gathered])
            inputStart += gathered
        }
        var filled = gathered
        while filled < buffer.count {
            let got = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            if got == 0 { break }
            filled += got
        }
        return filled
    }

    // MARK: Deflate

    private func readDeflated(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let inflater else { return 0 }
        var filled = 0
        while filled < buffer.count {
            if inflater.hasEnded {
                // Several gzip streams one after the other are one; whatever else follows is not looked at.
                guard try fill(), input[inputStart] == 0x1F else { break }
                inflater.restart()
            }
            guard try fill() else { throw VolumeError.damaged(path: path, reason: "it stops before its end") }
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let (used, made, problem) = input.withUnsafeBytes { inflater.inflate(UnsafeRawBufferPointer(rebasing: $0[inputStart...]), into: rest) }
            if let problem { throw VolumeError.damaged(path: path, reason: problem) }
            inputStart += used
            filled += made
        }
        return filled
    }

    // MARK: Text

    /// Fills the buffer, whose size is a multiple of 8, with the next numbers.
    private func readText(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = 0
        while filled + 8 <= buffer.count {
            guard let word = try nextWord() else { break }
            guard let value = Double(word) else { throw VolumeError.notANumber(path: path, text: word) }
            withUnsafeBytes(of: value.bitPattern.littleEndian) { buffer[filled..<filled + 8].copyBytes(from: $0) }
            filled += 8
        }
        return filled
    }

    /// No number needs more characters, also one with all digits of a double.
    private static let longestWord = 64

    private func nextWord() throws -> String? {
        var word: [UInt8] = []
        while try fill() {
            let byte = input[inputStart]
            inputStart += 1
            guard byte <= UInt8(ascii: " ") else {
                word.append(byte)
                // Half of a longer word may be a number, and the other half would then be taken for the next voxel.
                guard word.count <= Self.longestWord else {
                    throw VolumeError.notANumber(path: path, text: String(decoding: word, as: UTF8.self) + "…")
                }
                continue
            }
            if !word.isEmpty { break }
        }
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }
}

/// zlib's decompressor.
final class Inflater {
    enum Wrapper {
        /// A header of gzip or zlib, whichever it is.
        case gzipOrZlib
        /// Deflate alone.
        case raw
    }

    private let stream: UnsafeMutablePointer<z_stream>
    private(set) var hasEnded = false

    init(_ wrapper: Wrapper) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = inflateInit2_(stream, wrapper == .raw ? -15 : 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib cannot be used: \(status)")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func restart() {
        inflateReset(stream)
        hasEnded = false
    }

    /// How many bytes of the input were used and how many were made of them, or what is wrong with them.
    func inflate(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> (used: Int, made: Int, problem: String?) {
        let (given, room) = (UInt32(clamping: input.count), UInt32(clamping: output.count))
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = given
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = room
        let status = CZlib.inflate(stream, Z_NO_FLUSH)
        hasEnded = status == Z_STREAM_END
        let problem: String? =
            switch status {
            case Z_OK, Z_STREAM_END, Z_BUF_ERROR: nil
            default: stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(status)"
            }
        return (Int(given - stream.pointee.avail_in), Int(room - stream.pointee.avail_out), problem)
    }
}

/// zlib's compressor. The same bytes in give the same stream: it holds no time and no name.
final class Deflater {
    enum Wrapper { case gzip, zlib }

    private let stream: UnsafeMutablePointer<z_stream>

    init(_ wrapper: Wrapper) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = deflateInit2_(
            stream, 6, Z_DEFLATED, wrapper == .gzip ? 15 + 16 : 15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib cannot be used: \(status)")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Packs more bytes and hands `body` what is ready; `isLast` ends the stream.
    func pack(_ bytes: [UInt8], isLast: Bool = false, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        var input = bytes
        let ready = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
        defer { ready.deallocate() }
        try input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            repeat {
                stream.pointee.next_out = ready.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(ready.count)
                _ = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                try body(UnsafeRawBufferPointer(rebasing: ready[..<(ready.count - Int(stream.pointee.avail_out))]))
            } while stream.pointee.avail_out == 0
        }
    }
}

extension FileSection {
    /// The last bytes of a file, which are not before byte `start`.
    convenience init(lastBytes bytes: Int, of url: URL, after start: Int) throws {
        let size = try InputFile(url).size
        try self.init(url, from: max(start, size - bytes), encoding: .raw)
        try check(bytes, from: start)
    }

    /// Passes over bytes to the first voxel, after checking that the file can hold them and the voxels.
    func skip(_ count: Int, before bytes: Int, from start: Int) throws {
        // Voxels in text have no bytes of their own; what is skipped before them cannot be counted in theirs.
        guard encoding != .text || count == 0 else {
            throw VolumeError.badHeader(path: path, field: "byte skip", value: "\(count)", rule: "voxels in text begin after the header")
        }
        guard canHold(bytes), canHold(bytes + count) else { throw tooLarge(bytes, from: start + count) }
        guard try skip(count) == count else { throw VolumeError.truncated(path: path, expectedBytes: count + bytes, gotBytes: fileBytes) }
    }

    private func check(_ bytes: Int, from start: Int) throws {
        guard canHold(bytes) else { throw tooLarge(bytes, from: start) }
    }

    private func tooLarge(_ bytes: Int, from start: Int) -> VolumeError {
        .tooLarge(path: path, declaredBytes: bytes, offset: start, fileBytes: fileBytes, compressed: isCompressed)
    }
}

extension VolumeContents {
    /// Writes the voxels as one compressed stream after the bytes of a header.
    func writePacked(_ wrapper: Deflater.Wrapper, after head: [UInt8] = [], to url: URL) throws {
        let file = try OutputFile(url), deflater = Deflater(wrapper)
        try file.write(head)
        try forEachPart { try deflater.pack($0) { try file.write($0) } }
        try deflater.pack([], isLast: true) { try file.write($0) }
        try file.flush()
    }
}
