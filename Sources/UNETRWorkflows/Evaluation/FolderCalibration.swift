public import Foundation
public import UNETREvaluation
import UNETRInference
import UNETRPlanning
import UNETRPreparation
public import UNETRSupport
public import UNETRVolumes

/// Finds the temperature of a model's probabilities on cases that it was not trained on, and measures what the probabilities then say.
///
///     let calibration = FolderCalibration(probabilities: folder, references: labels, of: plan.labels)
///     for try await event in calibration.job().events() { … }
public struct FolderCalibration: Sendable {
    /// What was found.
    public struct Result: Encodable, Sendable {
        /// The cases.
        public var cases: Int
        /// What the probabilities were made with, multiplied by what fits them better.
        public var temperature: Double
        /// Mean negative log-likelihood of the uncertain voxels (see `TemperatureFit`), before and after.
        public var loss: Change
        /// Mean over the cases of the expected calibration error of their foreground; nil for overlapping regions.
        public var calibrationError: Change?
        /// For each structure in turn how the Dice that is expected agrees with the true one, after.
        public var structures: [Structure]
    }

    /// A figure with the probabilities as they are, and with the new temperature.
    public struct Change: Encodable, Equatable, Sendable {
        /// As they are.
        public var before: Double
        /// With the new temperature.
        public var after: Double
    }

    /// The expected and the true Dice of a structure.
    public struct Structure: Encodable, Equatable, Sendable {
        /// The structure.
        public var name: String
        /// Cases in which it is expected or there.
        public var cases: Int
        /// Means over these cases.
        public var expectedDice: Double
        /// What the masks of the probabilities have.
        public var trueDice: Double
        /// Mean of the absolute difference.
        public var difference: Double
        /// Pearson's; nil of fewer than three cases.
        public var correlation: Double?
    }

    /// What happens; the last event is `finished`.
    public enum Event: Sendable {
        /// So many readings of a case are done; each is read twice.
        case read(done: Int, of: Int)
        /// The result.
        case finished(Result)
    }

    private let probabilities: URL
    private let references: URL
    private let labels: LabelSet
    private let known: Double

    /// - Parameters:
    ///   - probabilities: a folder of files with one channel an output, as `CohortSegmentation` writes them.
    ///   - references: a folder of label maps of the same names. Those of other cases are passed over.
    ///   - labels: the model's.
    ///   - temperature: what the probabilities were made with; nil: 1.
    public init(probabilities: URL, references: URL, of labels: LabelSet, temperature: Double? = nil) {
        self.probabilities = probabilities
        self.references = references
        self.labels = labels
        known = temperature ?? 1
    }

    /// The workflow as a job.
    ///
    /// - Throws: `EvaluationError` where files do not belong together or hold no probabilities; `WorkflowError.nothingToCalibrate`; what reading them throws.
    public func job() -> LongJob<Event> { LongJob { try run($0) } }

    private func run(_ report: @escaping LongJob<Event>.Report) throws {
        let pairs = try CasePair.match(predictions: probabilities, references: references, requireAll: false)
        var fit = TemperatureFit(outputs: labels.outputCount, areRegions: labels.hasRegions)
        var before: [Double] = []
        for (number, pair) in pairs.enumerated() {
            try Cancellation.check()
            let (scan, reference) = try read(pair)
            // Checks the numbers, too.
            if let error = try calibrationError(scan, reference, pair.name) { before.append(error) }
            fit.add(scan.voxels, reference.voxels.map(truth))
            try report(.read(done: number + 1, of: 2 * pairs.count))
        }
        guard let best = fit.best else { throw WorkflowError.nothingToCalibrate(folder: probabilities.path) }
        let range = InferenceSettings.temperatureRange, temperature = min(max(known * best.temperature, range.lowerBound), range.upperBound)
        var after: [Double] = [], dice: [String: [(Double, Double)]] = [:]
        for (number, pair) in pairs.enumerated() {
            try Cancellation.check()
            var (scan, reference) = try read(pair)
            scan.voxels = Temperature(temperature / known).applied(
                to: scan.voxels, voxels: reference.geometry.count, areRegions: labels.hasRegions)
            if let error = try calibrationError(scan, reference, pair.name) { after.append(error) }
            for (name, values) in self.dice(scan, reference) { dice[name, default: []].append(values) }
            try report(.read(done: pairs.count + number + 1, of: 2 * pairs.count))
        }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        let structures = labels.foreground.compactMap { label in
            dice[label.name].map { pairs in
                Structure(
                    name: label.name, cases: pairs.count, expectedDice: mean(pairs.map(\.0)), trueDice: mean(pairs.map(\.1)),
                    difference: mean(pairs.map { abs($0.0 - $0.1) }), correlation: Correlation.pearson(pairs))
            }
        }
        try report(
            .finished(
                Result(
                    cases: pairs.count, temperature: temperature, loss: Change(before: best.loss.before, after: best.loss.after),
                    calibrationError: before.isEmpty ? nil : Change(before: mean(before), after: mean(after)), structures: structures)))
    }

    private func read(_ pair: CasePair) throws -> (Volume<Float>, LabelMap) {
        func fail(_ problem: String) -> EvaluationError { .probabilities(case: pair.name, problem: problem) }
        let scan = try VolumeFile.readScan(pair.prediction)
        guard scan.channels == labels.outputCount else {
            throw fail("there are \(scan.channels) channels, but the model has \(labels.outputCount) outputs")
        }
        let reference = try VolumeFile.readLabels(pair.reference, on: scan.geometry, as: labels)
        guard scan.geometry.size == reference.geometry.size else {
            throw fail("they have \(scan.geometry.size) voxels [D, H, W], the reference \(reference.geometry.size)")
        }
        if let wrong = scan.voxels.first(where: { !($0 >= -0.01 && $0 <= 1.01) }) { throw fail("a value is \(wrong); expected 0 to 1") }
        return (scan, reference)
    }

    /// What `TemperatureFit` takes for a label.
    private func truth(_ value: Int16) -> Int {
        let value = Int(value)
        if value == labels.ignoreValue { return -1 }
        guard labels.hasRegions else { return labels.definitions.firstIndex { $0.values.contains(value) } ?? -1 }
        return labels.foreground.enumerated().reduce(0) { $0 | ($1.element.values.contains(value) ? 1 << $1.offset : 0) }
    }

    private func calibrationError(_ scan: Volume<Float>, _ reference: LabelMap, _ name: String) throws -> Double? {
        guard !labels.hasRegions else { return nil }
        var numbers = reference
        for index in numbers.voxels.indices { numbers.voxels[index] = Int16(truncatingIfNeeded: truth(reference.voxels[index])) }
        return try Calibration().evaluate(scan, against: numbers, ignoring: -1, case: name).foregroundCalibrationError
    }

    /// The expected and the true Dice of each structure that is expected or there.
    private func dice(_ scan: Volume<Float>, _ reference: LabelMap) -> [String: (Double, Double)] {
        let expected = ExpectedDice(labels)
        expected.add(RestoredPart(box: CropBox(lower: [0, 0, 0], upper: scan.geometry.size), values: scan.voxels))
        let count = reference.geometry.count, outputs = labels.outputCount, first = labels.hasRegions ? 0 : 1
        var both = Array(repeating: 0, count: labels.foreground.count), sum = both
        for voxel in 0..<count {
            let truth = truth(reference.voxels[voxel])
            guard truth >= 0 else { continue }
            var best = 0
            if !labels.hasRegions {
                for output in 1..<outputs where scan.voxels[output * count + voxel] > scan.voxels[best * count + voxel] { best = output }
            }
            for structure in both.indices {
                let isFound = labels.hasRegions ? scan.voxels[structure * count + voxel] > 0.5 : best == structure + first
                let isThere = labels.hasRegions ? truth >> structure & 1 == 1 : truth == structure + first
                both[structure] += isFound && isThere ? 1 : 0
                sum[structure] += (isFound ? 1 : 0) + (isThere ? 1 : 0)
            }
        }
        let values = expected.values
        return Dictionary(
            labels.foreground.enumerated().compactMap { index, label in
                guard let expected = values[label.name], sum[index] > 0 else { return nil }
                return (label.name, (expected, 2 * Double(both[index]) / Double(sum[index])))
            }
        ) { one, _ in one }
    }
}
