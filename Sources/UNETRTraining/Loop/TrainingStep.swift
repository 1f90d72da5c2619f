import UNETRAugmentation
import UNETRLayers
import UNETRNetworks
import UNETRTorch

/// One step of the optimizer from one batch or several: forward, loss, backward, reduction, clipping, change of the weights.
final class TrainingStep {
    struct Result: Equatable {
        /// Mean over the batches and processes.
        var loss: Double
        /// Of all gradients together before clipping; not finite where the step was left out because float16 overflowed.
        var gradientNorm: Double
    }

    let network: any SegmentationNetwork
    let optimizer: any Optimizer
    let loss: DeepSupervisionLoss
    let processes: any ProcessGroup
    var gradientClip = 12.0
    /// With float16 only.
    var scaler: LossScaler?
    /// What the part of this process counts in a mean over the processes: 1 where all have equally many samples.
    var share = 1.0
    private let parameters: [Tensor]
    private lazy var reducer = Swift.Result { try processes.makeReducer(of: parameters) }

    init(network: any SegmentationNetwork, optimizer: any Optimizer, loss: DeepSupervisionLoss, processes: any ProcessGroup = SingleProcess()) {
        self.network = network
        self.optimizer = optimizer
        self.loss = loss
        self.processes = processes
        parameters = optimizer.parameters
    }

    /// - Parameter batches: images [N, C, D, H, W] and targets level by level; the gradient is the mean of theirs.
    func callAsFunction(_ batches: [(image: Tensor, targets: [Tensor])], _ pass: ForwardPass) throws -> Result {
        try optimizer.clearGradients()
        let factor = (scaler?.factor ?? 1) * share / Double(batches.count)
        let reducer = try processes.count > 1 ? reducer.get() : nil
        var sum = 0.0
        for (number, (image, targets)) in batches.enumerated() {
            let value = try loss(network(image, pass, deepSupervision: targets.count > 1), targets)
            let scaled = try factor == 1 ? value : value * factor
            // The gradients of the batches before the last add up in each process.
            if number == batches.count - 1 { try reducer?.prepare(for: scaled) }
            try scaled.backward()
            sum += try value.item()
        }
        let mean = try processes.sum([sum * share / Double(batches.count)])[0] / Double(processes.count)
        let gradients = parameters.compactMap(\.gradient)
        if reducer == nil { try processes.averageInPlace(gradients) }
        if let scaler { try withoutGradients { try TensorList.multiplyInPlace(gradients, by: 1 / scaler.factor) } }
        let norm = try optimizer.clipGradients(to: gradientClip)
        if mean.isFinite, norm.isFinite { try optimizer.step() }
        scaler?.update(finite: norm.isFinite)
        return Result(loss: mean, gradientNorm: norm)
    }
}

/// A batch as the network and the loss take it.
extension Batch {
    func tensors(_ targets: TrainingTargets, on device: Device) throws -> (image: Tensor, targets: [Tensor]) {
        let image = try withImage { try Tensor(copying: UnsafeRawBufferPointer($0), shape: imageShape, dtype: .float32).to(device) }
        let levels = try levels.indices.map { level in
            try withLabels(level) {
                try targets.target(Tensor(copying: UnsafeRawBufferPointer($0), shape: labelShape(level), dtype: .int16).to(device))
            }
        }
        return (image, levels)
    }
}
