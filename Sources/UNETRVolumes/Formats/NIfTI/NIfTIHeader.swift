public import UNETRSupport

/// The header of a NIfTI file: every field that says what the voxels are and where they lie, as the file states it.
///
/// Numbers are kept as stored (float32 of NIfTI-1 fits a `Double` exactly), so that a header written again holds the same bits.
/// What follows from them (`shape`, `affine`, `spacing`) is computed the way nibabel 5 does.
/// Source: nifti1.h and nifti2.h, https://nifti.nimh.nih.gov.
public struct NIfTIHeader: VolumeHeader, Equatable {
    /// The two generations of the format, by the size of their headers in bytes.
    public enum Version: Int, Sendable { case one = 348, two = 540 }

    /// NIfTI-1 or NIfTI-2.
    public var version: Version = .one

    /// The order of the bytes in the file it was read from; files are always written little-endian.
    public var byteOrder: ByteOrder = .little

    /// `dim`: eight numbers, how many axes and then their lengths, the fastest (i) first.
    public var dim: [Int]
    /// The type of voxels in the file.
    public var datatype: NIfTIDatatype

    /// `pixdim`: qfac (±1) and then the spacing of each axis in the file's units.
    public var pixdim: [Double]

    /// Byte at which the voxels begin.
    public var voxelOffset: Int = 0

    /// `scl_slope`, `scl_inter` as stored; see `scaling` for what they mean.
    public var slope: Double = 1
    /// `scl_inter`: added to scaled voxels.
    public var intercept: Double = 0
    /// `cal_max`: the brightest value in viewers.
    public var displayMaximum: Double = 0
    /// `cal_min`: the darkest value in viewers.
    public var displayMinimum: Double = 0

    /// Where (i, j, k) lies by rotation: 0 = not known, otherwise scanner (1), aligned (2), Talairach (3), MNI (4), template (5).
    public var qformCode: Int = 0
    /// `sform_code`: what the sform's space is; 0: there is none.
    public var sformCode: Int = 0
    /// `quatern_b`, `quatern_c`, `quatern_d`.
    public var quaternion: [Double] = [0, 0, 0]
    /// `qoffset_x`, `qoffset_y`, `qoffset_z` in mm.
    public var qoffset: [Double] = [0, 0, 0]

    /// `srow_x`, `srow_y`, `srow_z`: the upper three rows of the affine.
    public var srow: [[Double]] = [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]

    /// `xyzt_units`: bits 0–2 the unit of space (1 m, 2 mm, 3 µm), bits 3–5 that of time.
    public var units: Int = 2
    /// `toffset`: shift of the time axis.
    public var timeOffset: Double = 0
    /// `dim_info`: which axes are frequency, phase and slice.
    public var dimInfo: Int = 0
    /// `intent_code`: the meaning of the voxels.
    public var intentCode: Int = 0
    /// `intent_name`, at most 15 bytes.
    public var intentName: String = ""
    /// `descrip`, at most 79 bytes.
    public var text: String = ""
    /// `aux_file`, at most 23 bytes.
    public var auxiliaryFile: String = ""
}

extension NIfTIHeader {
    /// The lengths of the file's axes, the fastest first, as nibabel's `shape`.
    public var shape: [Int] { Array(dim[1...max(1, dim[0])]) }

    /// The spacing of the file's axes, the fastest first, as nibabel's `get_zooms()`.
    public var zooms: [Double] { (1...max(1, dim[0])).map { $0 <= 3 ? spatialSpacing($0) : pixdim[$0] } }

    /// Number of channels: the product of all axes after the third.
    public var channels: Int { shape.dropFirst(3).reduce(1, *) }

    /// The size [D, H, W] of one channel; axes that the file does not have count 1.
    public var size: Size3 { Size3 { 3 - $0 <= dim[0] ? dim[3 - $0] : 1 } }

    /// `value * slope + intercept` gives the intensity; nil when the stored numbers are the intensities (slope 0, NaN or infinite).
    public var scaling: (slope: Double, intercept: Double)? {
        guard slope != 0, slope.isFinite else { return nil }
        return (slope, intercept)
    }

    /// The unit of space in words. It does not enter the affine: like nibabel, lengths are taken as mm whatever it says.
    public var spaceUnit: String {
        switch units & 7 {
        case 1: "m"
        case 2: "mm"
        case 3: "µm"
        default: "unknown"
        }
    }

    /// From (i, j, k, 1) to RAS+ mm: sform if its code is set, else qform if its code is set, else spacing about the center, x flipped.
    ///
    /// nil if the qform's quaternion is longer than 1, which nothing can be made of.
    public var affine: [[Double]]? {
        if sformCode != 0 { return srow + [[0, 0, 0, 1]] }
        if qformCode != 0 { return qform }
        return baseAffine
    }

    /// The affine of the qform fields (nifti1.h, "METHOD 2"), whatever its code; nil if the quaternion is longer than 1.
    public var qform: [[Double]]? {
        let (b, c, d) = (quaternion[0], quaternion[1], quaternion[2])
        // nibabel's threshold: the precision of the stored numbers.
        let threshold = 3 * (version == .one ? Double(Float.ulpOfOne) : Double.ulpOfOne)
        let square = 1 - (b * b + c * c + d * d)
        guard square > -threshold else { return nil }
        let a = square < threshold ? 0 : square.squareRoot()
        let norm = a * a + b * b + c * c + d * d
        let s = 2 / norm
        let rotation = [
            [1 - s * (c * c + d * d), s * (b * c - a * d), s * (b * d + a * c)],
            [s * (b * c + a * d), 1 - s * (b * b + d * d), s * (c * d - a * b)],
            [s * (b * d - a * c), s * (c * d + a * b), 1 - s * (b * b + c * c)],
        ]
        let qfac: Double = pixdim[0] == -1 ? -1 : 1
        let scale = [spatialSpacing(1), spatialSpacing(2), qfac * spatialSpacing(3)]
        return (0..<3).map { row in (0..<3).map { rotation[row][$0] * scale[$0] } + [qoffset[row]] } + [[0, 0, 0, 1]]
    }

    /// The affine of a file that states neither: the center of the grid is the origin and i runs to the left, as in Analyze files.
    public var baseAffine: [[Double]] {
        let lengths = (1...3).map { $0 <= dim[0] ? Double(dim[$0]) : 1 }
        let steps = (1...3).map { ($0 <= dim[0] ? spatialSpacing($0) : 1) * ($0 == 1 ? -1 : 1) }
        var affine = [[Double]](repeating: [0, 0, 0, 0], count: 3) + [[0, 0, 0, 1]]
        for axis in 0..<3 {
            affine[axis][axis] = steps[axis]
            affine[axis][3] = -(lengths[axis] - 1) / 2 * steps[axis]
        }
        return affine
    }

    /// The spacing along file axis 1, 2 or 3 with nibabel's repairs: no sign, and 1 for 0.
    func spatialSpacing(_ axis: Int) -> Double { pixdim[axis] == 0 ? 1 : abs(pixdim[axis]) }

    /// Bytes of all voxels, nil if the product does not fit an `Int`.
    var declaredBytes: Int? { ([datatype.byteCount] + shape).checkedProduct() }
}
