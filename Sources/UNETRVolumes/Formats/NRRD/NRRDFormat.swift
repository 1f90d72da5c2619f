public import Foundation
import UNETRSupport

/// NRRD: `.nrrd`, and `.nhdr` with the voxels in a file of their own.
///
/// Read: one volume of three axes of space, numbers of 8 to 64 bits in either byte order, raw, gzipped or as text. Where the voxels lie is
/// taken as ITK takes it. Written: little-endian and gzipped. Names and colors of labels are written and read as 3D Slicer does in `.seg.nrrd`.
public struct NRRDFormat: VolumeFormat {
    /// NRRD.
    public let name = "NRRD"
    /// Endings of file names that are read, with their dots.
    public let endings = [".nrrd", ".nhdr", ".seg.nrrd"]
    /// Endings of file names that are written, with their dots.
    public let outputEndings = [".nrrd", ".nhdr", ".seg.nrrd"]

    /// The format, with nothing to set.
    public init() {}

    /// Whether a file begins like one of this format.
    public func recognizes(_ start: [UInt8]) -> Bool { NRRDHeader.isMagic(String(decoding: start.prefix(8), as: UTF8.self)) }

    /// The file, and the one with the voxels where that is another.
    ///
    /// - Throws: `VolumeError` with what is wrong and where.
    public func files(of url: URL) throws -> [URL] {
        try [url] + (NRRDHeader(contentsOf: url).dataFile.map { [try DetachedFile.url(named: $0, in: url)] } ?? [])
    }

    /// Reads the header alone.
    ///
    /// - Throws: `VolumeError` with what is wrong and where.
    public func readHeader(_ url: URL) throws -> any VolumeHeader { try NRRDHeader(contentsOf: url) }

    /// Names and colors from the header.
    ///
    /// - Throws: `VolumeError`.
    public func readLabelSet(_ url: URL) throws -> LabelSet? { try NRRDHeader(contentsOf: url).labelSet }

    /// Reads the header and opens the voxels.
    ///
    /// - Throws: `VolumeError` with what is wrong and where.
    public func open(_ url: URL) throws -> VolumeReader {
        let header = try NRRDHeader(contentsOf: url)
        let file = try header.dataFile.map { try DetachedFile.url(named: $0, in: url) } ?? url
        let type = header.encoding == .text ? .float64 : header.type
        let layout = VoxelLayout(type: type, order: header.byteOrder, count: header.geometry.count)
        let (start, bytes) = (header.dataFile == nil ? header.headerBytes : 0, layout.byteCount)
        if header.byteSkip == -1 {
            return try VolumeReader(header: header, layout: layout, source: FileSection(lastBytes: bytes, of: file, after: start))
        }
        let source = try FileSection(file, from: start, skippingLines: header.lineSkip, encoding: header.encoding)
        try source.skip(header.byteSkip, before: bytes, from: start)
        return VolumeReader(header: header, layout: layout, source: source)
    }

    /// Writes a volume, atomically, with what a file of this format keeps beside the voxels.
    ///
    /// - Throws: `VolumeError`, `FileError`.
    public func write(_ volume: VolumeContents, like source: (any VolumeHeader)?, to url: URL) throws {
        try volume.geometry.check(like: source, format: name, path: url.path)
        guard volume.channels == 1 else { throw VolumeError.cannotHold(path: url.path, format: name, what: "\(volume.channels) channels in one file") }
        var header = (source as? NRRDHeader)?.describing(volume.type) ?? NRRDHeader(geometry: volume.geometry, type: volume.type)
        header.labelSet = volume.labelSet
        if url.pathExtension.lowercased() == "nhdr" {
            let voxels = try DetachedFile.url(beside: url, ending: "raw.gz")
            // The voxels first: a header without its voxels is worse than voxels without a header.
            try AtomicFile.write(to: voxels) { try volume.writePacked(.gzip, to: $0) }
            header.dataFile = voxels.lastPathComponent
            try AtomicFile.write(Data(header.encoded()), to: url)
        } else {
            try AtomicFile.write(to: url) { try volume.writePacked(.gzip, after: header.encoded(), to: $0) }
        }
    }
}
