/// The size of a volume in voxels: depth, height, width, with width the contiguous axis.
///
/// It is stored as an array `[D, H, W]`.
public struct Extent: Hashable, Sendable, Codable, CustomStringConvertible {
    /// Voxels along the slowest axis.
    public var depth: Int
    /// Voxels along the middle axis.
    public var height: Int
    /// Voxels along the fastest axis.
    public var width: Int

    /// A size in voxels.
    public init(_ depth: Int, _ height: Int, _ width: Int) {
        self.depth = depth
        self.height = height
        self.width = width
    }

    /// Makes an extent of `[D, H, W]`; nil when there are not three numbers.
    public init?(_ sizes: [Int]) {
        guard sizes.count == 3 else { return nil }
        self.init(sizes[0], sizes[1], sizes[2])
    }

    /// Decodes and validates.
    public init(from decoder: any Decoder) throws {
        let sizes = try [Int](from: decoder)
        guard let extent = Extent(sizes) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "a size needs 3 numbers [D, H, W], found \(sizes.count)"))
        }
        self = extent
    }

    /// Encodes what `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws { try sizes.encode(to: encoder) }

    /// `[D, H, W]`.
    public var sizes: [Int] { [depth, height, width] }

    /// The number of voxels.
    public var count: Int { depth * height * width }

    /// The three sizes with × between them.
    public var description: String { "\(depth)×\(height)×\(width)" }

    /// The size along axis 0 (depth), 1 (height) or 2 (width).
    public subscript(axis: Int) -> Int {
        get { axis == 0 ? depth : axis == 1 ? height : width }
        set {
            switch axis {
            case 0: depth = newValue
            case 1: height = newValue
            default: width = newValue
            }
        }
    }
}
