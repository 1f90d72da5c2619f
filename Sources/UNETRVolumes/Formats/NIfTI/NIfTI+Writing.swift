public import Foundation

extension NIfTI {
    /// Writes a label map, as uint8 if its labels are 0…255, else as int16.
    ///
    /// With the header of the scan it was made from, the file has that scan's affine, spacing, sform and qform with their codes, and
    /// units, bit for bit, and its format (NIfTI-1 or NIfTI-2). Without one it is NIfTI-1 with an sform. The name must end in `.nii`
    /// or `.nii.gz`; the file appears only when it is complete.
    ///
    /// - Throws: `VolumeError.geometryDiffers` if the labels do not lie on the header's grid; `VolumeError`, `FileError`.
    public static func write(labels: LabelMap, like header: NIfTIHeader? = nil, to url: URL) throws {
        try NIfTIFormat().write(VolumeContents(labels), like: header, to: url)
    }

    /// Writes a scan as float32, without scaling; otherwise as `write(labels:like:to:)`.
    ///
    /// - Throws: `VolumeError`, `FileError`
    public static func write(scan: Scan, like header: NIfTIHeader? = nil, to url: URL) throws {
        try NIfTIFormat().write(VolumeContents(scan), like: header, to: url)
    }

    /// Writes float32 values [channels, D, H, W] that `body` hands over part by part; what it leaves out is 0.
    ///
    /// The name must end in `.nii`: parts cannot be put into a compressed file. The file appears only when `body` has ended.
    /// - Throws: `VolumeError`, `FileError`, and what `body` throws.
    public static func writeParts(
        channels: Int, geometry: Geometry, like header: NIfTIHeader? = nil, to url: URL, _ body: (VolumePartWriter) throws -> Void
    ) throws {
        guard url.lastPathComponent.lowercased().hasSuffix(".nii") else {
            throw VolumeError.unknownExtension(path: url.path, allowed: [".nii"])
        }
        try NIfTIFormat().writeParts(channels: channels, geometry: geometry, like: header, to: url, body)
    }
}
