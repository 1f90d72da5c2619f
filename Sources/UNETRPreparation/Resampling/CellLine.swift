/// For each output sample of a line the two input samples around it and the weight of the second.
struct CellLine: Sendable {
    let low: [Int]
    let high: [Int]
    let weight: [Double]
    var count: Int { low.count }

    init(from inputCount: Int, to outputCount: Int, nearest: Bool) {
        let positions = (0..<outputCount).map { LineFilter.position($0, from: inputCount, to: outputCount) }
        let clamp = { (value: Double) in min(max(Int(value), 0), inputCount - 1) }
        let cells = positions.map { (nearest ? $0 + 0.5 : $0).rounded(.down) }
        low = cells.map(clamp)
        high = nearest ? low : cells.map { clamp($0 + 1) }
        weight = nearest ? positions.map { _ in 0 } : zip(positions, cells).map { $0 - $1 }
    }

    /// How many outputs, from the first on, need only input samples before `end`.
    func count(within end: Int) -> Int {
        low.indices.first { (weight[$0] > 0 ? high[$0] : low[$0]) >= end } ?? count
    }

    func cell(_ index: Int) -> (Int, Int, Double) { (low[index], high[index], weight[index]) }
}
