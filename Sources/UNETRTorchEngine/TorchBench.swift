import UNETREngines
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorch

/// Predictions and sums in the memory of a libtorch device: only finished slices leave it.
final class TorchBench: WindowBench {
    private let task: WindowTask
    private let engines: [TorchEngine]
    private let device: Device
    private let ring: SlabRing
    /// The first slice that is not done.
    private var first = 0

    /// The padded scan [1, C, D, H, W].
    private let image: Tensor
    /// [D, H, W]: how much each voxel of a window counts.
    private let importance: Tensor
    /// [patch depth, H, W] of the padded scan: what the sums are divided by.
    private let counts: Tensor
    /// [classes, patch depth, H, W] of the padded scan, when the number of classes is known.
    private var sums: Tensor?
    /// Logits of each engine for a window of one value.
    private var kept: [Tensor] = []
    /// Windows that are still to be predicted, with others that fill a batch.
    private var waiting: [Size3] = []

    /// What it takes in the device's memory, in bytes.
    static func memory(for task: WindowTask, outputs: Int) -> Int {
        let window = task.window, plane = window.paddedSize[1] * window.paddedSize[2]
        let values = task.channels * window.paddedSize.voxels + window.patchSize.voxels + window.patchSize[0] * plane * (outputs + 1)
        return values * MemoryLayout<Float>.size
    }

    /// - Parameter outputs: channels of the logits, for whose sums memory is then taken at once; nil: with the first prediction.
    init(_ task: WindowTask, engines: [TorchEngine], device: Device, outputs: Int? = nil) throws {
        self.task = task
        self.engines = engines
        self.device = device
        ring = SlabRing(task.window)
        let window = task.window, size = task.imageSize, start = task.imageStart
        // Pairs for the last axis first.
        let padding = (0..<3).reversed().flatMap { [start[$0], window.paddedSize[$0] - size[$0] - start[$0]] }
        let scan = try task.image.withView { try Tensor($0) }
        image = try (window.paddedSize == size ? scan : scan.padded(padding)).unsqueezed(0).to(device)
        importance = try Tensor(task.importance, shape: Array(window.patchSize)).to(device)
        counts = try Tensor.zeros([window.patchSize[0]] + window.paddedSize.dropFirst(), on: device)
        sums = try outputs.map { try Tensor.zeros([$0, window.patchSize[0]] + window.paddedSize.dropFirst(), on: device) }
    }

    /// Predicts a window, or lets it wait for the next where both fit into a batch.
    func predict(_ corner: Size3) throws {
        waiting.append(corner)
        if (waiting.count + 1) * task.mirrorings.count > engines.map(\.preferredBatch).max() ?? 1 { try predictWaiting() }
    }

    private func predictWaiting() throws {
        let copies = waiting.flatMap { corner in task.mirrorings.map { (corner: corner, axes: $0) } }
        for engine in engines {
            var begin = 0
            while begin < copies.count {
                let batch = copies[begin..<min(begin + engine.preferredBatch, copies.count)]
                try Cancellation.check()
                let patches = try batch.map { copy in
                    let patch = try patch(at: copy.corner)
                    return copy.axes.isEmpty ? patch : try patch.flipped(copy.axes.map { $0 + 2 })
                }
                let logits = try engine.logits(of: patches.count == 1 ? patches[0] : Tensor.concatenated(patches, axis: 0))
                for (index, copy) in batch.enumerated() { try add(logits.selected(0, index), mirrored: copy.axes, at: copy.corner) }
                begin = batch.endIndex
            }
        }
        for corner in waiting { try finish(corner) }
        waiting = []
    }

    func keep(_ corner: Size3) throws {
        kept = []  // its memory is free before it is needed again
        let patch = try patch(at: corner)
        kept = try engines.map { try $0.logits(of: patch) }
    }

    func addKept(at corner: Size3) throws {
        for logits in kept {
            for axes in task.mirrorings { try add(logits.selected(0, 0), mirrored: axes, at: corner) }
        }
        try finish(corner)
    }

    private func patch(at corner: Size3) throws -> Tensor {
        try (0..<3).reduce(image) { try $0.narrowed($1 + 2, corner[$1]..<(corner[$1] + task.window.patchSize[$1])) }
    }

    /// Adds one prediction, logits [classes, d, h, w].
    private func add(_ logits: Tensor, mirrored axes: [Int], at corner: Size3) throws {
        if sums == nil { sums = try Tensor.zeros([logits.shape[0]] + counts.shape, on: device) }
        let values =
            switch task.activation {
            case .softmax: try logits.softmax(0)
            case .sigmoid: try logits.sigmoid()
            case .none: logits
            }
        let weighted = try (axes.isEmpty ? values : values.flipped(axes.map { $0 + 1 })) * importance
        for (slots, slices) in ring.runs(at: corner) {
            try part(sums!.narrowed(1, slots), corner, leadingAxes: 2).addInPlace(
                weighted.narrowed(1, slices), factor: 1 / Double(engines.count * task.mirrorings.count))
        }
    }

    /// To be called when all predictions of a window have been added.
    private func finish(_ corner: Size3) throws {
        for (slots, slices) in ring.runs(at: corner) {
            try part(counts.narrowed(0, slots), corner, leadingAxes: 1).addInPlace(importance.narrowed(0, slices))
        }
    }

    func take(upTo end: Int, _ body: (FloatArray) throws -> Void) throws {
        try predictWaiting()
        defer { first = end }
        guard let sums else { return }
        let size = task.size, before = task.window.paddingBefore
        // As many slices at once as there are, because the network waits for all but the last.
        try ring.take(first..<end, size: size, atOnce: ring.depth) { slots, scan in
            let mean = try scan.isEmpty ? nil : sums.narrowed(1, scan) / counts.narrowed(0, scan)
            try sums.narrowed(1, slots).fillInPlace(0)
            try counts.narrowed(0, slots).fillInPlace(0)
            guard let mean else { return }
            try body(
                FloatArray(mean.narrowed(2, before[1]..<(before[1] + size[1])).narrowed(3, before[2]..<(before[2] + size[2]))))
        }
    }

    /// The window's part of slices, along H and W.
    private func part(_ slices: Tensor, _ corner: Size3, leadingAxes: Int) throws -> Tensor {
        try (1..<3).reduce(slices) {
            try $0.narrowed($1 + leadingAxes - 1, corner[$1]..<(corner[$1] + task.window.patchSize[$1]))
        }
    }
}
