import Foundation
import UNETRSupport
import UNETRVolumes

extension Evaluator {
    /// Scores every pair of files.
    ///
    /// - Parameters:
    ///   - resample: whether a prediction on another grid is brought to its reference's by the nearest voxel; otherwise it is an error.
    ///   - progress: called with the number of cases done after each, on any thread, one call at a time.
    ///   - pairs: predictions with their references.
    /// - Throws: the error of the first case that has one, after the cases that are under way have ended; `CancellationError` if the work is
    ///   canceled.
    public func evaluate(
        _ pairs: [CasePair], resample: Bool = false, progress: (@Sendable (Int) -> Void)? = nil
    ) throws -> EvaluationResult {
        let done = Tally(progress)
        // Small files are read and scored side by side; large ones one after the other, each on all threads, to keep memory low.
        let together = pairs.allSatisfy { Self.bytes($0.prediction) + Self.bytes($0.reference) < 256 << 10 }
        let cases = try Parallel.map(pairs.count, threads: together ? threads : 1) { index in
            let metrics = try evaluate(pairs[index], resample: resample)
            done.add()
            return metrics
        }
        return try result(cases)
    }

    /// Scores one pair of files.
    public func evaluate(_ pair: CasePair, resample: Bool = false) throws -> CaseMetrics {
        try Self.checkMemory(pair)
        var (prediction, reference) = try pair.labelMaps(as: LabelSet(namedBy: classes))
        if resample { prediction = try LabelResampling.nearest(prediction, to: reference.geometry, case: pair.name) }
        var metrics = try evaluate(prediction, against: reference, case: pair.name)
        if let file = pair.probabilities {
            metrics.calibration = try Calibration().evaluate(
                VolumeFile.readScan(file), against: reference, ignoring: ignoredLabel, case: pair.name)
        }
        metrics.predictionFile = pair.prediction.path
        metrics.referenceFile = pair.reference.path
        return metrics
    }

    /// The result of cases that were scored one by one: every case gets every class.
    ///
    /// - Throws: `EvaluationError.noClasses` if no class was named and no case holds a label.
    public func result(_ cases: [CaseMetrics]) throws -> EvaluationResult {
        let found = Set(cases.flatMap(\.classes.keys)).compactMap { Int16($0) }.sorted()
        let scored = classes ?? found.map { LabelDefinition($0) }
        guard !scored.isEmpty else { throw EvaluationError.noClasses }
        let complete = cases.map { metrics in
            var metrics = metrics
            for structure in scored where metrics.classes[structure.key] == nil { metrics.classes[structure.key] = absent(in: metrics) }
            return metrics
        }
        return EvaluationResult(definition: definition, classes: scored, cases: complete)
    }

    /// Both label maps, and the probabilities, are held whole.
    private static func checkMemory(_ pair: CasePair) throws {
        let probabilities = try pair.probabilities.map { file in
            let header = try VolumeFile.readHeader(file)
            return ([4, header.channels] + header.geometry.size).checkedProduct()
        }
        let bytes = try pair.voxelCounts().map { $0.flatMap { [2, $0].checkedProduct() } } + [probabilities ?? 0]
        try MemoryLimit.current.check(bytes.contains(nil) ? nil : bytes.compactMap(\.self).checkedSum(), for: pair.prediction.path)
    }

    private static func bytes(_ file: URL) -> Int {
        ((try? FileManager.default.attributesOfItem(atPath: file.path)[.size]) as? NSNumber)?.intValue ?? 0
    }

    /// Counts finished cases.
    private final class Tally: @unchecked Sendable {
        private let lock = NSLock()
        private var count = 0
        private let report: (@Sendable (Int) -> Void)?

        init(_ report: (@Sendable (Int) -> Void)?) { self.report = report }

        func add() {
            lock.withLock {
                count += 1
                report?(count)
            }
        }
    }
}
