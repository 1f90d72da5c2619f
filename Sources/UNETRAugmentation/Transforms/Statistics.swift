/// Mean, deviation and range of an image channel, in a fixed order of additions so that the same input gives the same bits.
enum Statistics {
    private typealias Lanes = SIMD8<Float>
    /// Floats are summed over this many values at most, then carried on in double.
    private static let block = 512

    static func mean(_ values: UnsafePointer<Float>, _ count: Int) -> Double {
        sum(values, count, of: { $0 }, { $0 }) / Double(count)
    }

    /// The population standard deviation.
    static func deviation(_ values: UnsafePointer<Float>, _ count: Int, mean: Double) -> Double {
        let shift = Float(mean)
        let squares = sum(
            values, count,
            of: { (lanes: Lanes) in (lanes - shift) * (lanes - shift) }, { ($0 - shift) * ($0 - shift) })
        return (squares / Double(count)).squareRoot()
    }

    static func range(_ values: UnsafePointer<Float>, _ count: Int) -> (low: Float, high: Float) {
        var low = values[0]
        var high = values[0]
        var index = 0
        if count >= 8 {
            var lows = values.lanes(at: 0)
            var highs = lows
            while index + 8 <= count {
                let lanes = values.lanes(at: index)
                lows.replace(with: lanes, where: lanes .< lows)
                highs.replace(with: lanes, where: lanes .> highs)
                index += 8
            }
            low = lows.min()
            high = highs.max()
        }
        while index < count {
            low = min(low, values[index])
            high = max(high, values[index])
            index += 1
        }
        return (low, high)
    }

    @inline(__always)
    private static func sum(
        _ values: UnsafePointer<Float>, _ count: Int, of term: (Lanes) -> Lanes, _ scalarTerm: (Float) -> Float
    ) -> Double {
        var total = 0.0
        var index = 0
        while index < count {
            let end = min(count, index + block)
            var lanes = Lanes.zero
            while index + 8 <= end {
                lanes += term(values.lanes(at: index))
                index += 8
            }
            total += Double(lanes.sum())
            while index < end {
                total += Double(scalarTerm(values[index]))
                index += 1
            }
        }
        return total
    }
}

extension UnsafePointer<Float> {
    /// Eight values from `index` on.
    @inline(__always)
    func lanes(at index: Int) -> SIMD8<Float> {
        UnsafeRawPointer(self + index).loadUnaligned(as: SIMD8<Float>.self)
    }

    /// Four values from `index` on.
    @inline(__always)
    func quad(at index: Int) -> SIMD4<Float> {
        UnsafeRawPointer(self + index).loadUnaligned(as: SIMD4<Float>.self)
    }
}

extension UnsafeMutablePointer<Float> {
    @inline(__always)
    func lanes(at index: Int) -> SIMD8<Float> { UnsafePointer(self).lanes(at: index) }

    /// Writes eight values from `index` on.
    @inline(__always)
    func store(_ lanes: SIMD8<Float>, at index: Int) {
        UnsafeMutableRawPointer(self + index).storeBytes(of: lanes, as: SIMD8<Float>.self)
    }
}
