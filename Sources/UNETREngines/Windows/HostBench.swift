import CWindows
import UNETRPlanning
import UNETRPreparation
public import UNETRSupport

/// Predictions and sums in the host's memory: for every engine.
public final class HostBench: WindowBench {
    private let task: WindowTask
    private let engines: [any PatchEngine]
    private let ring: SlabRing
    /// The first slice that is not done.
    private var first = 0

    /// Values of a slice of the padded scan.
    private let plane: Int

    /// The window's copies for the next pass, [N, C, D, H, W].
    private let patches: FloatMemory
    /// [patch depth, H, W] of the padded scan: what the sums are divided by.
    private let counts: FloatMemory
    /// [classes, patch depth, H, W] of the padded scan, when the number of classes is known.
    private var sums: (classes: Int, values: FloatMemory)?
    /// Logits of each engine for a window of one value.
    private var kept: [FloatArray] = []

    /// Sums in the host's memory.
    public init(_ task: WindowTask, engines: [any PatchEngine]) {
        self.task = task
        self.engines = engines
        ring = SlabRing(task.window)
        let batch = min(engines.map(\.preferredBatch).max() ?? 1, task.mirrorings.count)
        patches = FloatMemory(max(1, batch) * task.channels * task.window.patchSize.voxels)
        plane = task.window.paddedSize[1] * task.window.paddedSize[2]
        counts = FloatMemory(zeros: task.window.patchSize[0] * plane)
    }

    /// Computes the window at this corner and adds it.
    public func predict(_ corner: Size3) throws {
        for engine in engines {
            var begin = 0
            while begin < task.mirrorings.count {
                let mirrorings = task.mirrorings[begin..<min(begin + max(1, engine.preferredBatch), task.mirrorings.count)]
                try Cancellation.check()
                try engine.withLogits(of: patches(at: corner, mirrorings)) { logits in
                    for (index, axes) in mirrorings.enumerated() { add(logits[index], mirrored: axes, at: corner) }
                }
                begin = mirrorings.endIndex
            }
        }
        finish(corner)
    }

    /// Computes the window at this corner and keeps its result for `addKept(at:)`.
    public func keep(_ corner: Size3) throws {
        kept = []  // its memory is free before it is needed again
        let patch = patches(at: corner, [[]])
        for engine in engines { try engine.withLogits(of: patch) { kept.append($0.copied()) } }
    }

    /// Adds the kept result at another corner.
    public func addKept(at corner: Size3) throws {
        for logits in kept {
            logits.withView { logits in
                for axes in task.mirrorings { add(logits[0], mirrored: axes, at: corner) }
            }
        }
        finish(corner)
    }

    /// Copies of a window, one for each mirroring.
    private func patches(at corner: Size3, _ mirrorings: ArraySlice<[Int]>) -> FloatView {
        let shape = [task.channels] + task.window.patchSize, count = shape.reduce(1, *)
        for (index, axes) in mirrorings.enumerated() {
            task.copyWindow(at: corner, mirrored: axes, to: UnsafeMutableBufferPointer(start: patches.base + index * count, count: count))
        }
        return FloatView(UnsafeBufferPointer(start: patches.base, count: mirrorings.count * count), shape: [mirrorings.count] + shape)
    }

    /// Adds one prediction, logits [classes, D, H, W].
    private func add(_ logits: FloatView, mirrored axes: [Int], at corner: Size3) {
        let patch = task.window.patchSize, padded = task.window.paddedSize, voxels = patch.voxels, classes = logits.shape[0]
        if sums == nil { sums = (classes, FloatMemory(zeros: classes * patch[0] * plane)) }
        var prediction = CWPrediction()
        prediction.activation = task.activation.c
        prediction.classes = Int64(classes)
        prediction.mirrored = (axes.contains(0), axes.contains(1), axes.contains(2))
        prediction.factor = Float(1 / Double(engines.count * task.mirrorings.count))
        prediction.logits_stride = (Int64(voxels), Int64(patch[1] * patch[2]), Int64(patch[2]))
        prediction.weights_stride = (Int64(patch[1] * patch[2]), Int64(patch[2]))
        prediction.sums_stride = (Int64(patch[0] * plane), Int64(plane), Int64(padded[2]))
        for (slots, slices) in ring.runs(at: corner) {
            prediction.size = (Int64(slots.count), Int64(patch[1]), Int64(patch[2]))
            let source = axes.contains(0) ? patch[0] - slices.upperBound : slices.lowerBound
            let inPlane = corner[1] * padded[2] + corner[2]
            task.importance.withUnsafeBufferPointer { importance in
                // Rows lie in places of their own.
                nonisolated(unsafe) let from = logits.values.baseAddress! + source * patch[1] * patch[2]
                nonisolated(unsafe) let weights = importance.baseAddress! + slices.lowerBound * patch[1] * patch[2]
                nonisolated(unsafe) let to = sums!.values.base + slots.lowerBound * plane + inPlane
                let prediction = prediction, rows = slots.count * patch[1]
                Parallel.forEach((rows + Self.rowsAtOnce - 1) / Self.rowsAtOnce, threads: task.threads) { part in
                    var prediction = prediction
                    let first = part * Self.rowsAtOnce
                    cw_add(&prediction, from, weights, to, Int64(first), Int64(min(first + Self.rowsAtOnce, rows)))
                }
            }
        }
    }

    private static let rowsAtOnce = 64

    /// To be called when all predictions of a window have been added.
    private func finish(_ corner: Size3) {
        let patch = task.window.patchSize, padded = task.window.paddedSize
        for (slots, slices) in ring.runs(at: corner) {
            let size = [slots.count, patch[1], patch[2]].map(Int64.init)
            let (strides, own) = ([patch[1] * patch[2], patch[2]].map(Int64.init), [plane, padded[2]].map(Int64.init))
            task.importance.withUnsafeBufferPointer {
                cw_add_weights(
                    size, $0.baseAddress! + slices.lowerBound * patch[1] * patch[2], strides,
                    counts.base + slots.lowerBound * plane + corner[1] * padded[2] + corner[2], own)
            }
        }
    }

    /// Hands out the slices before `end`, which no further window touches.
    public func take(upTo end: Int, _ body: (FloatArray) throws -> Void) throws {
        defer { first = end }
        guard let (classes, sums) = sums else { return }
        try ring.take(first..<end, size: task.size, atOnce: max(1, SlabRing.valuesAtOnce / max(1, classes * plane))) { slots, scan in
            if !scan.isEmpty { try body(means(of: scan)) }
            let distance = ring.depth * plane, count = slots.count * plane
            nonisolated(unsafe) let start = sums.base + slots.lowerBound * plane
            Parallel.forEach(classes, threads: task.threads) { (start + $0 * distance).update(repeating: 0, count: count) }
            (counts.base + slots.lowerBound * plane).update(repeating: 0, count: count)
        }
    }

    private func means(of slots: Range<Int>) -> FloatArray {
        let (classes, sums) = sums!, size = task.size, before = task.window.paddingBefore, row = task.window.paddedSize[2]
        let depth = ring.depth, plane = plane, inPlane = before[1] * row + before[2], voxels = size[1] * size[2]
        return FloatArray(shape: [classes, slots.count, size[1], size[2]]) { means in
            nonisolated(unsafe) let (means, from, counts) = (means.baseAddress!, sums.base + inPlane, counts.base + inPlane)
            Parallel.forEach(classes * slots.count, threads: task.threads) { index in
                let (k, slot) = (index / slots.count, slots.lowerBound + index % slots.count)
                cw_divide(
                    from + (k * depth + slot) * plane, counts + slot * plane, Int64(row), Int64(size[1]), Int64(size[2]), means + index * voxels)
            }
        }
    }
}

/// Memory for values that does not move.
private final class FloatMemory {
    let base: UnsafeMutablePointer<Float>

    init(_ count: Int) { base = .allocate(capacity: max(1, count)) }

    init(zeros count: Int) {
        base = .allocate(capacity: max(1, count))
        base.initialize(repeating: 0, count: count)
    }

    deinit { base.deallocate() }
}

extension Activation {
    var c: CWActivation {
        switch self {
        case .softmax: CW_SOFTMAX
        case .sigmoid: CW_SIGMOID
        case .none: CW_IDENTITY
        }
    }
}
