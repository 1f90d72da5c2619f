public import Foundation
import UNETRSupport

/// NIfTI-1 and NIfTI-2 as one of the formats (see `NIfTI`).
public struct NIfTIFormat: VolumeFormat {
    /// NIfTI.
    public let name = "NIfTI"
    /// Endings of file names that are read, with their dots.
    public let endings = [".nii", ".nii.gz", ".hdr", ".hdr.gz"]
    /// Endings of files that hold voxels without a header.
    public let voxelEndings = [".img", ".img.gz"]
    /// Endings of file names that are written, with their dots.
    public let outputEndings = [".nii.gz", ".nii"]
    /// The ending of files that are written part by part; nil: there are none.
    public let partEnding: String? = ".nii"

    /// The format, with nothing to set.
    public init() {}

    /// Whether a file begins like one of this format.
    public func recognizes(_ start: [UInt8]) -> Bool { (try? NIfTIHeader.identify(start, path: "")) != nil }

    /// The file, or header and voxels where they are two.
    ///
    /// - Throws: `VolumeError` for a half whose other half is not there.
    public func files(of url: URL) throws -> [URL] {
        let files = try NIfTIFiles(url)
        return files.isSingle ? [files.header] : [files.header, files.image]
    }

    /// Reads the header alone.
    ///
    /// - Throws: `VolumeError` with what is wrong and where.
    public func readHeader(_ url: URL) throws -> any VolumeHeader { try NIfTI.readHeader(url) }

    /// Reads the header and opens the voxels.
    ///
    /// - Throws: `VolumeError` with what is wrong and where.
    public func open(_ url: URL) throws -> VolumeReader {
        let files = try NIfTIFiles(url)
        let bytes = try GzipReader(files.header).read(NIfTIHeader.Version.two.rawValue)
        let header = try NIfTIHeader(bytes: bytes, path: files.header.path)
        // The voxels may begin within what has been read of the header, so their own source starts again from the front.
        return try reader(header, file: files.image, isSingle: files.isSingle)
    }

    /// Names and colors from the file's extensions.
    ///
    /// - Throws: `VolumeError`.
    public func readLabelSet(_ url: URL) throws -> LabelSet? {
        let header = try NIfTI.readHeader(url), file = try NIfTIFiles.header(of: url)
        let end = header.voxelOffset > 0 ? header.voxelOffset : NIfTILabels.most
        return NIfTILabels.labelSet(in: try GzipReader(file).read(min(end, NIfTILabels.most)), header)
    }

    /// Compares what the header promises with what a file of this size can hold, and goes to the first voxel.
    private func reader(_ header: NIfTIHeader, file: URL, isSingle: Bool) throws -> VolumeReader {
        guard let type = header.datatype.voxelType else {
            throw VolumeError.unsupportedVoxels(path: file.path, type: header.datatype.name)
        }
        let offset = try offset(header, isSingle: isSingle, path: file.path)
        guard let bytes = header.declaredBytes else { preconditionFailure("a header that was read has a size") }
        let source = try GzipReader(file)
        guard offset <= Int.max / 16, source.canHold(offset) else {
            throw VolumeError.badHeader(
                path: file.path, field: "vox_offset", value: "\(offset)",
                rule: "a \(source.isCompressed ? "compressed file" : "file") of \(source.fileBytes) bytes ends before that byte")
        }
        guard source.canHold(offset + bytes) else {
            throw VolumeError.tooLarge(
                path: file.path, declaredBytes: bytes, offset: offset, fileBytes: source.fileBytes, compressed: source.isCompressed)
        }
        guard try source.skip(offset) == offset else {
            throw VolumeError.truncated(path: file.path, expectedBytes: offset + bytes, gotBytes: source.fileBytes)
        }
        let layout = VoxelLayout(type: type, order: header.byteOrder, count: bytes / type.byteCount, scaling: header.scaling)
        return VolumeReader(header: header, layout: layout, source: source)
    }

    /// Where the voxels begin. A single file that states 0 means directly after its header, as nearly every reader takes it.
    private func offset(_ header: NIfTIHeader, isSingle: Bool, path: String) throws -> Int {
        let least = isSingle ? header.version.rawValue + 4 : 0
        if header.voxelOffset == 0 { return least }
        guard header.voxelOffset >= least else {
            throw VolumeError.badHeader(
                path: path, field: "vox_offset", value: "\(header.voxelOffset)", rule: "voxels begin at byte \(least) or later")
        }
        return header.voxelOffset
    }

    /// Writes a volume, atomically, with what a file of this format keeps beside the voxels.
    ///
    /// - Throws: `VolumeError`, `FileError`.
    public func write(_ volume: VolumeContents, like header: (any VolumeHeader)?, to url: URL) throws {
        let header = try outputHeader(volume.geometry, channels: volume.channels, like: header, type: volume.type, path: url.path)
        let file = url.lastPathComponent.lowercased()
        guard outputEndings.contains(where: file.hasSuffix) else {
            throw VolumeError.unknownExtension(path: url.path, allowed: [".nii", ".nii.gz"])
        }
        try AtomicFile.write(to: url) { temporary in
            let writer = try GzipWriter(path: temporary.path, compress: file.hasSuffix(".gz"), shownAs: url.path)
            try header.encoded(extension: volume.labelSet.map(NIfTILabels.text)).withUnsafeBytes(writer.write)
            try volume.forEachPart { try $0.withUnsafeBytes(writer.write) }
            try writer.finish()
        }
    }

    /// Writes a float32 volume part by part, atomically.
    ///
    /// - Throws: `VolumeError`, `FileError`, and what `body` throws.
    public func writeParts(
        channels: Int, geometry: Geometry, like header: (any VolumeHeader)?, to url: URL, _ body: (VolumePartWriter) throws -> Void
    ) throws {
        let header = try outputHeader(geometry, channels: channels, like: header, type: .float32, path: url.path)
        try AtomicFile.write(to: url) { temporary in
            try body(VolumePartWriter(head: header.encoded(), count: channels * geometry.count, in: temporary, shownAs: url.path))
        }
    }

    private func outputHeader(
        _ geometry: Geometry, channels: Int, like header: (any VolumeHeader)?, type: VoxelType, path: String
    ) throws -> NIfTIHeader {
        try geometry.check(like: header, format: name, path: path)
        let datatype = NIfTIDatatype(type)
        guard let header = header as? NIfTIHeader else { return NIfTIHeader(geometry: geometry, channels: channels, datatype: datatype) }
        return header.describing(datatype, channels: channels)
    }
}
