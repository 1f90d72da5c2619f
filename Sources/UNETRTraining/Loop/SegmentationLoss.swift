public import UNETRTorch

/// What the outputs of a network are compared with their targets by.
public protocol SegmentationLoss: Sendable {
    /// - Parameters:
    ///   - logits: [N, outputs, D, H, W].
    ///   - target: what `TrainingTargets` makes of the labels.
    /// - Returns: a scalar; the smaller the better.
    func callAsFunction(_ logits: Tensor, _ target: Tensor) throws -> Tensor
}

/// Sums a tensor over the processes that share a batch.
public typealias BatchSum = @Sendable (Tensor) throws -> Tensor

/// Soft Dice of probabilities and indicators: (2·TP + s) / (2·TP + FP + FN + s + 1e-8) with s = 1e-5.
struct SoftDice {
    /// Counts over the whole batch instead of per sample.
    var batchDice: Bool
    /// Sums a tensor over the processes that share the batch; nil: there is one.
    var batchSum: BatchSum?
    var smooth = 1e-5

    /// Both [N, outputs, D, H, W]; returns [outputs] over the batch, [N, outputs] per sample.
    func callAsFunction(_ probabilities: Tensor, _ indicators: Tensor) throws -> Tensor {
        let axes = batchDice ? [0, 2, 3, 4] : [2, 3, 4]
        var overlap = try (probabilities * indicators).sum(axes) * 2
        var size = try probabilities.sum(axes) + indicators.sum(axes)  // 2·TP + FP + FN
        if batchDice, let batchSum {
            let sums = try batchSum(Tensor.stacked([overlap, size]))
            (overlap, size) = (try sums.selected(0, 0), try sums.selected(0, 1))
        }
        return try (overlap + smooth) / (size + (smooth + 1e-8))
    }
}

/// Cross-entropy plus (negative) soft Dice, as nnU-Net v1 and the published UNETR++ train with: for classes that exclude each other.
///
/// The Dice term is the mean over the foreground classes, with the counts summed over the whole batch (`batchDice`) or per sample. The
/// target is class numbers [N, D, H, W], int64; the loss lies between −1 (perfect) and infinity.
public struct DiceCrossEntropyLoss: SegmentationLoss {
    /// Whether Dice is computed over the batch as a whole.
    public var batchDice: Bool
    /// Sums a tensor over the processes that share the batch; nil: there is one.
    public var batchSum: BatchSum?

    /// Cross-entropy minus soft Dice.
    public init(batchDice: Bool = true, batchSum: BatchSum? = nil) { (self.batchDice, self.batchSum) = (batchDice, batchSum) }

    /// The loss of logits [N, C, D, H, W] for class numbers [N, D, H, W].
    public func callAsFunction(_ logits: Tensor, _ target: Tensor) throws -> Tensor {
        let logits = try logits.dtype == .float64 ? logits : logits.to(.float32)
        let classes = logits.shape[1]
        let indicators = try target.oneHot(classes: classes).to(logits.dtype)
        let dice = try SoftDice(batchDice: batchDice, batchSum: batchSum)(logits.softmax(1), indicators)
        return try logits.crossEntropy(target) - dice.narrowed(-1, 1..<classes).mean()
    }
}

/// Binary cross-entropy plus (negative) soft Dice of a sigmoid, region by region: for regions that overlap, as in BraTS.
///
/// The Dice term is the mean over all regions (there is no background output). The target is indicators [N, regions, D, H, W].
public struct DiceBinaryCrossEntropyLoss: SegmentationLoss {
    /// Whether Dice is computed over the batch as a whole.
    public var batchDice: Bool
    /// Sums a tensor over the processes that share the batch; nil: there is one.
    public var batchSum: BatchSum?

    /// Binary cross-entropy minus soft Dice, for overlapping regions.
    public init(batchDice: Bool = true, batchSum: BatchSum? = nil) { (self.batchDice, self.batchSum) = (batchDice, batchSum) }

    /// The loss of logits [N, C, D, H, W] for regions of the same shape.
    public func callAsFunction(_ logits: Tensor, _ target: Tensor) throws -> Tensor {
        let logits = try logits.dtype == .float64 ? logits : logits.to(.float32)
        let target = try target.to(logits.dtype)
        return try logits.binaryCrossEntropy(target) - SoftDice(batchDice: batchDice, batchSum: batchSum)(logits.sigmoid(), target).mean()
    }
}

/// The loss of all outputs of a network: weights 1, ½, ¼, … normalized to sum 1.
public struct DeepSupervisionLoss: Sendable {
    /// The loss of one output.
    public var loss: any SegmentationLoss

    /// A weighted sum of this loss over all outputs.
    public init(_ loss: any SegmentationLoss) { self.loss = loss }

    /// The weight of each output, the finest first; their sum is 1.
    public static func weights(levels: Int) -> [Double] {
        let halves = (0..<levels).map { 1 / Double(1 << $0) }
        return halves.map { $0 / halves.reduce(0, +) }
    }

    /// Logits and targets level by level, finest first.
    public func callAsFunction(_ logits: [Tensor], _ targets: [Tensor]) throws -> Tensor {
        let weights = Self.weights(levels: logits.count)
        var total = try loss(logits[0], targets[0]) * weights[0]
        for level in logits.indices.dropFirst() { total = try total + loss(logits[level], targets[level]) * weights[level] }
        return total
    }
}
