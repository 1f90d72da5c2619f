import UNETRSupport

/// Mean and population standard deviation of chosen values, summed in double precision.
///
/// Sums are taken over blocks of fixed size, so that they do not depend on the number of threads.
struct Moments {
    static let block = 1 << 16

    let count: Int
    let mean: Double
    let standardDeviation: Double

    init(
        _ values: UnsafeMutableBufferPointer<Float>, threads: Int?, where isCounted: @Sendable (_ value: Float, _ index: Int) -> Bool
    ) {
        let shared = SharedPointer(values), total = values.count
        let parts = (total + Self.block - 1) / Self.block
        func sum(_ term: @Sendable (Double) -> Double) -> (sum: Double, count: Int) {
            var sums = [Double](repeating: 0, count: parts), counts = [Int](repeating: 0, count: parts)
            sums.withUnsafeMutableBufferPointer { sums in
                counts.withUnsafeMutableBufferPointer { counts in
                    let (sums, counts) = (SharedPointer(sums), SharedPointer(counts))
                    Parallel.forEach(parts, threads: threads) { part in
                        let end = min((part + 1) * Self.block, total)
                        var index = part * Self.block, sum = 0.0, count = 0
                        while index < end {
                            let value = shared[index]
                            if isCounted(value, index) { sum += term(Double(value)); count &+= 1 }
                            index &+= 1
                        }
                        (sums[part], counts[part]) = (sum, count)
                    }
                }
            }
            return (sums.reduce(0, +), counts.reduce(0, +))
        }
        let first = sum { $0 }
        let mean = first.count > 0 ? first.sum / Double(first.count) : 0
        let second = first.count > 0 ? sum { ($0 - mean) * ($0 - mean) }.sum : 0
        self.count = first.count
        self.mean = mean
        self.standardDeviation = first.count > 0 ? (second / Double(first.count)).squareRoot() : 0
    }
}
