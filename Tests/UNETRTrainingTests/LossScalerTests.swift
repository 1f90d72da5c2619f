import Testing

@testable import UNETRTraining

/// How the factor of the loss in half precision follows what the gradients can take.
struct LossScalerTests {
    @Test func `The factor is halved by every step that is not finite, and doubled after two thousand that are`() {
        var scaler = LossScaler()
        #expect(scaler.factor == 65536 && scaler.goodSteps == 0)
        for _ in 0..<1999 { scaler.update(finite: true) }
        #expect(scaler == LossScaler(factor: 65536, goodSteps: 1999))
        scaler.update(finite: true)
        #expect(scaler == LossScaler(factor: 131072, goodSteps: 0), "the count begins anew")
        for _ in 0..<1999 { scaler.update(finite: true) }
        scaler.update(finite: false)
        #expect(scaler == LossScaler(factor: 65536, goodSteps: 0), "so does it after a step that was none")
        for _ in 0..<16 { scaler.update(finite: false) }
        #expect(scaler.factor == 1)
        // Powers of two change no digit of a gradient.
        for _ in 0..<24 { scaler.update(finite: false) }
        #expect(scaler.factor == LossScaler.leastFactor && scaler.factor.significand == 1)
    }
}

/// What is said where a budget is too small: the least that is enough.
struct BudgetWordTests {
    @Test(arguments: [(0.2, "1s"), (1, "1s"), (59.1, "1m"), (599.5, "10m"), (600, "10m"), (601, "11m"), (3601, "1h1m"), (86400, "1d"), (1e300, "1000d")])
    func `A time that is at least as long is said in whole minutes from ten minutes on`(seconds: Double, text: String) {
        let budget = TrainingBudget(atLeast: seconds)
        #expect(budget.description == text)
        guard case .time(let whole) = budget else {
            Issue.record("no time: \(budget)")
            return
        }
        #expect(Double(whole) >= min(seconds, 86_400_000) && TrainingBudget(text) == budget)
    }
}
