import Foundation
import UNETRArchives
import UNETRAugmentation
import UNETREngines
import UNETREvaluation
import UNETRInference
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorch
import UNETRTorchEngine
import UNETRVolumes

extension Trainer {
    /// Loss and Dice of plain patches of the validation cases (of the training cases, where there are none): a quick estimate, since
    /// patches are centered on foreground as often as in training.
    ///
    /// - Parameter batches: fewer than the settings say; nil: as many.
    func estimate(_ epoch: Int, batches: Int? = nil) throws -> (loss: Double?, dice: [Double?]?) {
        let count = batches ?? configuration.estimationIterations
        guard count > 0 else { return (nil, nil) }
        let names = description.fold.validation.isEmpty ? description.fold.training : description.fold.validation
        let sources = try processes.inStep { try names.map { try CaseSource(named: $0, in: prepared, targets) } }
        var loading = loading(batches: count)
        loading.seed = ~configuration.seed  // other patches than those of training
        let loader = try BatchLoader(
            sources: sources, augmenter: Augmenter(plan: .none, patch: levels[0]), configuration: loading,
            start: Batch.Position(epoch: epoch, batch: 0), endEpoch: epoch + 1)
        defer { loader.cancel() }
        return try withAveragedWeights {
            try withoutGradients {
                var sums = OverlapSums(structures: plan.labels.foreground.count)
                var loss = 0.0
                let pass = ForwardPass(mixedPrecision: configuration.mixedPrecision)
                while let batch = try processes.inStep({ try loader.next() }) {
                    let (image, levels) = try batch.tensors(targets, on: device)
                    let logits = try network(image, pass, deepSupervision: levels.count > 1)
                    loss += try step.loss(logits, levels).item() * step.share
                    let labels = try batch.withLabels(0) {
                        try Tensor(copying: UnsafeRawBufferPointer($0), shape: batch.labelShape(0), dtype: .int16).to(device)
                    }
                    try sums.add(targets.decided(logits[0]), targets.indicators(labels))
                }
                let mean = try processes.sum([loss])[0] / Double(count * processes.count)
                return (mean, try sums.dice(processes))
            }
        }
    }

    /// Mean Dice of each structure over the whole validation cases, without mirroring; nil without such cases.
    func validate(_ report: (TrainingEvent) throws -> Void) throws -> [Double]? {
        let names = description.fold.validation
        guard !names.isEmpty else { return nil }
        return try withAveragedWeights {
            let predictor = try predictor()
            var sums = WholeCaseDice(targets, cases: names.count)
            // Scans take unequally long.
            try processes.together {
                for (number, name) in names.enumerated() where number % processes.count == processes.rank {
                    try Cancellation.check()
                    let (prediction, source) = try prediction(of: name, predictor)
                    try source.withLabels { sums.add(number, prediction: prediction, reference: $0) }
                    try report(.validated(done: number + 1, of: names.count))
                }
            }
            return try sums.means(processes)
        }
    }

    /// A whole case as the network sees it, in the terms of training samples, and the case.
    func prediction(of name: String, _ predictor: SlidingWindowPredictor) throws -> ([Int16], CaseSource) {
        let source = try CaseSource(named: name, in: prepared, targets)
        let image = try source.withImage { FloatArray(Array($0), shape: [source.channels] + source.size) }
        // Slice by slice: the probabilities of a whole scan may be more than there is memory.
        var prediction: [Int16] = []
        prediction.reserveCapacity(source.size.voxels)
        try predictor.forEachSlab(of: image) { prediction += try targets.numbers(deciding: $0.withView { try Tensor($0) }) }
        return (prediction, source)
    }

    /// The last validation: whole cases as they would be segmented, with mirroring, back on their scans' grid, against the label files.
    ///
    /// Masks and scores go to the run's `validation/`. Nil where the run knows no label files.
    func finalValidation(_ report: (TrainingEvent) throws -> Void) throws -> EvaluationResult? {
        let names = description.fold.validation.filter { description.references[$0] != nil }
        guard configuration.finalValidation, !names.isEmpty else { return nil }
        let segmenter = try finalSegmenter(mirroring: true)
        let cases = try withAveragedWeights {
            try names.enumerated().map { number, name in
                try Cancellation.check()
                let mask = try mask(of: name, segmenter)
                let reference = URL(fileURLWithPath: description.references[name]!)
                let output = run.validation.appending(path: name + VolumeFile.maskEnding(for: reference))
                // A DICOM object has no grid of its own.
                let header = DICOMStructures.recognizes(reference) ? nil : try VolumeFile.readHeader(reference)
                try VolumeFile.write(labels: mask, like: header, to: output)
                var metrics = try metrics(of: name, mask)
                metrics.predictionFile = output.path
                try report(.validated(done: number + 1, of: names.count))
                return metrics
            }
        }
        let result = try evaluator.result(cases)
        try EvaluationFiles.write(EvaluationReport(title: "\(plan.dataset): validation", result: result), to: run.validation)
        return result
    }

    private var evaluator: Evaluator { Evaluator(classes: plan.labels.foreground) }

    /// What segments whole cases as they will be.
    func finalSegmenter(mirroring: Bool) throws -> Segmenter {
        // These masks are what a clean-up is chosen by.
        let options = SegmenterOptions(mirroring: mirroring, postProcesses: false, threads: Runtime.threads)
        let memory = TorchProvider.memory(
            try plan.networkDescription(), outputs: plan.labels.outputCount, parameters: network.store.parameterCount,
            isHalf: configuration.mixedPrecision != nil, isOnHost: device == .cpu)
        return Segmenter(engines: [try engine()], plan: plan, memory: memory, options: options)
    }

    /// A prepared case on the grid of its scan.
    func mask(of name: String, _ segmenter: Segmenter) throws -> LabelMap {
        let file = try PreparedCaseFile(named: name, in: prepared)
        return try segmenter.segment(FloatArray(file.image.floats(), shape: file.image.shape), of: file.properties).labels
    }

    /// The scores of a case's mask against its label file.
    func metrics(of name: String, _ mask: LabelMap) throws -> CaseMetrics {
        let reference = URL(fileURLWithPath: description.references[name]!)
        let expected = try VolumeFile.readLabels(reference, on: mask.geometry, as: plan.labels)
        var metrics = try evaluator.evaluate(mask, against: expected, case: name)
        metrics.referenceFile = reference.path
        return metrics
    }

    /// What predicts whole cases without mirroring.
    func predictor() throws -> SlidingWindowPredictor {
        var settings = plan.inference
        settings.mirrorAxes = []
        settings.aggregation = .probabilities  // what the targets are compared with
        return SlidingWindowPredictor(engines: [try engine()], plan: plan, settings: settings, threads: Runtime.threads)
    }

    /// The network in training as an engine.
    private func engine() throws -> TorchEngine {
        TorchEngine(
            network, device: device, mixedPrecision: configuration.mixedPrecision,
            preferredBatch: TorchProvider.preferredBatch(try plan.networkDescription(), on: device))
    }

    func withAveragedWeights<Result>(_ body: () throws -> Result) throws -> Result {
        try average.map { try $0.whileInPlace(body) } ?? body()
    }
}
