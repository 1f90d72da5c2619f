/// Quantiles as NumPy's `percentile` and `quantile` (method "linear") compute them, to the last bit.
enum Quantiles {
    /// The value below which the part `fraction` (0…1) of `values` lies, linearly between neighbors; nil of nothing.
    static func linear(_ values: [Double], _ fraction: Double) -> Double? {
        var copy = values
        return linear(reordering: &copy, fraction)
    }

    /// The same without a copy: the values are put in another order.
    static func linear<Value: BinaryFloatingPoint>(reordering values: inout [Value], _ fraction: Double) -> Double? {
        guard !values.isEmpty else { return nil }
        let position = fraction * Double(values.count - 1)
        let below = min(Int(position), values.count - 1)
        return values.withUnsafeMutableBufferPointer { buffer in
            let low = select(below, in: buffer)
            guard below + 1 < buffer.count else { return Double(low) }
            // After the selection everything behind `below` is at least as large.
            var high = buffer[below + 1]
            for index in below + 2..<max(buffer.count, below + 2) where buffer[index] < high { high = buffer[index] }
            return interpolate(Double(low), Double(high), position - Double(below))
        }
    }

    /// NumPy's `_lerp`: from the nearer end, so that it is monotonic.
    private static func interpolate(_ low: Double, _ high: Double, _ part: Double) -> Double {
        if low == high { return low }
        let difference = high - low
        return part >= 0.5 ? high - difference * (1 - part) : low + difference * part
    }

    /// Reorders the values so that the one of rank `rank` stands at its place, smaller ones before it (Hoare's selection).
    private static func select<Value: Comparable>(_ rank: Int, in values: UnsafeMutableBufferPointer<Value>) -> Value {
        var (low, high) = (0, values.count - 1)
        while low < high {
            let pivot = values[(low + high) / 2]
            var (left, right) = (low, high)
            while left <= right {
                while values[left] < pivot { left += 1 }
                while values[right] > pivot { right -= 1 }
                if left <= right {
                    values.swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if rank <= right { high = right } else if rank >= left { low = left } else { break }
        }
        return values[rank]
    }
}
