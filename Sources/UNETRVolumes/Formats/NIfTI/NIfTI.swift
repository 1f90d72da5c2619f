public import Foundation

/// Reading and writing of NIfTI-1 and NIfTI-2 files: `.nii`, `.nii.gz`, and `.hdr` with `.img`, either of them gzipped or not.
///
/// A file is read as nibabel 5 reads it: sform before qform before spacing, slope and intercept applied in double precision, units
/// of space ignored. Axes after the third become channels. A file is never trusted: before memory is taken, the size that the header
/// states is compared with the size of the file, and compressed data is unpacked only as far as the header's count goes.
public enum NIfTI {
    /// The header of a file.
    ///
    /// - Throws: `VolumeError`
    public static func readHeader(_ url: URL) throws -> NIfTIHeader {
        let file = try NIfTIFiles.header(of: url)
        return try NIfTIHeader(bytes: GzipReader(file).read(NIfTIHeader.Version.two.rawValue), path: file.path)
    }

    /// A scan with its intensities as float32, [C, D, H, W], after slope and intercept. Voxels that are not finite stay as they are
    /// (see `nonFiniteCount`).
    ///
    /// - Throws: `VolumeError`
    public static func readScan(_ url: URL) throws -> Scan { try NIfTIFormat().open(url).scan() }

    /// A label map.
    ///
    /// - Throws: `VolumeError.notALabel` at the first voxel that is not a whole number of Int16's range; any other `VolumeError`.
    public static func readLabels(_ url: URL) throws -> LabelMap { try NIfTIFormat().open(url).labels() }

    /// The intensities in double precision: exactly what nibabel's `get_fdata()` gives, for every datatype.
    ///
    /// - Throws: `VolumeError`
    public static func readValues(_ url: URL) throws -> Volume<Double> { try NIfTIFormat().open(url).values() }
}

extension NIfTIHeader {
    /// The geometry of one channel: size and spacing [D, H, W], and the affine.
    public var geometry: Geometry {
        Geometry(size: size, affine: affine ?? baseAffine, spacing: [3, 2, 1].map(spatialSpacing))
    }
}
