public import Foundation

/// Reading and writing of NIfTI-1 and NIfTI-2 files: `.nii`, `.nii.gz`, and `.hdr` with `.img`, either of them gzipped or not.
///
/// A file is read as nibabel 5 reads it: sform before qform before spacing, slope and intercept applied in double precision, units
/// of space ignored. Axes after the third become channels. A file is never trusted: before memory is taken, the size that the header
/// states is compared with the size of the file, and compressed data is unpacked only as far as the header's count goes.
public enum NIfTI {
    /// The header of a file.
    ///
    /// - Throws: `NIfTIError`
    public static func readHeader(_ url: URL) throws -> NIfTIHeader {
        let file = try NIfTIFiles.header(of: url)
        return try NIfTIHeader(bytes: GzipReader(file).read(NIfTIHeader.Version.two.rawValue), path: file.path)
    }

    /// A scan with its intensities as float32, [C, D, H, W], after slope and intercept. Voxels that are not finite stay as they are
    /// (see `nonFiniteCount`).
    ///
    /// - Throws: `NIfTIError`
    public static func readScan(_ url: URL) throws -> Scan {
        try read(url) { doubles, floats, _ in
            for index in 0..<doubles.count { floats[index] = Float(doubles[index]) }
        }
    }

    /// A label map.
    ///
    /// - Throws: `NIfTIError.notALabel` at the first voxel that is not a whole number of Int16's range; any other `NIfTIError`.
    public static func readLabels(_ url: URL) throws -> LabelMap {
        let header = try readHeader(url)
        return try read(url) { doubles, labels, start in
            for index in 0..<doubles.count {
                guard let label = Int16(exactly: doubles[index]) else {
                    throw notALabel(doubles[index], at: start + index, header: header, path: url.path)
                }
                labels[index] = label
            }
        }
    }

    /// The intensities in double precision: exactly what nibabel's `get_fdata()` gives, for every datatype.
    ///
    /// - Throws: `NIfTIError`
    public static func readValues(_ url: URL) throws -> Volume<Double> {
        try read(url) { doubles, values, _ in
            for index in 0..<doubles.count { values[index] = doubles[index] }
        }
    }

    /// Reads the voxels a chunk at a time; `convert` gets the chunk's intensities, where to put them, and the index of the first.
    private static func read<Scalar: Numeric & Sendable>(
        _ url: URL,
        _ convert: (UnsafeBufferPointer<Double>, UnsafeMutablePointer<Scalar>, Int) throws -> Void
    ) throws -> Volume<Scalar> {
        let files = try NIfTIFiles(url)
        let reader = try GzipReader(files.header)
        let bytes = try reader.read(NIfTIHeader.Version.two.rawValue)
        let header = try NIfTIHeader(bytes: bytes, path: files.header.path)
        // The voxels may begin within what has been read of the header, so their own reader starts again from the front.
        let voxelReader = try VoxelReader(header: header, file: files.image, isSingle: files.isSingle)
        let voxels = try voxelReader.read(convert)
        return Volume(geometry: header.geometry, channels: header.channels, voxels: voxels)
    }

    private static func notALabel(_ value: Double, at index: Int, header: NIfTIHeader, path: String) -> NIfTIError {
        let size = header.size
        let (inPlane, inVolume) = (size[1] * size[2], size[0] * size[1] * size[2])
        let (channel, rest) = index.quotientAndRemainder(dividingBy: inVolume)
        let position = [rest % size[2], rest % inPlane / size[2], rest / inPlane]
        return .notALabel(path: path, value: value, channel: channel, index: position)
    }
}

extension NIfTIHeader {
    /// The geometry of one channel: size and spacing [D, H, W], and the affine.
    public var geometry: Geometry {
        Geometry(size: size, affine: affine ?? baseAffine, spacing: [3, 2, 1].map(spatialSpacing))
    }
}
