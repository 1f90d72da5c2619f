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
    private let parameters: [Tensor]

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
        let factor = (scaler?.factor ?? 1) / Double(batches.count)
        var sum = 0.0
        for (image, targets) in batches {
            let value = try loss(network(image, pass, deepSupervision: targets.count > 1), targets)
            try (factor == 1 ? value : value * factor).backward()
            sum += try value.item()
        }
        let mean = try processes.sum([sum / Double(batches.count)])[0] / Double(processes.count)
        let gradients = parameters.compactMap(\.gradient)
        try processes.averageInPlace(gradients)
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
