import UNETRPlanning
import UNETRSupport

extension IntensityStep {
    /// Takes the step for one channel in place, in float32 as MONAI does.
    func apply(to values: UnsafeMutableBufferPointer<Float>, threads: Int?) {
        switch self {
        case .range(let from, let to, let clips):
            let start = Float(from.lower), span = Float(from.upper - from.lower), scale = Float(to.upper - to.lower), shift = Float(to.lower)
            let low = clips ? Float(to.lower) : -.infinity, high = clips ? Float(to.upper) : .infinity
            Self.map(values, threads: threads) { value in
                let scaled = (value - start) / span * scale + shift
                // In this order also where the ends are the other way round, as torch's clamp has it.
                let raised = scaled < low ? low : scaled
                return raised > high ? high : raised
            }
        case .extremes(let to):
            guard let lowest = values.min(), let highest = values.max() else { return }
            let start = Float(to.lower), scale = Float(to.upper - to.lower), span = highest - lowest
            if lowest == highest { return Self.map(values, threads: threads) { $0 * start } }
            Self.map(values, threads: threads) { ($0 - lowest) / span * scale + start }
        case .standardize(let onlyNonZero):
            let moments = Moments(values, threads: threads) { value, _ in !onlyNonZero || value != 0 }
            guard moments.count > 0 else { return }
            let mean = Float(moments.mean), found = Float(moments.standardDeviation), deviation = found == 0 ? 1 : found
            Self.map(values, threads: threads) { onlyNonZero && $0 == 0 ? 0 : ($0 - mean) / deviation }
        }
    }

    private static func map(_ values: UnsafeMutableBufferPointer<Float>, threads: Int?, _ body: @Sendable (Float) -> Float) {
        let shared = SharedPointer(values), block = Moments.block, count = values.count
        Parallel.forEach((count + block - 1) / block, threads: threads) { part in
            for index in (part * block)..<min((part + 1) * block, count) { shared[index] = body(shared[index]) }
        }
    }
}
