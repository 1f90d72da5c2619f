import UNETRSupport
public import UNETRVolumes

/// Where the axes of one scan lie in its prepared volume, and which of them run the other way there.
public struct AxisMap: Equatable, Sendable {
    /// Axis `i` of the prepared volume is axis `order.axes[i]` of the scan.
    public let order: AxisOrder

    /// The axes of the prepared volume that run against those of the scan, ascending.
    public let flipped: [Int]

    /// A map from its parts.
    public init(order: AxisOrder, flipped: [Int] = []) {
        self.order = order
        self.flipped = flipped
    }

    /// The map that turns a scan so that its file axes run as the codes say, before its axes are put in an order.
    ///
    /// Without codes, or for a scan whose affine says nothing about directions, the scan stays as it is stored.
    public init(of scan: Geometry, to codes: AxisCodes?, order: AxisOrder) { self.init(of: scan.directions, to: codes, order: order) }

    /// The same for a scan of which only the directions of its file axes are known, or not even they.
    init(of directions: [AnatomicalDirection]?, to codes: AxisCodes?, order: AxisOrder) {
        guard let codes, let directions else {
            self.init(order: order)
            return
        }
        // Axes of arrays are counted the other way round than those of files.
        var axes: [Int] = [], flipped: [Int] = []
        for (prepared, turned) in order.axes.enumerated() {
            let wanted = codes.directions[2 - turned].axis
            let source = directions.firstIndex { $0.axis.index == wanted.index }!
            axes.append(2 - source)
            if directions[source].axis.sign != wanted.sign { flipped.append(prepared) }
        }
        // Each of the three occurs once: directions are along three axes of the patient.
        self.init(order: (try? AxisOrder(axes)) ?? order, flipped: flipped)
    }

    /// Whether all axes stay where they are.
    public var isIdentity: Bool { order.isIdentity && flipped.isEmpty }

    /// Where the voxels of a part of the scan lie in an array, named by their places in the prepared order.
    ///
    /// - Parameters:
    ///   - part: [D, H, W] of the part, in the scan's order.
    ///   - whole: [D, H, W] of the array that the part's first voxel is the start of; nil: the part itself.
    /// - Returns: how far behind that start the prepared order's first voxel lies, and how far its neighbors, below 0 along flipped axes.
    package func places(of part: Size3, in whole: Size3? = nil) -> (first: Int, strides: Size3) {
        let array = whole ?? part
        let strides = order.apply(Size3(array[1] * array[2], array[2], 1)), size = order.apply(part)
        return (
            flipped.reduce(0) { $0 + (size[$1] - 1) * strides[$1] },
            Size3 { flipped.contains($0) ? -strides[$0] : strides[$0] }
        )
    }
}

extension Plan {
    /// Where the axes of a scan lie in its prepared volume.
    public func axisMap(of scan: Geometry) -> AxisMap { AxisMap(of: scan, to: orientation, order: axisOrder) }
}
