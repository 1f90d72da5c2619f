/// Keeps small gradients of float16 from becoming zero: the loss is multiplied by a factor before `backward`, the gradients divided by
/// it after. Where gradients overflow the step is left out and the factor halved; after many good steps it is doubled.
struct LossScaler: Equatable, Sendable {
    private(set) var factor: Double
    private(set) var goodSteps: Int

    /// Good steps in a row after which the factor is doubled.
    static let growthInterval = 2000
    /// Below this the gradients are not too large for float16, they are not numbers.
    static let leastFactor = 0x1p-24

    init(factor: Double = 65536, goodSteps: Int = 0) {
        self.factor = factor
        self.goodSteps = goodSteps
    }

    mutating func update(finite: Bool) {
        guard finite else {
            factor /= 2
            goodSteps = 0
            return
        }
        goodSteps += 1
        if goodSteps == Self.growthInterval {
            factor *= 2
            goodSteps = 0
        }
    }
}
