import UNETRPlanning
import UNETRSupport

extension IntensityNormalization {
    /// Normalizes one channel in place.
    ///
    /// - Parameter region: a label for each voxel; below 0 means outside the scanned region. Needed where `useMask` is set.
    func apply(to values: UnsafeMutableBufferPointer<Float>, region: [Int16]?, threads: Int?) {
        let region = useMask ? region : nil
        switch scheme {
        case .noNorm:
            return
        case .steps:
            for step in steps ?? [] { step.apply(to: values, threads: threads) }
        case .rescaleTo01:
            let lowest = values.min() ?? 0, span = (values.max() ?? 0) - lowest
            scale(values, clip: nil, mean: lowest, deviation: max(span, 1e-8), threads: threads)
        case .rgbTo01:
            scale(values, clip: nil, mean: 0, deviation: 255, threads: threads)
        case .ct:
            guard let known = statistics else { return }
            scale(
                values, clip: Float(known.percentile005)...Float(known.percentile995), mean: Float(known.mean),
                deviation: Float(known.standardDeviation), threads: threads)
        case .ct2:
            guard let known = statistics else { return }
            let bounds = Float(known.percentile005)...Float(known.percentile995)
            let moments = Moments(values, threads: threads) { value, _ in value > bounds.lowerBound && value < bounds.upperBound }
            scale(values, clip: bounds, mean: Float(moments.mean), deviation: Float(moments.standardDeviation), threads: threads)
        case .zScore:
            let moments =
                region.map { region in
                    region.withUnsafeBufferPointer { region in
                        let region = SharedPointer(region)
                        return Moments(values, threads: threads) { _, index in region[index] >= 0 }
                    }
                } ?? Moments(values, threads: threads) { _, _ in true }
            scale(values, clip: nil, mean: Float(moments.mean), deviation: Float(moments.standardDeviation + 1e-8), threads: threads)
        }
        if let region { for index in values.indices where region[index] < 0 { values[index] = 0 } }
    }

    private func scale(
        _ values: UnsafeMutableBufferPointer<Float>, clip: ClosedRange<Float>?, mean: Float, deviation: Float, threads: Int?
    ) {
        let low = clip?.lowerBound ?? -.infinity, high = clip?.upperBound ?? .infinity
        let shared = SharedPointer(values), block = Moments.block, count = values.count
        Parallel.forEach((count + block - 1) / block, threads: threads) { part in
            let end = min((part + 1) * block, count)
            var index = part * block
            while index < end {
                let value = shared[index]
                shared[index] = ((value < low ? low : (value > high ? high : value)) - mean) / deviation
                index &+= 1
            }
        }
    }
}
