public import Torch

/// Cross-entropy plus (negative) soft Dice, as nnU-Net v1 and the published UNETR++ train with.
///
/// The Dice term is the mean over the foreground classes of (2·TP + s) / (2·TP + FP + FN + s + 1e-8), with s = 1e-5 and the counts summed
/// over the whole batch (`batchDice`) or per sample.
public struct DiceCrossEntropyLoss: Sendable {
    public var batchDice: Bool
    public var smooth = 1e-5

    public init(batchDice: Bool = true) { self.batchDice = batchDice }

    /// - Parameters:
    ///   - logits: [N, classes, D, H, W].
    ///   - target: class numbers [N, D, H, W], int64.
    /// - Returns: a scalar between −1 (perfect) and infinity.
    public func callAsFunction(_ logits: Tensor, _ target: Tensor) throws -> Tensor {
        let logits = try logits.dtype == .float64 ? logits : logits.to(.float32)
        let classes = logits.shape[1]
        let probabilities = try logits.softmax(1)
        let indicators = try target.oneHot(classes: classes).to(logits.dtype)
        let axes = batchDice ? [0, 2, 3, 4] : [2, 3, 4]
        let overlap = try (probabilities * indicators).sum(axes) * 2
        let size = try probabilities.sum(axes) + indicators.sum(axes)  // 2·TP + FP + FN
        let dice = try (overlap + smooth) / (size + (smooth + 1e-8))
        let foreground = try dice.narrowed(-1, 1..<classes).mean()
        return try logits.crossEntropy(target) - foreground
    }
}

/// The loss of all outputs of a network: weights 1, ½, ¼, … normalised to sum 1.
public struct DeepSupervisionLoss: Sendable {
    public var loss: DiceCrossEntropyLoss

    public init(_ loss: DiceCrossEntropyLoss) { self.loss = loss }

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
