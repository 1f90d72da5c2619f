import UNETRPreparation
import UNETRTorch

/// Weighted sums of the patches over the slices that are at work: those of one patch's depth.
///
/// The slices lie in a ring, so that none is moved when those before it are done.
final class SlabSums {
    private let window: SlidingWindow
    private let importance: Tensor
    private let device: Device
    private let weights: Tensor

    /// [classes, patch depth, H, W] of the padded scan; slice `s` lies at `s` modulo the depth.
    private var sum: Tensor?
    /// The first slice of the scan that is not done.
    private var first = 0
    /// The sum over the predictions of one patch, where they are made on another device.
    private var gathered: Tensor?
    private let gathers: Bool

    /// - Parameters:
    ///   - importance: how much each voxel of a patch counts.
    ///   - computing: where the patches are predicted.
    ///   - keeping: where the sums are kept.
    init(window: SlidingWindow, importance: Tensor, computing: Device, keeping: Device) throws {
        self.window = window
        self.importance = try importance.to(computing)
        device = keeping
        gathers = computing != keeping
        weights = try Tensor.zeros([window.patchSize[0]] + window.paddedSize.dropFirst(), on: keeping)
    }

    /// Adds `factor` times one prediction of the patch at a corner of the padded scan.
    ///
    /// - Parameters:
    ///   - logits: [classes, d, h, w] as the engine gave them.
    ///   - axes: those to mirror the prediction along.
    func add(_ activation: Activation, of logits: Tensor, mirrored axes: [Int], factor: Double, at corner: [Int]) throws {
        if gathers {
            if gathered == nil { gathered = try Tensor.zeros(logits.shape, on: logits.device) }
            return try gathered!.addInPlace(activation, of: logits, weights: importance, mirrored: axes, factor: factor)
        }
        if sum == nil { sum = try Tensor.zeros([logits.shape[0]] + weights.shape, on: device) }
        let depth = window.patchSize[0]
        for (slots, slices) in runs(corner[0]..<(corner[0] + depth)) {
            let source = axes.contains(1) ? (depth - slices.upperBound)..<(depth - slices.lowerBound) : slices
            try part(sum!.narrowed(1, slots), corner, leadingAxes: 2).addInPlace(
                activation, of: logits.narrowed(1, source), weights: importance.narrowed(0, slices), mirrored: axes, factor: factor)
        }
    }

    /// To be called when all predictions of a patch have been added.
    func finish(_ corner: [Int]) throws {
        if let gathered {
            if sum == nil { sum = try Tensor.zeros([gathered.shape[0]] + weights.shape, on: device) }
            let arrived = try gathered.to(device)
            for (slots, slices) in runs(corner[0]..<(corner[0] + window.patchSize[0])) {
                try part(sum!.narrowed(1, slots), corner, leadingAxes: 2).addInPlace(arrived.narrowed(1, slices))
            }
            try gathered.fillInPlace(0)
        }
        let importance = try importance.to(device)
        for (slots, slices) in runs(corner[0]..<(corner[0] + window.patchSize[0])) {
            try part(weights.narrowed(0, slots), corner, leadingAxes: 1).addInPlace(importance.narrowed(0, slices))
        }
    }

    /// Hands out the means of the slices below `end`, which no further patch touches, a part at a time with the number of its first slice.
    func take(upTo end: Int, _ body: (Tensor, Int) throws -> Void) throws {
        for (slots, _) in runs(first..<end) {
            var slot = slots.lowerBound
            while slot < slots.upperBound {
                let part = slot..<min(slot + slicesAtOnce, slots.upperBound)
                let (values, counts) = (try sum!.narrowed(1, part), try weights.narrowed(0, part))
                let mean = try values / counts
                try values.fillInPlace(0)
                try counts.fillInPlace(0)
                try body(mean, first)
                first += part.count
                slot = part.upperBound
            }
        }
    }

    /// Values that are handed out at once, if that is a slice or more: 64 MB.
    static let valuesAtOnce = 1 << 24

    /// Few on the CPU; on another device as many as there are, because the network waits for all but the last.
    private var slicesAtOnce: Int {
        device == .cpu ? max(1, Self.valuesAtOnce / max(1, sum!.shape[0] * sum!.shape[2] * sum!.shape[3])) : window.patchSize[0]
    }

    /// Where neighboring slices lie in the ring, in one piece or two, each with its place in the range.
    private func runs(_ slices: Range<Int>) -> [(slots: Range<Int>, places: Range<Int>)] {
        let depth = window.patchSize[0], start = slices.lowerBound % depth
        let straight = min(slices.count, depth - start)
        let run = (start..<(start + straight), 0..<straight)
        return straight == slices.count ? [run] : [run, (0..<(slices.count - straight), straight..<slices.count)]
    }

    /// The patch's part of slices, along H and W.
    private func part(_ slices: Tensor, _ corner: [Int], leadingAxes: Int) throws -> Tensor {
        try (1..<3).reduce(slices) { try $0.narrowed($1 + leadingAxes - 1, corner[$1]..<(corner[$1] + window.patchSize[$1])) }
    }
}
