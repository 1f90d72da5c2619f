import UNETRPlanning
import UNETRSupport

/// For each output sample of a line the two input samples around it and the weight of the second.
struct CellLine: Sendable {
    let low: [Int]
    let high: [Int]
    let weight: [Double]
    var count: Int { low.count }

    /// Along an axis of a grid.
    init(_ grid: ResamplingGrid, axis: Int, nearest: Bool) {
        self.init(from: grid.inputSize[axis], to: grid.outputSize[axis], step: grid.steps?[axis], nearest: nearest)
    }

    /// - Parameter step: how far apart outputs lie on the input where the first samples of both lie at one place; nil: the outer edges do.
    init(from inputCount: Int, to outputCount: Int, step: Double? = nil, nearest: Bool) {
        let line = SampleLine(inputCount: inputCount, outputCount: outputCount, step: step)
        let positions = (0..<outputCount).map(line.position)
        let clamp = { (value: Double) in min(max(Int(value), 0), inputCount - 1) }
        let cells = positions.map { position in
            // Halfway between two samples: the later one, or the even one as torch's grid_sample has it.
            nearest ? (step == nil ? (position + 0.5).rounded(.down) : position.rounded(.toNearestOrEven)) : position.rounded(.down)
        }
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
