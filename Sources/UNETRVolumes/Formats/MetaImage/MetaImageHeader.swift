import Foundation

/// The header of a MetaImage file: what says how the voxels are stored and where they lie.
///
/// Numbers are kept as the file states them, so that a mask written with the header of its scan states the same.
/// Source: MetaIO, https://itk.org/Wiki/ITK/MetaIO/Documentation, and what ITK's reader does.
public struct MetaImageHeader: VolumeHeader, Equatable {
    /// Lengths of the axes, the fastest (i) first.
    public var sizes: [Int]
    /// The type of voxels in the file.
    public var type: VoxelType
    /// The order of bytes in the file.
    public var byteOrder: ByteOrder = .little

    /// Nine numbers: the direction of the first file axis in LPS space, then that of the second and the third.
    public var matrix: [Double]

    /// The position of the first voxel in LPS space, in mm.
    public var offset: [Double]

    /// Distances between voxels along the file axes in mm.
    public var spacings: [Double]

    /// `AnatomicalOrientation`, which says in letters what the matrix says in numbers and is only passed on.
    public var anatomicalOrientation: String?

    var encoding: VoxelEncoding = .deflate

    /// The file of the voxels where it is another one, as the header names it.
    public var dataFile: String?

    /// Bytes before the voxels; −1: the voxels are the last bytes of the file.
    var headerSize = 0

    /// The byte after the header.
    var headerBytes = 0

    /// Values of each voxel.
    public var channels: Int { 1 }

    /// The grid, in RAS+ mm.
    public var geometry: Geometry {
        let steps = (0..<3).map { axis in (0..<3).map { matrix[3 * axis + $0] * spacings[axis] } }
        return Geometry(sizes: sizes, steps: steps, origin: offset, spacings: spacings, flips: [true, true, false])
    }

    /// A header for voxels that came from nowhere else.
    public init(geometry: Geometry, type: VoxelType) {
        sizes = geometry.size.reversed()
        self.type = type
        spacings = geometry.spacing.reversed()
        func signed(_ row: Int, _ column: Int) -> Double {
            let value = geometry.affine[row][column]
            return row < 2 && value != 0 ? -value : value
        }
        let lengths = spacings
        matrix = (0..<3).flatMap { axis in (0..<3).map { signed($0, axis) / lengths[axis] } }
        offset = (0..<3).map { signed($0, 3) }
    }

    /// This header for other voxels on the same grid.
    func describing(_ type: VoxelType) -> MetaImageHeader {
        var header = self
        header.type = type
        header.byteOrder = .little
        header.encoding = .deflate
        (header.dataFile, header.headerSize, header.headerBytes) = (nil, 0, 0)
        return header
    }

    /// The bytes before the voxels. Numbers are as short as they can be and still read back to the bit.
    ///
    /// - Parameter compressedBytes: how long the packed voxels are; MetaIO does not find that out by itself.
    func encoded(compressedBytes: Int) -> [UInt8] {
        func list(_ numbers: [Double]) -> String { numbers.map { "\($0)" }.joined(separator: " ") }
        var lines = ["ObjectType = Image", "NDims = 3", "BinaryData = True", "BinaryDataByteOrderMSB = False", "CompressedData = True"]
        lines += ["CompressedDataSize = \(compressedBytes)", "TransformMatrix = \(list(matrix))", "Offset = \(list(offset))"]
        lines += ["CenterOfRotation = 0 0 0"]
        if let anatomicalOrientation { lines.append("AnatomicalOrientation = \(anatomicalOrientation)") }
        lines += ["ElementSpacing = \(list(spacings))", "DimSize = \(sizes.map(String.init).joined(separator: " "))"]
        lines += ["ElementType = \(Self.name(of: type))", "ElementDataFile = \(dataFile ?? "LOCAL")"]
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    private static func name(of type: VoxelType) -> String {
        switch type {
        case .int8: "MET_CHAR"
        case .uint8: "MET_UCHAR"
        case .int16: "MET_SHORT"
        case .uint16: "MET_USHORT"
        case .int32: "MET_INT"
        case .uint32: "MET_UINT"
        case .int64: "MET_LONG_LONG"
        case .uint64: "MET_ULONG_LONG"
        case .float32: "MET_FLOAT"
        case .float64: "MET_DOUBLE"
        }
    }
}
