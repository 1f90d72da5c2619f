import Foundation
import UNETRSupport

/// A volume's file whose header has been read and whose size fits it. Its voxels are read a chunk at a time, so that memory grows only as the
/// file really delivers. They can be read once.
public struct VolumeReader {
    /// The file's header.
    public let header: any VolumeHeader
    private let layout: VoxelLayout
    private let source: any VoxelSource

    /// - Parameter source: stands at the first voxel.
    init(header: any VolumeHeader, layout: VoxelLayout, source: any VoxelSource) {
        self.header = header
        self.layout = layout
        self.source = source
    }

    /// A scan with its intensities as float32.
    ///
    /// - Throws: `VolumeError`, `MemoryError`.
    public func scan() throws -> Scan {
        if let slices = source as? any SliceSource { return try scan(of: slices) }
        return try volume { doubles, floats, _ in
            for index in 0..<doubles.count { floats[index] = Float(doubles[index]) }
        }
    }

    /// Pages of the array are touched, and so taken, only as slices come.
    private func scan(of slices: any SliceSource) throws -> Scan {
        try MemoryLimit.current.check(layout.count.multiplied(checked: MemoryLayout<Float>.stride), for: source.path)
        let voxels = try [Float](unsafeUninitializedCapacity: layout.count) { voxels, count in
            if let start = voxels.baseAddress {
                Self.preferLargePages(UnsafeMutableRawBufferPointer(voxels))
                try slices.fill(start)
            }
            count = layout.count
        }
        return Scan(geometry: header.geometry, channels: header.channels, voxels: voxels)
    }

    /// Asks for large pages, of which there are fewer to be taken one by one.
    private static func preferLargePages(_ memory: UnsafeMutableRawBufferPointer) {
        #if canImport(Glibc)
            let page = 1 << 21, start = UInt(bitPattern: memory.baseAddress)
            let first = (start + UInt(page) - 1) / UInt(page) * UInt(page), end = start + UInt(memory.count)
            if first < end { madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), 14) }  // MADV_HUGEPAGE
        #endif
    }

    /// A label map.
    ///
    /// - Throws: `VolumeError.notALabel` at the first voxel that is not a whole number of Int16's range; `VolumeError`, `MemoryError`.
    public func labels() throws -> LabelMap {
        try volume { doubles, labels, start in
            for index in 0..<doubles.count {
                guard let label = Int16(exactly: doubles[index]) else { throw notALabel(doubles[index], at: start + index) }
                labels[index] = label
            }
        }
    }

    /// The intensities in double precision.
    ///
    /// - Throws: `VolumeError`, `MemoryError`.
    public func values() throws -> Volume<Double> {
        try volume { doubles, values, _ in
            for index in 0..<doubles.count { values[index] = doubles[index] }
        }
    }

    private func volume<Scalar: Numeric & Sendable>(
        _ convert: (UnsafeBufferPointer<Double>, UnsafeMutablePointer<Scalar>, Int) throws -> Void
    ) throws -> Volume<Scalar> {
        let voxels = try read(convert)
        return Volume(geometry: header.geometry, channels: header.channels, voxels: voxels)
    }

    private func notALabel(_ value: Double, at index: Int) -> VolumeError {
        let size = header.geometry.size
        let (inPlane, inVolume) = (size[1] * size[2], size[0] * size[1] * size[2])
        let (channel, rest) = index.quotientAndRemainder(dividingBy: inVolume)
        let position = [rest % size[2], rest % inPlane / size[2], rest / inPlane]
        return .notALabel(path: source.path, value: value, channel: channel, index: position)
    }

    /// All voxels; `convert` gets a chunk's intensities, where to put them, and the index of the chunk's first voxel.
    private func read<Scalar: Numeric>(
        _ convert: (UnsafeBufferPointer<Double>, UnsafeMutablePointer<Scalar>, Int) throws -> Void
    ) throws -> [Scalar] {
        let count = layout.count
        try MemoryLimit.current.check(count.multiplied(checked: MemoryLayout<Scalar>.stride), for: source.path)
        let converted = UnsafeMutableBufferPointer<Scalar>.allocate(capacity: chunk)
        defer { converted.deallocate() }
        converted.initialize(repeating: 0)
        var voxels: [Scalar] = []
        // A plain file is as large as it says. A compressed one has yet to prove it: start at what is usual, let the array grow.
        voxels.reserveCapacity(source.isCompressed ? min(count, max(chunk, source.fileBytes * 4)) : count)
        try forEachPart { doubles, start in
            try convert(doubles, converted.baseAddress!, start)
            voxels.append(contentsOf: UnsafeBufferPointer(rebasing: converted[0..<doubles.count]))
        }
        return voxels
    }

    /// Voxels that are looked at together.
    private var chunk: Int { min(layout.count, 1 << 14) }

    /// The intensities of all voxels from the first to the last, a part at a time, so that they need not fit into memory.
    ///
    /// - Parameter body: gets the intensities of a part, which last as long as the call, and the index of its first voxel in C-order [C, D, H, W].
    /// - Throws: `VolumeError`, and what `body` throws.
    public func forEachPart(_ body: (UnsafeBufferPointer<Double>, Int) throws -> Void) throws {
        let (count, chunk, width) = (layout.count, chunk, layout.type.byteCount)
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk * width, alignment: 16)
        let doubles = UnsafeMutableBufferPointer<Double>.allocate(capacity: chunk)
        defer { raw.deallocate(); doubles.deallocate() }
        doubles.initialize(repeating: 0)
        var done = 0
        while done < count {
            let part = min(chunk, count - done)
            let got = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: raw[0..<part * width]))
            guard got == part * width else {
                throw VolumeError.truncated(path: source.path, expectedBytes: count * width, gotBytes: done * width + got)
            }
            decode(UnsafeRawPointer(raw.baseAddress!), into: doubles.baseAddress!, count: part)
            try body(UnsafeBufferPointer(rebasing: doubles[0..<part]), done)
            done += part
        }
        try source.checkEnd()
    }

    /// Turns stored numbers into intensities: bytes in order, widened to double, then slope and intercept, each rounded by itself.
    private func decode(_ raw: UnsafeRawPointer, into out: UnsafeMutablePointer<Double>, count: Int) {
        switch layout.type {
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
        }
        guard let (slope, intercept) = layout.scaling, slope != 1 || intercept != 0 else { return }
        for index in 0..<count { out[index] = out[index] * slope + intercept }
    }

    @inline(__always)
    private func decode<Bits: FixedWidthInteger>(
        _ raw: UnsafeRawPointer, _: Bits.Type, into out: UnsafeMutablePointer<Double>, _ count: Int, _ value: (Bits) -> Double
    ) {
        let bits = raw.assumingMemoryBound(to: Bits.self)
        if layout.order == .little {
            for index in 0..<count { out[index] = value(Bits(littleEndian: bits[index])) }
        } else {
            for index in 0..<count { out[index] = value(Bits(bigEndian: bits[index])) }
        }
    }
}
