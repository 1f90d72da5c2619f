public import UNETRSupport

/// How often nnU-Net's U-Net halves each axis of a patch, and the memory that its feature maps take (nnU-Net v1, planner v2.1).
public struct PoolingRule: Equatable, Sendable {
    /// No axis of a feature map gets smaller than this.
    static let smallestEdge = 4

    /// How often each axis is halved.
    public let poolsPerAxis: Size3

    /// One entry for each pooling: 2 for the axes it halves, 1 for the others.
    public let poolingKernels: [Size3]

    /// One entry for each resolution: 3, or 1 along axes too coarse to convolve across.
    public let convolutionKernels: [Size3]

    /// The patch, each axis rounded up to a multiple of `divisor`.
    public let paddedPatch: Size3
    /// What each side of a patch must be divisible by.
    public let divisor: Size3

    /// - Parameters:
    ///   - spacing: mm along the three axes.
    ///   - patchSize: voxels along the three axes.
    public init(spacing: [Double], patchSize: Size3) {
        var spacing = spacing, size = patchSize
        var pools = Size3(0, 0, 0), pooling = [Size3](), convolution = [Size3]()
        while true {
            let finest = spacing.min() ?? 1
            var similar = [Int]()
            for axis in 0..<3 {
                let partners = (0..<3).filter { spacing[$0] / spacing[axis] < 2 && spacing[axis] / spacing[$0] < 2 }
                if partners.count > similar.count { similar = partners }
            }
            let halved = (0..<3).filter { spacing[$0] / finest < 2 && size[$0] >= 2 * Self.smallestEdge }
            if halved.isEmpty { break }
            for axis in halved {
                pools[axis] += 1
                spacing[axis] *= 2
                size[axis] = (size[axis] + 1) / 2
            }
            pooling.append(Size3 { halved.contains($0) ? 2 : 1 })
            convolution.append(Size3 { similar.contains($0) ? 3 : 1 })
        }
        poolsPerAxis = pools
        poolingKernels = pooling
        convolutionKernels = convolution + [[3, 3, 3]]
        let divisor = Size3 { 1 << pools[$0] }
        self.divisor = divisor
        paddedPatch = patchSize.roundedUp(to: divisor)
    }

    /// The number of feature-map values that the reference takes for the memory of one training sample.
    package func featureMapValues(channels: Int, classes: Int, baseFeatures: Int = 32, maximumFeatures: Int = 320) -> Int {
        let convolutions = 2  // in each stage
        var size = paddedPatch, features = baseFeatures
        var total = size.voxels * ((2 * convolutions + 1) * baseFeatures + channels + classes)
        for (number, kernel) in poolingKernels.enumerated() {
            size = size.divided(by: kernel)
            features = min(2 * features, maximumFeatures)
            // Encoder, decoder and the transposed convolution between; the lowest resolution has only an encoder.
            let maps = number < poolingKernels.count - 1 ? 2 * convolutions + 1 : convolutions
            total += maps * size.voxels * features
        }
        return total
    }
}
