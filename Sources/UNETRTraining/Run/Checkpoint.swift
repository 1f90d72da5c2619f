import Foundation
import UNETRArchives
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// The whole state of a run at the end of an epoch, in one file, so that it is never half written, with a digest of it.
///
/// Names: `model.KEY`, `average.KEY`, `optimizer.NAME`, `random`; the numbers are in the file's metadata.
struct Checkpoint {
    /// Epochs done.
    var epoch = 0
    /// Best validation Dice so far; nil before the first validation.
    var bestDice: Double?
    /// The epoch of that; nil in files that do not say.
    var bestEpoch: Int?
    /// The epoch's line of the log: should the program be killed before it stands there, it is taken from here. Nil in older files.
    var record: EpochRecord?
    /// The epoch after which the weights were drawn anew; nil where they were not.
    var redrawnAfter: Int?
    /// Of float16 training.
    var scaler: LossScaler?

    func write(model: ParameterStore, average: [Tensor]?, optimizer: any Optimizer, generator: Generator, to url: URL) throws {
        var arrays: [(name: String, array: StoredArray)] = try model.state(aliases: false).entries.map { ("model.\($0.key)", $0.array) }
        for (index, tensor) in (average ?? []).enumerated() { arrays.append(("average.\(index)", try tensor.stored())) }
        for (name, tensor) in optimizer.state { arrays.append(("optimizer.\(name)", try tensor.stored())) }
        arrays.append(("random", try generator.state().stored()))
        var metadata = ["epoch": String(epoch)]
        if let bestDice { metadata["bestDice"] = String(bestDice) }
        if let bestEpoch { metadata["bestEpoch"] = String(bestEpoch) }
        if let record { metadata["record"] = String(decoding: try TrainingRun.line(record), as: UTF8.self) }
        if let redrawnAfter { metadata["redrawnAfter"] = String(redrawnAfter) }
        if let scaler { (metadata["lossFactor"], metadata["goodSteps"]) = (String(scaler.factor), String(scaler.goodSteps)) }
        try Safetensors.write(arrays, metadata: metadata, withDigest: true, to: url)
    }

    /// The epoch of a checkpoint; nil where there is none that can be read.
    static func epoch(of url: URL) -> Int? { (try? SafetensorsFile(contentsOf: url))?.metadata["epoch"].flatMap(Int.init) }

    /// Reads a checkpoint into the network, the average and the optimizer.
    static func read(
        _ url: URL, model: ParameterStore, average: [Tensor]?, optimizer: any Optimizer, generator: Generator
    ) throws -> Checkpoint {
        let isVerified = try Safetensors.verify(url)
        let file = try SafetensorsFile(contentsOf: url)
        // Files with a record have a digest; should damage have struck its very name, it must not pass for an older file.
        guard isVerified || file.metadata["record"] == nil else {
            throw FileError(path: url.path, problem: "is damaged: it has no digest; take another copy of it")
        }
        guard let epoch = file.metadata["epoch"].flatMap(Int.init), (0...TrainingConfiguration.mostEpochs).contains(epoch) else {
            throw TrainingError.notARun(path: url.path, problem: "the checkpoint does not say which epoch it is of")
        }
        let redrawnAfter = file.metadata["redrawnAfter"].flatMap(Int.init), goodSteps = file.metadata["goodSteps"].flatMap(Int.init) ?? 0
        guard (0...epoch).contains(redrawnAfter ?? 0), (0...LossScaler.growthInterval).contains(goodSteps) else {
            throw TrainingError.notARun(path: url.path, problem: "the checkpoint's own numbers contradict each other")
        }
        try model.load(StateDictionary(file.names.filter { $0.hasPrefix("model.") }.map { (String($0.dropFirst(6)), try file.array($0)) }))
        try withoutGradients {
            for (index, tensor) in (average ?? []).enumerated() {
                try tensor.copyInPlace(Tensor.from(file.array("average.\(index)")))
            }
        }
        try optimizer.restore { name in
            // Moved, not copied into place: an optimizer's state has no tensors yet to copy into.
            try file["optimizer.\(name)"].map { try Tensor.from($0).to(model.device) }
        }
        try generator.restore(Tensor.from(file.array("random")))
        return Checkpoint(
            epoch: epoch, bestDice: file.metadata["bestDice"].flatMap(Double.init), bestEpoch: file.metadata["bestEpoch"].flatMap(Int.init),
            record: file.metadata["record"].flatMap { try? JSONDecoder().decode(EpochRecord.self, from: Data($0.utf8)) },
            redrawnAfter: redrawnAfter,
            scaler: file.metadata["lossFactor"].flatMap(Double.init).map {
                LossScaler(factor: $0, goodSteps: goodSteps)
            })
    }
}
