public import UNETRVolumes

/// Scores probabilities against labels.
public struct Calibration: Sendable {
    /// Number of equally wide bins of the expected calibration error.
    public var bins: Int
    /// How far the probabilities of a voxel may be from the sum 1.
    public var tolerance: Float

    /// Settings: `bins` of equal width, and how far the probabilities of a voxel may be from a sum of 1.
    public init(bins: Int = 15, tolerance: Float = 1e-2) {
        self.bins = bins
        self.tolerance = tolerance
    }

    /// Expected calibration error and Brier score of a case.
    ///
    /// - Parameters:
    ///   - probabilities: one channel a label 0, 1, 2, …, [C, D, H, W], on the reference's grid.
    ///   - reference: the truth; voxels of `ignored` are left out.
    ///   - ignored: the value of voxels that nobody labeled; nil: there is none.
    ///   - name: what errors call the case.
    /// - Throws: `EvaluationError.probabilities` for another size, a label without channel, a number outside 0…1 (by more than the
    ///   tolerance), or probabilities that do not sum to 1, with the first voxel that is wrong.
    public func evaluate(
        _ probabilities: Volume<Float>, against reference: LabelMap, ignoring ignored: Int16? = nil, case name: String
    ) throws -> CalibrationMetrics {
        func fail(_ problem: String) -> EvaluationError { .probabilities(case: name, problem: problem) }
        guard probabilities.geometry.size == reference.geometry.size else {
            throw fail("they have \(probabilities.geometry.size) voxels [D, H, W], the reference \(reference.geometry.size)")
        }
        let channels = probabilities.channels
        guard channels >= 2, bins > 0 else { throw fail("there are \(channels) channels, at least background and one label are needed") }
        let count = reference.geometry.count
        var (all, foreground) = (Sums(bins: bins), Sums(bins: bins))
        try probabilities.voxels.withUnsafeBufferPointer { values in
            for voxel in 0..<count where reference.voxels[voxel] != ignored {
                let label = Int(reference.voxels[voxel])
                guard label >= 0, label < channels else {
                    throw fail("the reference holds the label \(label), but there are only channels 0 to \(channels - 1)")
                }
                var (sum, best, square) = (Float(0), 0, 0.0)
                for channel in 0..<channels {
                    let value = values[channel * count + voxel]
                    guard value >= -tolerance, value <= 1 + tolerance else {
                        throw fail("channel \(channel) is \(value) at voxel \(voxel); expected 0 to 1")
                    }
                    sum += value
                    if value > values[best * count + voxel] { best = channel }
                    let miss = Double(value) - (channel == label ? 1 : 0)
                    square += miss * miss
                }
                guard abs(sum - 1) <= tolerance else { throw fail("they sum to \(sum) at voxel \(voxel), not to 1") }
                let confidence = Double(values[best * count + voxel])
                all.add(confidence, isRight: best == label, square)
                if best != 0 || label != 0 { foreground.add(confidence, isRight: best == label, square) }
            }
        }
        guard let error = all.calibrationError, let brier = all.brier else { throw fail("every voxel is ignored") }
        return CalibrationMetrics(
            expectedCalibrationError: error, foregroundCalibrationError: foreground.calibrationError, brierScore: brier,
            foregroundBrierScore: foreground.brier)
    }

    /// Running sums of each bin.
    private struct Sums {
        var counts: [Int]
        var confidences: [Double]
        var hits: [Int]
        var squares = 0.0
        var count = 0

        init(bins: Int) {
            counts = Array(repeating: 0, count: bins)
            hits = counts
            confidences = Array(repeating: 0, count: bins)
        }

        mutating func add(_ confidence: Double, isRight: Bool, _ square: Double) {
            let bin = max(0, min(counts.count - 1, Int(confidence * Double(counts.count))))
            counts[bin] += 1
            confidences[bin] += confidence
            if isRight { hits[bin] += 1 }
            squares += square
            count += 1
        }

        var brier: Double? { count == 0 ? nil : squares / Double(count) }

        /// Σ over bins of |hits − Σ confidence| / all.
        var calibrationError: Double? {
            guard count > 0 else { return nil }
            return zip(hits, confidences).reduce(0) { $0 + abs(Double($1.0) - $1.1) } / Double(count)
        }
    }
}
