public import Foundation
import UNETRSupport

/// MetaImage, the format of ITK: `.mha`, and `.mhd` with the voxels in a file of their own.
///
/// Read: one volume of three axes of space, numbers of 8 to 64 bits in either byte order, raw, compressed or as text. As ITK does, fields that
/// would scale the numbers are not applied. Written: little-endian and compressed.
public struct MetaImageFormat: VolumeFormat {
    /// MetaImage.
    public let name = "MetaImage"
    /// Endings of file names that are read, with their dots.
    public let endings = [".mha", ".mhd"]
    /// Endings of file names that are written, with their dots.
    public let outputEndings = [".mha", ".mhd"]

    /// The format, with nothing to set.
    public init() {}

    /// Whether a file begins like one of this format.
    public func recognizes(_ start: [UInt8]) -> Bool {
        MetaImageHeader.isFirstLine(String(decoding: start.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    /// The file, and the one with the voxels where that is another.
    ///
    /// - Throws: `VolumeError` with what is wrong and where.
    public func files(of url: URL) throws -> [URL] {
        try [url] + (MetaImageHeader(contentsOf: url).dataFile.map { [try DetachedFile.url(named: $0, in: url)] } ?? [])
    }

    /// Reads the header alone.
    ///
    /// - Throws: `VolumeError` with what is wrong and where.
    public func readHeader(_ url: URL) throws -> any VolumeHeader { try MetaImageHeader(contentsOf: url) }

    /// Reads the header and opens the voxels.
    ///
    /// - Throws: `VolumeError` with what is wrong and where.
    public func open(_ url: URL) throws -> VolumeReader {
        let header = try MetaImageHeader(contentsOf: url)
        let file = try header.dataFile.map { try DetachedFile.url(named: $0, in: url) } ?? url
        let type = header.encoding == .text ? .float64 : header.type
        let layout = VoxelLayout(type: type, order: header.encoding == .text ? .little : header.byteOrder, count: header.geometry.count)
        let bytes = layout.byteCount
        let least = header.dataFile == nil ? header.headerBytes : 0
        if header.headerSize == -1 {
            return try VolumeReader(header: header, layout: layout, source: FileSection(lastBytes: bytes, of: file, after: least))
        }
        // As in MetaIO it counts from the front of the file, also in one that holds the header.
        let start = header.headerSize > 0 ? header.headerSize : least
        guard start >= least else {
            throw VolumeError.badHeader(path: url.path, field: "HeaderSize", value: "\(start)", rule: "the header itself has \(least) bytes")
        }
        let source = try FileSection(file, from: start, encoding: header.encoding)
        try source.skip(0, before: bytes, from: start)
        return VolumeReader(header: header, layout: layout, source: source)
    }

    /// Writes a volume, atomically, with what a file of this format keeps beside the voxels.
    ///
    /// - Throws: `VolumeError`, `FileError`.
    public func write(_ volume: VolumeContents, like source: (any VolumeHeader)?, to url: URL) throws {
        try volume.geometry.check(like: source, format: name, path: url.path)
        guard volume.channels == 1 else { throw VolumeError.cannotHold(path: url.path, format: name, what: "\(volume.channels) channels in one file") }
        var header = (source as? MetaImageHeader)?.describing(volume.type) ?? MetaImageHeader(geometry: volume.geometry, type: volume.type)
        // The length of the packed voxels stands before them.
        var packed: [UInt8] = []
        let deflater = Deflater(.zlib)
        volume.forEachPart { deflater.pack($0) { packed += $0 } }
        deflater.pack([], isLast: true) { packed += $0 }
        if url.pathExtension.lowercased() == "mhd" {
            let voxels = try DetachedFile.url(beside: url, ending: "zraw")
            // The voxels first: a header without its voxels is worse than voxels without a header.
            try AtomicFile.write(Data(packed), to: voxels)
            header.dataFile = voxels.lastPathComponent
            try AtomicFile.write(Data(header.encoded(compressedBytes: packed.count)), to: url)
        } else {
            try AtomicFile.write(to: url) { temporary in
                let file = try OutputFile(temporary)
                try file.write(header.encoded(compressedBytes: packed.count))
                try file.write(packed)
                try file.flush()
            }
        }
    }
}
