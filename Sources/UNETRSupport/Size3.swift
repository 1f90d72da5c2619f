/// Three sizes along [D, H, W]: voxels of a volume or a patch, tokens of a grid, a box's corner, or what is counted along the same axes.
///
/// D is the slowest axis in memory, W the fastest. It is a collection of its three numbers, so it can be walked, mapped and joined to the
/// shape of a tensor as an array can. It is stored as an array `[D, H, W]`.
@frozen
public struct Size3: Hashable, Sendable {
    /// Along the slowest axis.
    public var depth: Int
    /// Along the middle axis.
    public var height: Int
    /// Along the fastest axis.
    public var width: Int

    /// The sizes along D, H and W.
    @inlinable
    public init(_ depth: Int, _ height: Int, _ width: Int) {
        self.depth = depth
        self.height = height
        self.width = width
    }

    /// The size along each axis as a closure gives it, for axis 0 (D), 1 (H) and 2 (W).
    @inlinable
    public init(_ size: (_ axis: Int) throws -> Int) rethrows {
        self.init(try size(0), try size(1), try size(2))
    }

    /// The sizes of `[D, H, W]`; nil where there are not three numbers.
    public init?(_ sizes: some Collection<Int>) {
        guard sizes.count == 3 else { return nil }
        var rest = sizes.makeIterator()
        self.init { _ in rest.next()! }
    }

    /// The product of the three: how many voxels there are.
    @inlinable public var voxels: Int { depth * height * width }

    /// Axis by axis how often `unit` goes into it, rounded down.
    @inlinable
    public func divided(by unit: Size3) -> Size3 { Size3(depth / unit.depth, height / unit.height, width / unit.width) }

    /// Axis by axis the product with `factor`.
    @inlinable
    public func multiplied(by factor: Size3) -> Size3 { Size3(depth * factor.depth, height * factor.height, width * factor.width) }

    /// Axis by axis the next multiple of `unit`.
    @inlinable
    public func roundedUp(to unit: Size3) -> Size3 { Size3 { (self[$0] + unit[$0] - 1) / unit[$0] * unit[$0] } }

    /// The three numbers with a sign between them, such as "64×128×128".
    public func text(_ sign: String = "×") -> String { "\(depth)\(sign)\(height)\(sign)\(width)" }
}

extension Size3: RandomAccessCollection, MutableCollection {
    /// The axis D.
    @inlinable public var startIndex: Int { 0 }

    /// Behind the axis W.
    @inlinable public var endIndex: Int { 3 }

    /// The size along axis 0 (D), 1 (H) or 2 (W).
    @inlinable
    public subscript(axis: Int) -> Int {
        get {
            switch axis {
            case 0: depth
            case 1: height
            case 2: width
            default: preconditionFailure("a size has the axes 0, 1 and 2")
            }
        }
        set {
            switch axis {
            case 0: depth = newValue
            case 1: height = newValue
            case 2: width = newValue
            default: preconditionFailure("a size has the axes 0, 1 and 2")
            }
        }
    }
}

extension Size3: ExpressibleByArrayLiteral {
    /// Three numbers, `[D, H, W]`.
    public init(arrayLiteral sizes: Int...) {
        precondition(sizes.count == 3, "a size needs 3 numbers [D, H, W], found \(sizes.count)")
        self.init(sizes[0], sizes[1], sizes[2])
    }
}

extension Size3: Codable {
    /// - Throws: `DecodingError` for anything but three whole numbers.
    public init(from decoder: any Decoder) throws {
        let sizes = try [Int](from: decoder)
        guard let size = Size3(sizes) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "a size needs 3 numbers [D, H, W], found \(sizes.count)"))
        }
        self = size
    }

    /// Encodes the array `[D, H, W]`.
    public func encode(to encoder: any Encoder) throws { try Array(self).encode(to: encoder) }
}

extension Size3: CustomStringConvertible {
    /// As it is stored, such as "[64, 128, 128]".
    public var description: String { "[\(depth), \(height), \(width)]" }
}
