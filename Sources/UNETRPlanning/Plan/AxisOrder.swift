public import UNETRSupport

/// The order in which the axes of a scan stand in the prepared volume: axis `i` there is axis `axes[i]` of the scan.
///
/// Plans put the axis with the coarsest spacing first. Stored as a plain list, such as `[0, 1, 2]`.
public struct AxisOrder: Equatable, Sendable, Codable {
    /// For each axis of the prepared volume, the axis of the scan.
    public let axes: [Int]

    /// Leaves every axis where it is.
    public static let identity = AxisOrder(unchecked: [0, 1, 2])

    /// - Throws: `PlanError.invalid` unless each of 0, 1, 2 occurs once.
    public init(_ axes: [Int]) throws {
        guard axes.sorted() == [0, 1, 2] else {
            throw PlanError.invalid(field: "axisOrder", value: "\(axes)", rule: "must hold each of 0, 1, 2 once")
        }
        self.axes = axes
    }

    private init(unchecked axes: [Int]) { self.axes = axes }

    /// Decodes and validates.
    public init(from decoder: any Decoder) throws { try self.init([Int](from: decoder)) }
    /// Encodes what `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws { try axes.encode(to: encoder) }

    /// Whether all axes stay where they are.
    public var isIdentity: Bool { axes == [0, 1, 2] }

    /// The order that leads back.
    public var inverse: AxisOrder { AxisOrder(unchecked: (0..<3).map { axes.firstIndex(of: $0)! }) }

    /// Three values along the scan's axes, put into this order.
    public func apply<Value>(_ values: [Value]) -> [Value] { axes.map { values[$0] } }

    /// Three sizes along the scan's axes, put into this order.
    public func apply(_ size: Size3) -> Size3 { Size3 { size[axes[$0]] } }
}
