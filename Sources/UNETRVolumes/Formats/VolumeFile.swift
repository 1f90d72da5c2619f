public import Foundation

/// Reading and writing volumes in any format of `VolumeFormats`: the one door for scans and masks.
///
///     let scan = try VolumeFile.readScan(url)
///     try VolumeFile.write(labels: mask, like: VolumeFile.readHeader(url), to: output)
///
/// The name's ending chooses the format. Where two formats share an ending, the first bytes decide. A folder, or a file with another ending, is
/// read if a format takes it (`VolumeFormat.takes(_:)`): so is DICOM, of which the URL's fragment may name a series.
public enum VolumeFile {
    /// What the file says about its voxels, without reading them.
    ///
    /// - Throws: `VolumeError`, `FileError`.
    public static func readHeader(_ url: URL) throws -> any VolumeHeader { try reading(url) { try $0.readHeader(url) } }

    /// All files that make up a volume, such as header and voxels, or the files of a DICOM study.
    ///
    /// - Throws: `VolumeError`, `FileError`.
    public static func files(of url: URL) throws -> [URL] { try reading(url) { try $0.files(of: url) } }

    /// Opens a volume, whose voxels can then be read once, all together or part by part.
    ///
    /// - Throws: `VolumeError`, `FileError`.
    public static func open(_ url: URL) throws -> VolumeReader { try reading(url) { try $0.open(url) } }

    /// A scan with its intensities as float32, [C, D, H, W]. Voxels that are not finite stay as they are (see `nonFiniteCount`).
    ///
    /// - Throws: `VolumeError`, `FileError`, and `MemoryError` for a scan that needs more memory than may be taken.
    public static func readScan(_ url: URL) throws -> Scan { try reading(url) { try $0.open(url).scan() } }

    /// A label map, [C, D, H, W].
    ///
    /// - Throws: `VolumeError.notALabel` at the first voxel that is not a whole number of Int16's range; otherwise as `readScan`.
    public static func readLabels(_ url: URL) throws -> LabelMap { try reading(url) { try $0.open(url).labels() } }

    /// Names, values and colors of labels that the file itself holds, as NIfTI files of some programs and `.seg.nrrd` do; nil where there
    /// are none.
    ///
    /// - Throws: `VolumeError`, `FileError`.
    public static func readLabelSet(_ url: URL) throws -> LabelSet? { try reading(url) { try $0.readLabelSet(url) } }

    /// The intensities in double precision.
    ///
    /// - Throws: as `readScan`.
    public static func readValues(_ url: URL) throws -> Volume<Double> { try reading(url) { try $0.open(url).values() } }

    /// Writes a label map in the format that the name's ending stands for, as uint8 if its labels are 0…255, else as int16.
    ///
    /// - Parameters:
    ///   - header: that of the scan it was made from. If both files are of one format, the mask gets the scan's position to the bit.
    ///   - url: the file, which appears only when it is complete.
    ///   - labels: the voxels.
    ///   - labelSet: names and colors to write beside them where the format has a place for them.
    /// - Throws: `VolumeError.geometryDiffers` if the labels do not lie on the header's grid; `VolumeError`, `FileError`.
    public static func write(labels: LabelMap, named labelSet: LabelSet? = nil, like header: (any VolumeHeader)? = nil, to url: URL) throws {
        try write(VolumeContents(labels, named: labelSet), like: header, to: url)
    }

    /// Writes a scan as float32, without scaling; otherwise as `write(labels:like:to:)`.
    ///
    /// - Throws: `VolumeError`, `FileError`.
    public static func write(scan: Scan, like header: (any VolumeHeader)? = nil, to url: URL) throws {
        try write(VolumeContents(scan), like: header, to: url)
    }

    static func write(_ contents: VolumeContents, like header: (any VolumeHeader)?, to url: URL) throws {
        try outputFormat(url).write(contents, like: header, to: url)
    }

    /// Writes float32 values [channels, D, H, W] that `body` hands over part by part; what it leaves out is 0.
    ///
    /// The file appears only when `body` has ended.
    /// - Throws: `VolumeError.unknownExtension` for names of files that cannot be written part by part; `VolumeError`, `FileError`, and what
    ///   `body` throws.
    public static func writeParts(
        channels: Int, geometry: Geometry, like header: (any VolumeHeader)? = nil, to url: URL, _ body: (VolumePartWriter) throws -> Void
    ) throws {
        let name = url.lastPathComponent.lowercased()
        guard let format = VolumeFormats.all.first(where: { $0.partEnding.map(name.hasSuffix) ?? false }) else {
            throw VolumeError.unknownExtension(path: url.path, allowed: VolumeFormats.all.compactMap(\.partEnding))
        }
        try format.writeParts(channels: channels, geometry: geometry, like: header, to: url, body)
    }

    /// The format of a file to be read.
    ///
    /// - Throws: `VolumeError.unknownExtension`; `VolumeError` if the file has to be looked into and cannot be read.
    public static func format(of url: URL) throws -> any VolumeFormat {
        let name = url.lastPathComponent.lowercased()
        let named = VolumeFormats.all.filter { ($0.endings + $0.voxelEndings).contains(where: name.hasSuffix) }
        guard let first = named.first ?? VolumeFormats.all.first(where: { $0.takes(url) }) else {
            throw VolumeError.unknownExtension(path: url.path, allowed: VolumeFormats.all.flatMap { $0.endings + $0.voxelEndings })
        }
        guard named.count > 1 else { return first }
        let start = try firstBytes(of: url)
        return named.first { $0.recognizes(start) } ?? first
    }

    /// Whether this is a volume by its name or, where that says nothing, by what it is.
    public static func isVolume(_ url: URL) -> Bool { (try? format(of: url)) != nil }

    /// The ending of a label map of this scan where nobody names another: the usual one of the scan's format, or of the first format if that has none.
    public static func maskEnding(for scan: URL) -> String {
        (try? format(of: scan))?.outputEndings.first ?? VolumeFormats.all[0].outputEndings[0]
    }

    private static func outputFormat(_ url: URL) throws -> any VolumeFormat {
        let name = url.lastPathComponent.lowercased()
        guard let format = VolumeFormats.all.first(where: { $0.outputEndings.contains(where: name.hasSuffix) }) else {
            throw VolumeError.unknownExtension(path: url.path, allowed: VolumeFormats.outputEndings)
        }
        return format
    }

    /// Reads with the format that the name stands for. If the contents are of another, the error says of which.
    private static func reading<Result>(_ url: URL, _ read: (any VolumeFormat) throws -> Result) throws -> Result {
        do { return try read(format(of: url)) } catch VolumeError.notOfFormat(let path, let format, let expected, let found) {
            let start = (try? firstBytes(of: url)) ?? []
            let other = VolumeFormats.all.first { $0.name != format && $0.recognizes(start) }
            throw VolumeError.notOfFormat(
                path: path, format: format, expected: expected, found: other.map { "\($0.name)\($0.endings.first.map { " (\($0))" } ?? "")" } ?? found)
        }
    }

    private static func firstBytes(of url: URL) throws -> [UInt8] { try GzipReader(url).read(1 << 10) }
}
