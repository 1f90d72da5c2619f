public import UNETRSupport
public import UNETRVolumes

/// The way back: network outputs on the prepared grid become labels, or probabilities, on the grid of the scan.
///
/// Outputs are interpolated linearly (nearest slice along a coarse axis) to the cropped scan, decided voxel by voxel, and pasted at
/// the crop's place. Where outputs come slice by slice, `RestorationStream` does the same without ever holding all of them.
public struct Restoration: Sendable {
    /// Geometry and crop of the case.
    public let properties: CaseProperties

    /// Threads; all cores when nil. Results do not depend on it.
    public var threads: Int?

    /// Restores results of this case to the grid of its scan.
    public init(of properties: CaseProperties, threads: Int? = nil) {
        self.properties = properties
        self.threads = threads
    }

    /// The label map in the geometry of the scan; 0 outside the crop.
    ///
    /// - Parameters:
    ///   - outputs: probabilities or logits, C-order [K, D, H, W] on the prepared grid; K is the number of values of `decision`.
    ///   - decision: what an output stands for.
    /// - Throws: `PreparationError.wrongProbabilityCount`.
    public func labels(from outputs: [Float], decision: LabelDecision) throws -> LabelMap {
        try check(outputs, classes: decision.count)
        let stream = RestorationStream(of: properties, decision: decision, threads: threads)
        try outputs.withUnsafeBufferPointer { try stream.add($0) }
        return stream.takeLabels()
    }

    /// The outputs on the grid of the scan, C-order [K, D, H, W]; outside the crop `outside` (one value an output).
    ///
    /// This is classes × voxels of the scan in memory; labels alone do not need it.
    public func outputs(from outputs: [Float], outside: [Float]) throws -> [Float] {
        try check(outputs, classes: outside.count)
        let stream = RestorationStream(of: properties, outputs: outside.count, threads: threads)
        let whole = properties.geometry.size, count = properties.geometry.count
        var result = outside.flatMap { [Float](repeating: $0, count: count) }
        try result.withUnsafeMutableBufferPointer { result in
            let target = result.baseAddress!
            try outputs.withUnsafeBufferPointer { outputs in
                try stream.add(outputs) { part in
                    part.forEachRun(in: whole) { (target + $1).update(from: $0.baseAddress!, count: $0.count) }
                }
            }
        }
        return result
    }

    private func check(_ outputs: [Float], classes: Int) throws {
        let expected = classes * properties.voxelCount
        guard outputs.count == expected else {
            throw PreparationError.wrongProbabilityCount(scan: properties.name, expected: expected, got: outputs.count)
        }
    }
}

/// Outputs on a part of the scan's own grid.
public struct RestoredPart: Sendable {
    /// Which voxels of the scan.
    public let box: CropBox

    /// C-order [K, D, H, W] with [D, H, W] = `box.size`.
    public let values: [Float]

    package init(box: CropBox, values: [Float]) {
        self.box = box
        self.values = values
    }

    /// Calls `body` for every run of values that lie side by side in a volume [K, D, H, W] of the whole scan, with its place there.
    ///
    /// - Parameter size: the scan's [D, H, W].
    /// - Parameter body: what is called.
    public func forEachRun(in size: Size3, _ body: (UnsafeBufferPointer<Float>, _ position: Int) throws -> Void) rethrows {
        let part = box.size, count = part.voxels, whole = size.voxels
        guard count > 0 else { return }
        let isWholeRow = part[2] == size[2], isWholePlane = isWholeRow && part[1] == size[1]
        let run = isWholePlane ? count : isWholeRow ? part[1] * part[2] : part[2]
        try values.withUnsafeBufferPointer { values in
            for start in stride(from: 0, to: values.count, by: run) {
                let (output, rest) = start.quotientAndRemainder(dividingBy: count)
                let d = rest / (part[1] * part[2]) + box.lower[0], h = rest / part[2] % part[1] + box.lower[1]
                let position = output * whole + (d * size[1] + h) * size[2] + box.lower[2]
                try body(UnsafeBufferPointer(rebasing: values[start..<(start + run)]), position)
            }
        }
    }
}
