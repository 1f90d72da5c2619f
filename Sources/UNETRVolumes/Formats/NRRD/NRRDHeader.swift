/// The header of an NRRD file: what says how the voxels are stored and where they lie.
///
/// Numbers are kept as the file states them, so that a mask written with the header of its scan states the same.
/// Source: "Definition of NRRD File Format", https://teem.sourceforge.net/nrrd/format.html.
public struct NRRDHeader: VolumeHeader, Equatable {
    /// The space that directions and origin are given in. Where a file names none of the patient's, ITK and 3D Slicer take LPS.
    public enum Space: String, Sendable, CaseIterable {
        /// Coordinates grow to the left, to the back and to the head (LPS).
        case leftPosteriorSuperior = "left-posterior-superior"
        /// Coordinates grow to the right, to the front and to the head (RAS).
        case rightAnteriorSuperior = "right-anterior-superior"
        /// Coordinates grow to the left, to the front and to the head (LAS).
        case leftAnteriorSuperior = "left-anterior-superior"
        /// Coordinates of the scanner.
        case scanner = "scanner-xyz"
        /// A right-handed space without anatomical names.
        case rightHanded = "3D-right-handed"
        /// A left-handed space without anatomical names.
        case leftHanded = "3D-left-handed"

        /// Whether x and y run against RAS+.
        var flips: [Bool] {
            switch self {
            case .rightAnteriorSuperior: [false, false, false]
            case .leftAnteriorSuperior: [true, false, false]
            case .leftPosteriorSuperior, .scanner, .rightHanded, .leftHanded: [true, true, false]
            }
        }
    }

    /// Lengths of the axes, the fastest (i) first.
    public var sizes: [Int]
    /// The type of voxels in the file.
    public var type: VoxelType
    /// The order of bytes in the file.
    public var byteOrder: ByteOrder = .little

    /// Nil: the file names no space.
    public var space: Space?

    /// From one voxel to the next along each file axis; nil: the file states distances only.
    public var directions: [[Double]]?
    /// Position of the first voxel's center in mm, in the file's space.
    public var origin: [Double]?

    /// Distances between voxels in a file without directions; nil: 1.
    public var spacings: [Double]?

    /// Names and colors of labels; nil where the file has none.
    public var labelSet: LabelSet?

    var encoding: VoxelEncoding = .deflate

    /// The file of the voxels where it is another one, as the header names it.
    public var dataFile: String?

    /// Lines of text before the voxels, and then bytes, after unpacking; −1: the voxels are the last bytes of the file.
    var lineSkip = 0
    var byteSkip = 0

    /// The byte after the header.
    var headerBytes = 0

    /// Values of each voxel.
    public var channels: Int { 1 }

    /// The grid, in RAS+ mm.
    public var geometry: Geometry {
        let spacings = directions?.map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() } ?? spacings ?? [1, 1, 1]
        let steps = directions ?? (0..<3).map { axis in (0..<3).map { $0 == axis ? spacings[axis] : 0 } }
        return Geometry(
            sizes: sizes, steps: steps, origin: origin ?? [0, 0, 0], spacings: spacings, flips: (space ?? .leftPosteriorSuperior).flips)
    }

    /// A header for voxels that came from nowhere else, in LPS.
    public init(geometry: Geometry, type: VoxelType) {
        sizes = geometry.size.reversed()
        self.type = type
        space = .leftPosteriorSuperior
        func signed(_ row: Int, _ column: Int) -> Double {
            let value = geometry.affine[row][column]
            return row < 2 && value != 0 ? -value : value
        }
        directions = (0..<3).map { axis in (0..<3).map { signed($0, axis) } }
        origin = (0..<3).map { signed($0, 3) }
    }

    /// This header for other voxels on the same grid.
    func describing(_ type: VoxelType) -> NRRDHeader {
        var header = self
        header.type = type
        header.byteOrder = .little
        header.encoding = .deflate
        (header.dataFile, header.lineSkip, header.byteSkip, header.headerBytes) = (nil, 0, 0, 0)
        return header
    }
}
