/// The published rule for stochastic depth: rates evenly spread over all blocks.
package enum StochasticDepth {
    /// The rates of each stage's blocks, from 0 at the first block to `last` at the last.
    package static func rates(upTo last: Double, depths: [Int]) -> [[Double]] {
        let count = depths.reduce(0, +)
        var index = 0
        return depths.map { depth in
            (0..<depth).map { _ in
                defer { index += 1 }
                return count > 1 ? last * Double(index) / Double(count - 1) : 0
            }
        }
    }
}
