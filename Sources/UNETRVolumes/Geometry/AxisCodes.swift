/// The directions in which the axes of a file (i, j, k) run, such as "RAS" for i to the right, j to the front, k upward.
public struct AxisCodes: Equatable, Sendable {
    /// To the right, to the front, to the head: the canonical orientation of NIfTI, to which plans made here turn every scan.
    public static let canonical = AxisCodes("RAS")!

    /// One for each axis, each along another axis of the patient.
    public let directions: [AnatomicalDirection]

    /// The codes of three letters; nil unless they are one of R and L, one of A and P, and one of S and I, in any order.
    public init?(_ text: String) {
        let directions = text.compactMap(AnatomicalDirection.init(rawValue:))
        guard directions.count == 3, text.count == 3, Set(directions.map(\.axis.index)).count == 3 else { return nil }
        self.directions = directions
    }

    /// The three letters.
    public var text: String { String(directions.map(\.rawValue)) }
}
