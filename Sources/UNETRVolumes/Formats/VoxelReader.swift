import Foundation
import UNETRSupport

/// Reads the voxels of one file, a chunk at a time, so that memory grows only as the file really delivers.
struct VoxelReader {
    private let header: NIfTIHeader
    private let source: GzipReader
    private let count: Int

    /// Opens the file, compares what the header promises with what a file of this size can hold, and goes to the first voxel.
    init(header: NIfTIHeader, file: URL, isSingle: Bool) throws {
        guard header.datatype.isReadable else {
            throw NIfTIError.unsupportedDatatype(path: file.path, datatype: header.datatype)
        }
        let offset = try Self.offset(header, isSingle: isSingle, path: file.path)
        guard let bytes = header.declaredBytes else { preconditionFailure("a header that was read has a size") }
        source = try GzipReader(file)
        guard offset <= Int.max / 16, source.canHold(offset) else {
            throw NIfTIError.badHeader(
                path: file.path, field: "vox_offset", value: "\(offset)",
                rule: "a \(source.isCompressed ? "compressed file" : "file") of \(source.fileBytes) bytes ends before that byte")
        }
        guard source.canHold(offset + bytes) else {
            throw NIfTIError.tooLarge(
                path: file.path, declaredBytes: bytes, offset: offset, fileBytes: source.fileBytes, compressed: source.isCompressed)
        }
        guard try source.skip(offset) == offset else {
            throw NIfTIError.truncated(path: file.path, expectedBytes: offset + bytes, gotBytes: source.fileBytes)
        }
        self.header = header
        count = bytes / header.datatype.byteCount
    }

    /// Where the voxels begin. A single file that states 0 means directly after its header, as nearly every reader takes it.
    private static func offset(_ header: NIfTIHeader, isSingle: Bool, path: String) throws -> Int {
        let least = isSingle ? header.version.rawValue + 4 : 0
        if header.voxelOffset == 0 { return least }
        guard header.voxelOffset >= least else {
            throw NIfTIError.badHeader(
                path: path, field: "vox_offset", value: "\(header.voxelOffset)", rule: "voxels begin at byte \(least) or later")
        }
        return header.voxelOffset
    }

    /// All voxels; `convert` gets a chunk's intensities, where to put them, and the index of the chunk's first voxel.
    func read<Scalar: Numeric>(
        _ convert: (UnsafeBufferPointer<Double>, UnsafeMutablePointer<Scalar>, Int) throws -> Void
    ) throws -> [Scalar] {
        try MemoryLimit.current.check(count.multiplied(checked: MemoryLayout<Scalar>.stride), for: source.path)
        let chunk = min(count, 1 << 14)
        let width = header.datatype.byteCount
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk * width, alignment: 16)
        let doubles = UnsafeMutableBufferPointer<Double>.allocate(capacity: chunk)
        let converted = UnsafeMutableBufferPointer<Scalar>.allocate(capacity: chunk)
        defer { raw.deallocate(); doubles.deallocate(); converted.deallocate() }
        doubles.initialize(repeating: 0)
        converted.initialize(repeating: 0)

        var voxels: [Scalar] = []
        // A plain file is as large as it says. A compressed one has yet to prove it: start at what is usual, let the array grow.
        voxels.reserveCapacity(source.isCompressed ? min(count, max(chunk, source.fileBytes * 4)) : count)
        while voxels.count < count {
            let part = min(chunk, count - voxels.count)
            let got = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: raw[0..<part * width]))
            guard got == part * width else {
                throw NIfTIError.truncated(
                    path: source.path, expectedBytes: count * width, gotBytes: voxels.count * width + got)
            }
            decode(UnsafeRawPointer(raw.baseAddress!), into: doubles.baseAddress!, count: part)
            try convert(UnsafeBufferPointer(rebasing: doubles[0..<part]), converted.baseAddress!, voxels.count)
            voxels.append(contentsOf: UnsafeBufferPointer(rebasing: converted[0..<part]))
        }
        try source.checkEnd()
        return voxels
    }

    /// Turns stored numbers into intensities: bytes in order, widened to double, then slope and intercept, each rounded by itself.
    private func decode(_ raw: UnsafeRawPointer, into out: UnsafeMutablePointer<Double>, count: Int) {
        switch header.datatype {
        case .uint8: decode(raw, UInt8.self, into: out, count) { Double($0) }
        case .int8: decode(raw, UInt8.self, into: out, count) { Double(Int8(bitPattern: $0)) }
        case .uint16: decode(raw, UInt16.self, into: out, count) { Double($0) }
        case .int16: decode(raw, UInt16.self, into: out, count) { Double(Int16(bitPattern: $0)) }
        case .uint32: decode(raw, UInt32.self, into: out, count) { Double($0) }
        case .int32: decode(raw, UInt32.self, into: out, count) { Double(Int32(bitPattern: $0)) }
        case .float32: decode(raw, UInt32.self, into: out, count) { Double(Float(bitPattern: $0)) }
        case .uint64: decode(raw, UInt64.self, into: out, count) { Double($0) }
        case .int64: decode(raw, UInt64.self, into: out, count) { Double(Int64(bitPattern: $0)) }
        case .float64: decode(raw, UInt64.self, into: out, count) { Double(bitPattern: $0) }
        case .complex64, .complex128, .complex256, .rgb24, .rgba32, .float128: preconditionFailure("refused at opening")
        }
        guard let (slope, intercept) = header.scaling, slope != 1 || intercept != 0 else { return }
        for index in 0..<count { out[index] = out[index] * slope + intercept }
    }

    @inline(__always)
    private func decode<Bits: FixedWidthInteger>(
        _ raw: UnsafeRawPointer, _: Bits.Type, into out: UnsafeMutablePointer<Double>, _ count: Int, _ value: (Bits) -> Double
    ) {
        let bits = raw.assumingMemoryBound(to: Bits.self)
        if header.byteOrder == .little {
            for index in 0..<count { out[index] = value(Bits(littleEndian: bits[index])) }
        } else {
            for index in 0..<count { out[index] = value(Bits(bigEndian: bits[index])) }
        }
    }
}
