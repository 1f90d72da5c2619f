public import Foundation
import UNETRSupport

/// A file format for volumes: what its files are called, how they begin, and how they are read and written.
///
/// A new format is a type of its own and one line in `VolumeFormats.all`. Callers use `VolumeFile`, which finds the format by the name.
/// A reader never trusts a file: before memory is taken, the size that the header states is compared with the size of the file.
public protocol VolumeFormat: Sendable {
    /// What users call it: "NIfTI".
    var name: String { get }

    /// Endings of the files that stand for a volume, in lowercase with their dots, such as ".nii.gz". Where header and voxels are two files,
    /// it is the header's.
    var endings: [String] { get }

    /// Endings of files that hold the voxels only. They may be named instead of the header but are not listed as volumes of a folder.
    var voxelEndings: [String] { get }

    /// Endings that can be written. The first is that of a label map for which no other name is given; without any, label maps of such volumes get
    /// the usual format.
    var outputEndings: [String] { get }

    /// Whether a folder, or a file whose ending no format knows, is a volume of this format. Formats whose endings say everything take none.
    func takes(_ url: URL) -> Bool

    /// Whether a file with these first bytes (after decompression, if the file is gzipped) is of this format.
    func recognizes(_ start: [UInt8]) -> Bool

    /// All files that make up the volume: the file itself, and where header and voxels are several files, or slices are, all of them.
    /// - Throws: `VolumeError`, `FileError`.
    func files(of url: URL) throws -> [URL]

    /// Reads what the file says about its voxels, and not the voxels.
    /// - Throws: `VolumeError`, `FileError`.
    func readHeader(_ url: URL) throws -> any VolumeHeader

    /// Opens the file and checks that it can hold the voxels that its header promises.
    /// - Throws: `VolumeError`, `FileError`.
    func open(_ url: URL) throws -> VolumeReader

    /// Writes a volume. The file appears only when it is complete.
    ///
    /// - Parameters:
    ///   - volume: the voxels, and where they lie.
    ///   - header: that of the volume they were made from. One of this format passes on its position to the bit.
    ///   - url: the file to write.
    /// - Throws: `VolumeError`, `FileError`.
    func write(_ volume: VolumeContents, like header: (any VolumeHeader)?, to url: URL) throws

    /// Names and colors of labels that the file itself holds; nil where there are none, or the format has no place for them.
    /// - Throws: `VolumeError`, `FileError`.
    func readLabelSet(_ url: URL) throws -> LabelSet?

    /// The ending of files whose values can be written part by part, in any order; nil where the format has none.
    var partEnding: String? { get }

    /// Writes float32 values [channels, D, H, W] that `body` hands over part by part; what it leaves out is 0.
    ///
    /// Called only for names with `partEnding`. The file appears only when `body` has ended.
    /// - Throws: `VolumeError`, `FileError`, and what `body` throws.
    func writeParts(
        channels: Int, geometry: Geometry, like header: (any VolumeHeader)?, to url: URL, _ body: (VolumePartWriter) throws -> Void) throws
}

extension VolumeFormat {
    /// Endings of files that hold voxels without a header.
    public var voxelEndings: [String] { [] }
    /// The ending of files that are written part by part; nil: there are none.
    public var partEnding: String? { nil }

    /// The file alone.
    ///
    /// - Throws: nothing here; formats of several files read their headers.
    public func files(of url: URL) throws -> [URL] { [url] }

    /// None: most formats have no place for names.
    public func readLabelSet(_ url: URL) throws -> LabelSet? { nil }
    /// No format takes what its endings do not name, unless it says so.
    public func takes(_ url: URL) -> Bool { false }

    /// Writes a float32 volume part by part, atomically.
    ///
    /// - Throws: `VolumeError`, `FileError`, and what `body` throws.
    public func writeParts(
        channels: Int, geometry: Geometry, like header: (any VolumeHeader)?, to url: URL, _ body: (VolumePartWriter) throws -> Void
    ) throws {
        throw VolumeError.cannotHold(path: url.path, format: name, what: "values that are written part by part")
    }
}

/// What a file says about its voxels.
public protocol VolumeHeader: Sendable {
    /// The geometry of one channel.
    var geometry: Geometry { get }

    /// Number of channels C.
    var channels: Int { get }
}

/// A volume as it will be stored: its geometry, and bytes that are made a part at a time.
public struct VolumeContents: Sendable {
    /// The grid.
    public let geometry: Geometry
    /// Values of each voxel.
    public let channels: Int
    /// The type that voxels are written in.
    public let type: VoxelType

    /// Names and colors of the labels, which formats with a place for them write down.
    public var labelSet: LabelSet?

    /// The little-endian bytes of a range of voxels of C-order [C, D, H, W].
    public let bytes: @Sendable (Range<Int>) -> [UInt8]

    /// Voxels of all channels.
    public var count: Int { channels * geometry.count }

    /// Labels, as uint8 if all are 0…255, else as int16.
    ///
    /// - Parameters:
    ///   - labels: the voxels.
    ///   - labelSet: what they are called, if that is known.
    public init(_ labels: LabelMap, named labelSet: LabelSet? = nil) {
        let fitsByte = labels.voxels.allSatisfy { 0...255 ~= $0 }
        self.init(labels, as: fitsByte ? .uint8 : .int16) { range in
            labels.voxels.withUnsafeBufferPointer { voxels in
                fitsByte ? Self.bytes(range) { UInt8(truncatingIfNeeded: voxels[$0]) } : Self.bytes(range) { voxels[$0].littleEndian }
            }
        }
        self.labelSet = labelSet
    }

    /// Intensities, as float32.
    public init(_ scan: Scan) {
        self.init(scan, as: .float32) { range in
            scan.voxels.withUnsafeBufferPointer { voxels in Self.bytes(range) { voxels[$0].bitPattern.littleEndian } }
        }
    }

    /// Intensities that are whole numbers: with 8 or 16 bits if these hold them, else as float32.
    public init(inFewestBits scan: Scan) {
        let voxels = scan.voxels, parts = 64
        let ranges = Parallel.map(parts) { part in Self.wholeRange(voxels, voxels.count * part / parts..<voxels.count * (part + 1) / parts) }
        let known = ranges.compactMap(\.self)
        guard known.count == parts, let least = known.map(\.least).min(), let most = known.map(\.most).max(), most < 32768 else {
            self.init(scan)
            return
        }
        if least >= 0, most <= 255 {
            self.init(scan, as: .uint8) { range in
                voxels.withUnsafeBufferPointer { voxels in Self.bytes(range) { UInt8(truncatingIfNeeded: (voxels[$0] + Self.wholeShift).bitPattern) } }
            }
        } else {
            self.init(scan, as: .int16) { range in
                voxels.withUnsafeBufferPointer { voxels in
                    Self.bytes(range) { UInt16(truncatingIfNeeded: (voxels[$0] + Self.wholeShift).bitPattern).littleEndian }
                }
            }
        }
    }

    /// A whole number that is added to one of fewer than 22 bits stands in the lowest bits of the sum.
    private static let wholeShift: Float = 12_582_912

    /// The smallest and largest of some values and 0, where all are whole numbers from −32768 to 32768; otherwise nil.
    private static func wholeRange(_ voxels: [Float], _ range: Range<Int>) -> (least: Float, most: Float)? {
        voxels.withUnsafeBufferPointer { voxels in
            var least: Float = 0, most: Float = 0
            // Blocks without a branch inside, which the compiler does several values at a time.
            for start in stride(from: range.lowerBound, to: range.upperBound, by: 4096) {
                var others: Int32 = 0
                for index in start..<min(start + 4096, range.upperBound) {
                    let value = voxels[index]
                    // What is no number is equal to nothing.
                    others |= (value + wholeShift) - wholeShift == value ? 0 : 1
                    least = value < least ? value : least
                    most = value > most ? value : most
                }
                guard others == 0, least >= -32768, most <= 32768 else { return nil }
            }
            return (least, most)
        }
    }

    private init<Scalar>(_ volume: Volume<Scalar>, as type: VoxelType, _ bytes: @escaping @Sendable (Range<Int>) -> [UInt8]) {
        geometry = volume.geometry
        channels = volume.channels
        self.type = type
        self.bytes = bytes
    }

    private static func bytes<Stored: FixedWidthInteger>(_ range: Range<Int>, _ value: (Int) -> Stored) -> [UInt8] {
        let width = MemoryLayout<Stored>.size
        return [UInt8](unsafeUninitializedCapacity: range.count * width) { buffer, count in
            let stored = UnsafeMutableRawPointer(buffer.baseAddress!).bindMemory(to: Stored.self, capacity: range.count)
            for index in range { stored[index - range.lowerBound] = value(index) }
            count = range.count * width
        }
    }

    /// Calls `body` with the bytes of all voxels, a part at a time.
    func forEachPart(_ body: ([UInt8]) throws -> Void) rethrows {
        let chunk = 1 << 16
        for start in stride(from: 0, to: count, by: chunk) { try body(bytes(start..<min(count, start + chunk))) }
    }
}

extension Geometry {
    /// Refuses a volume without voxels, and one that does not lie where `header` says.
    func check(like header: (any VolumeHeader)?, format: String, path: String) throws {
        guard count > 0 else { throw VolumeError.cannotHold(path: path, format: format, what: "a volume of size \(size)") }
        if let header, let difference = difference(from: header.geometry) {
            throw VolumeError.geometryDiffers(path: path, difference: difference)
        }
    }
}
