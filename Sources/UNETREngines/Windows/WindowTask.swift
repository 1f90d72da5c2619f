public import UNETRPlanning
public import UNETRPreparation
public import UNETRSupport

/// What a network's logits become before they are averaged.
public enum Activation: Sendable {
    /// Probabilities of classes that exclude each other.
    case softmax
    /// Probabilities of regions that may overlap.
    case sigmoid
    /// Nothing: the logits themselves are averaged.
    case none
}

/// A prepared scan and how it is predicted window by window.
public struct WindowTask: Sendable {
    /// The scan [C, D, H, W], without padding of zeros; padding with its own values is part of it.
    public let image: FloatArray

    /// Voxels [D, H, W] of the image, and where its first one lies in the padded scan.
    public let imageSize, imageStart: Size3

    /// Voxels [D, H, W] of the scan without padding.
    public let size: Size3

    /// Where the windows lie in the scan, padded to at least one window.
    public let window: SlidingWindow

    /// How much each voxel of a window counts, [D, H, W].
    public let importance: [Float]

    /// The axes, of 0, 1 and 2 for D, H and W, that each prediction of a window is mirrored along.
    public let mirrorings: [[Int]]
    /// What becomes of logits: softmax, or sigmoid for regions.
    public let activation: Activation

    /// How many threads may work on the sums; nil: all cores.
    public let threads: Int?

    /// - Parameters:
    ///   - mirrorAxes: windows are predicted mirrored along every combination of them.
    ///   - patchSize: voxels of a patch, [D, H, W].
    ///   - activation: what is applied to the logits.
    ///   - image: the prepared scan, [C, D, H, W].
    ///   - threads: threads to use; nil: all processors.
    ///   - stepFraction: distance of neighboring patches as a part of the patch.
    ///   - rule: where windows lie, how much they count, and what small scans are padded with.
    public init(
        image: FloatArray, patchSize: Size3, stepFraction: Double, rule: WindowRule = .nnUNet, mirrorAxes: [Int], activation: Activation,
        threads: Int? = nil
    ) {
        guard let size = Size3(image.shape.dropFirst()) else { preconditionFailure("a scan is [C, D, H, W], not \(image.shape)") }
        let window = SlidingWindow(size: size, patchSize: patchSize, stepFraction: stepFraction, placement: rule.placement)
        self.size = size
        self.window = window
        if rule.padding == .edge, window.paddedSize != size {
            self.image = image.padded(to: window.paddedSize, before: window.paddingBefore)
            (imageSize, imageStart) = (window.paddedSize, [0, 0, 0])
        } else {
            self.image = image
            (imageSize, imageStart) = (size, window.paddingBefore)
        }
        // A patch that is alone counts alike everywhere.
        importance =
            window.starts.allSatisfy { $0.count == 1 }
            ? [Float](repeating: 1, count: patchSize.voxels) : SlidingWindow.importance(patchSize: patchSize, rule)
        mirrorings = mirrorAxes.reduce(into: [[Int]]([[]])) { found, axis in found += found.map { $0 + [axis] } }
        self.activation = activation
        self.threads = threads
    }

    /// Channels of the scan.
    public var channels: Int { image.shape[0] }

    /// Copies the window at a corner of the padded scan, mirrored along some axes: [C, D, H, W].
    public func copyWindow(at corner: Size3, mirrored axes: [Int] = [], to target: UnsafeMutableBufferPointer<Float>) {
        let patch = window.patchSize, isMirrored = (0..<3).map { axes.contains($0) }
        precondition(target.count == channels * patch.voxels)
        let rows = self.rows(of: corner)
        image.values.withUnsafeBufferPointer { image in
            var row = target.baseAddress!
            for channel in 0..<channels {
                for d in 0..<patch[0] {
                    for h in 0..<patch[1] {
                        let source = rows.start(channel, isMirrored[0] ? patch[0] - 1 - d : d, isMirrored[1] ? patch[1] - 1 - h : h)
                        if let source {
                            Self.copy(image.baseAddress! + source, rows.columns, of: patch[2], mirrored: isMirrored[2], to: row)
                        } else {
                            row.update(repeating: 0, count: patch[2])
                        }
                        row += patch[2]
                    }
                }
            }
        }
    }

    /// A copy of the window at a corner of the padded scan, [1, C, D, H, W].
    public func copy(at corner: Size3) -> FloatArray {
        FloatArray(shape: [1, channels] + window.patchSize) { copyWindow(at: corner, to: $0) }
    }

    /// The value of each channel of a window in which each has only one, padding included.
    public func constantValues(at corner: Size3) -> [Float]? {
        let patch = window.patchSize, rows = self.rows(of: corner)
        return image.values.withUnsafeBufferPointer { image in
            var values: [Float] = []
            for channel in 0..<channels {
                let isPadded = rows.isPadded, first = isPadded ? 0 : image[rows.start(channel, 0, 0)!]
                for d in 0..<patch[0] {
                    for h in 0..<patch[1] {
                        guard let start = rows.start(channel, d, h) else { continue }
                        for index in start..<(start + rows.columns.count) where image[index] != first { return nil }
                    }
                }
                guard first == first else { return nil }
                values.append(first)
            }
            return values
        }
    }

    private static func copy(
        _ source: UnsafePointer<Float>, _ columns: Range<Int>, of width: Int, mirrored: Bool, to row: UnsafeMutablePointer<Float>
    ) {
        if columns.count < width { row.update(repeating: 0, count: width) }
        guard mirrored else { return (row + columns.lowerBound).update(from: source, count: columns.count) }
        let last = width - 1 - columns.lowerBound
        var index = 0
        while index < columns.count {
            row[last &- index] = source[index]
            index &+= 1
        }
    }

    /// Where the rows of a window lie in the image.
    private struct Rows {
        /// Of the window, those in which the scan has values.
        var columns: Range<Int>
        var slices, lines: Range<Int>
        /// Whether part of the window is padding.
        var isPadded: Bool
        /// The window's first voxel in the scan, which may lie before it.
        var first: Size3
        var size: Size3

        /// The number of the first value that a row has in the scan; nil for padding.
        func start(_ channel: Int, _ d: Int, _ h: Int) -> Int? {
            guard slices.contains(d), lines.contains(h), !columns.isEmpty else { return nil }
            return ((channel * size[0] + first[0] + d) * size[1] + first[1] + h) * size[2] + first[2] + columns.lowerBound
        }
    }

    private func rows(of corner: Size3) -> Rows {
        let size = imageSize, first = Size3 { corner[$0] - imageStart[$0] }
        let parts = (0..<3).map { axis in
            let begin = max(0, -first[axis])
            return begin..<max(begin, min(window.patchSize[axis], size[axis] - first[axis]))
        }
        return Rows(
            columns: parts[2], slices: parts[0], lines: parts[1], isPadded: zip(parts, window.patchSize).contains { $0.count < $1 },
            first: first, size: size)
    }
}

extension FloatArray {
    /// A scan [C, D, H, W] in a larger volume, in which every voxel has the value of the scan's nearest.
    ///
    /// - Parameters:
    ///   - size: [D, H, W] of the larger volume.
    ///   - before: voxels before the scan along each axis.
    fileprivate func padded(to size: Size3, before: Size3) -> FloatArray {
        let own = shape.dropFirst(),
            places = (0..<3).map { axis in
                (0..<size[axis]).map { min(max($0 - before[axis], 0), own[own.startIndex + axis] - 1) }
            }
        let (height, width) = (own[own.startIndex + 1], own[own.startIndex + 2]), count = own.reduce(1, *)
        return FloatArray(shape: [shape[0]] + size) { target in
            var next = target.baseAddress!
            values.withUnsafeBufferPointer { values in
                for channel in 0..<shape[0] {
                    for d in places[0] {
                        for h in places[1] {
                            let row = values.baseAddress! + channel * count + (d * height + h) * width
                            for w in places[2] {
                                next.initialize(to: row[w])
                                next += 1
                            }
                        }
                    }
                }
            }
        }
    }
}
