import Foundation
import UNETRSupport
public import UNETRVolumes

/// Finds the temperature that makes probabilities fit what is the case: the one with the smallest mean negative log-likelihood.
///
/// Voxels whose most probable output is right and has at least 0.9999 are left out, because no temperature changes what they contribute; of the others of a case evenly
/// spaced ones are taken, so that large cases do not outweigh small ones by much.
///
///     var fit = TemperatureFit(outputs: labels.outputCount, areRegions: labels.hasRegions)
///     for (probabilities, truth) in cases { fit.add(probabilities, truth) }
///     let temperature = fit.best?.temperature
public struct TemperatureFit: Sendable {
    /// What was found.
    public struct Result: Equatable, Sendable {
        /// The temperature.
        public var temperature: Double
        /// Mean negative log-likelihood of the voxels that were looked at, per output of regions, with temperature 1 and with this one.
        public var loss: (before: Double, after: Double)

        public static func == (one: Result, other: Result) -> Bool { one.temperature == other.temperature && one.loss == other.loss }
    }

    /// Voxels taken of a case at most.
    public static let voxelsPerCase = 20_000

    private static let certain: Float = 0.9999
    /// What a float32 that was rounded to 0 is taken for.
    private static let least = 1e-8

    private let outputs: Int
    private let areRegions: Bool
    /// ln p of each voxel's outputs, [n, K]; of regions ln(p / (1 − p)).
    private var logits: [Double] = []
    /// For each voxel the true output; for each output of regions whether it is true.
    private var truths: [Int] = []

    /// - Parameters:
    ///   - outputs: K.
    ///   - areRegions: whether each output has a probability of its own.
    public init(outputs: Int, areRegions: Bool) {
        self.outputs = outputs
        self.areRegions = areRegions
    }

    /// Adds a case.
    ///
    /// - Parameters:
    ///   - probabilities: C-order [K, N].
    ///   - truth: for each of the N voxels its output, or a bit for each region that it belongs to; −1 for a voxel to leave out.
    public mutating func add(_ probabilities: [Float], _ truth: [Int]) {
        precondition(probabilities.count == outputs * truth.count, "probabilities and truth of the same voxels")
        let count = truth.count
        let (outputs, areRegions) = (outputs, areRegions)
        func isOpen(_ voxel: Int) -> Bool {
            guard truth[voxel] >= 0 else { return false }
            if areRegions {
                return (0..<outputs).contains { output in
                    let p = probabilities[output * count + voxel]
                    return truth[voxel] >> output & 1 == 1 ? p < Self.certain : p > 1 - Self.certain
                }
            }
            return probabilities[truth[voxel] * count + voxel] < Self.certain
        }
        let open = (0..<count).filter(isOpen)
        let step = max(1, (open.count + Self.voxelsPerCase - 1) / Self.voxelsPerCase)
        for (number, voxel) in open.enumerated() where number % step == 0 {
            if areRegions {
                for output in 0..<outputs {
                    let p = min(max(Double(probabilities[output * count + voxel]), Self.least), 1 - Self.least)
                    logits.append(log(p / (1 - p)))
                    truths.append(truth[voxel] >> output & 1)
                }
            } else {
                for output in 0..<outputs { logits.append(log(max(Double(probabilities[output * count + voxel]), Self.least))) }
                truths.append(truth[voxel])
            }
        }
    }

    /// The best temperature from 0.05 to 20; nil where there is no voxel to learn from.
    ///
    /// The loss is convex in 1/T, so its derivative has one zero, which is found by halving.
    public var best: Result? {
        guard !truths.isEmpty else { return nil }
        var (low, high) = (1 / 20.0, 1 / 0.05)  // of 1/T
        if sums(high).slope <= 0 {
            low = high
        } else if sums(low).slope < 0 {
            for _ in 0..<50 {
                let middle = (low * high).squareRoot()
                if sums(middle).slope < 0 { low = middle } else { high = middle }
            }
        }
        return Result(temperature: 1 / low, loss: (sums(1).loss, sums(low).loss))
    }

    /// Mean loss and its derivative by the inverse temperature.
    private func sums(_ inverse: Double) -> (loss: Double, slope: Double) {
        let count = truths.count
        let parts = Parallel.map(min(count, 64)) { part -> (Double, Double) in
            var loss = 0.0, slope = 0.0
            for index in count * part / min(count, 64)..<count * (part + 1) / min(count, 64) {
                let (l, s) = areRegions ? region(index, inverse) : exclusive(index, inverse)
                loss += l
                slope += s
            }
            return (loss, slope)
        }
        return (parts.reduce(0) { $0 + $1.0 } / Double(count), parts.reduce(0) { $0 + $1.1 } / Double(count))
    }

    private func region(_ index: Int, _ inverse: Double) -> (Double, Double) {
        // −ln sigmoid(±z), with z positive where the truth is.
        let logit = truths[index] == 1 ? logits[index] : -logits[index], z = logit * inverse
        let loss = z > 0 ? log1p(exp(-z)) : log1p(exp(z)) - z
        return (loss, -logit / (1 + exp(z)))
    }

    private func exclusive(_ index: Int, _ inverse: Double) -> (Double, Double) {
        let row = index * outputs
        var largest = -Double.infinity
        for output in 0..<outputs { largest = max(largest, logits[row + output]) }
        var sum = 0.0, weighted = 0.0
        for output in 0..<outputs {
            let weight = exp((logits[row + output] - largest) * inverse)
            sum += weight
            weighted += weight * logits[row + output]
        }
        let own = logits[row + truths[index]]
        return (log(sum) - (own - largest) * inverse, weighted / sum - own)
    }
}
