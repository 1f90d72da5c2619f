import Foundation
import Testing

@testable import UNETRTraining

/// What a budget is, and how many epochs of how many steps it is enough for.
struct BudgetRuleTests {
    @Test(arguments: [
        ("2h", 7200, "2h"), ("90m", 5400, "1h30m"), ("1h30m", 5400, "1h30m"), ("45s", 45, "45s"), ("1d12h", 129_600, "1d12h"), ("1d5s", 86405, "1d5s"),
        ("1000d", 86_400_000, "1000d"),
    ])
    func `A time is written in its units, the larger first`(text: String, seconds: Int, written: String) {
        #expect(TrainingBudget(text) == .time(seconds: seconds) && TrainingBudget.time(seconds: seconds).description == written)
    }

    @Test(arguments: [("500M-voxels", 500_000_000, "500M-voxels"), ("2G-voxels", 2_000_000_000, "2G-voxels"), ("1234-voxels", 1234, "1234-voxels")])
    func `Voxels are counted, with a multiple or without`(text: String, voxels: Int, written: String) throws {
        #expect(TrainingBudget(text) == .voxels(voxels) && TrainingBudget.voxels(voxels).description == written)
        #expect(try JSONDecoder().decode(TrainingBudget.self, from: JSONEncoder().encode(TrainingBudget.voxels(voxels))) == .voxels(voxels))
    }

    @Test(arguments: [
        "", "h", "2", "2x", "0h", "-1h", "1.5h", "30m1h", "1h1h", "2 h", "1001d", "99999999999999999999h", "9223372036854775807s", "-voxels", "0-voxels",
        "M-voxels", "1.5M-voxels", "1001T-voxels", "99999999999T-voxels", "5m-voxels", "500M", "٣h",
    ])
    func `What is no budget is none`(text: String) {
        #expect(TrainingBudget(text) == nil)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([TrainingBudget].self, from: JSONEncoder().encode([text])) }
    }

    /// An epoch of 250 steps takes 250 + 50 · 0.5 + 2 = 277 s, a validation with its checkpoint 32 s, the end 60 + 2 · 2 s.
    private static let times = TrainingTimes(before: 100, step: 1, estimation: 0.5, checkpoint: 2, validation: 30, finalValidation: 60)

    private static func rule(_ budget: String, _ times: TrainingTimes? = times) throws -> BudgetRule {
        var wished = TrainingConfiguration()
        (wished.iterationsPerEpoch, wished.estimationIterations, wished.validationInterval, wished.batchSize) = (250, 50, 10, 2)
        return BudgetRule(budget: try #require(TrainingBudget(budget)), wished: wished, patch: 4096, times: times)
    }

    /// Epochs, steps, batches of an estimate, and epochs from one validation to the next.
    private static func length(_ rule: BudgetRule) throws -> [Int] {
        let found = try rule.configuration()
        return [found.epochs, found.iterationsPerEpoch, found.estimationIterations, found.validationInterval]
    }

    @Test func `A long time is spent on whole epochs`() throws {
        // 36000 · 0.97 − 100 = 34820 = 123 · 277 + 13 · 32 + 64 and 269 over, less than another epoch.
        let rule = try Self.rule("10h")
        #expect(try Self.length(rule) == [123, 250, 50, 10])
        #expect(try rule.expected(rule.configuration()) == 34651, "100 + 123 · 277 + 13 · 32 + 64")
    }

    @Test func `In a short time epochs shrink until there are fifty, and their estimates with them`() throws {
        // 3600 · 0.97 − 100 − 5 · 32 − 64 = 3168 for 50 epochs: 63.36 s each, which is 55 steps, 11 batches and a checkpoint (62.5 s).
        let rule = try Self.rule("1h")
        #expect(try Self.length(rule) == [50, 55, 11, 10])
        #expect(try rule.expected(rule.configuration()) == 3449, "100 + 50 · 62.5 + 5 · 32 + 64")
    }

    @Test func `In the shortest there are fewer epochs, of ten steps, with one validation`() throws {
        // 600 · 0.97 − 100 − 32 − 64 = 386 for epochs of 10 + 2 · 0.5 + 2 = 13 s.
        let rule = try Self.rule("10m")
        #expect(try Self.length(rule) == [29, 10, 2, 29])
        #expect(try rule.expected(rule.configuration()) == 573, "100 + 29 · 13 + 32 + 64")
    }

    @Test func `Less than five epochs is refused with the least that is enough, and that is`() throws {
        // (100 + 5 · 13 + 32 + 64) / 0.97 = 269.07.
        let least = TrainingBudget.time(seconds: 270)
        #expect(throws: TrainingError.budgetTooSmall(budget: .time(seconds: 269), least: least, epochs: 5, steps: 10, finalValidation: 60)) {
            try Self.rule("269s").configuration()
        }
        #expect(try Self.length(Self.rule("270s")) == [5, 10, 2, 10])
    }

    @Test func `Validations that take long are made less often`() throws {
        var times = Self.times
        times.validation = 1000
        // A fifth of 34820 s is 6 validations of 1002 s; (34820 − 6 · 1002 − 64) / 277 = 103.8 epochs, validated every 18.
        let rule = try Self.rule("10h", times)
        #expect(try Self.length(rule) == [103, 250, 50, 18])
        #expect(try rule.expected(rule.configuration()) == 34707, "100 + 103 · 277 + 6 · 1002 + 64")
    }

    @Test func `Voxels are those of all training patches, and nothing else counts`() throws {
        // A step has 2 · 4096 voxels: 24414 steps are 97 epochs of 250; 12207 are fewer than fifty, so 50 of 244; 61 are 6 epochs of 10.
        #expect(try Self.length(Self.rule("200M-voxels", nil)) == [97, 250, 50, 10])
        #expect(try Self.length(Self.rule("100M-voxels", nil)) == [50, 244, 48, 10])
        #expect(try Self.length(Self.rule("500k-voxels", nil)) == [6, 10, 2, 10])
        #expect(throws: TrainingError.budgetTooSmall(budget: .voxels(409_599), least: .voxels(409_600), epochs: 5, steps: 10, finalValidation: 0)) {
            try Self.rule("409599-voxels", nil).configuration()
        }
        #expect(try Self.length(Self.rule("409600-voxels", nil)) == [5, 10, 2, 10])
        #expect(try Self.length(Self.rule("1000T-voxels", nil))[0] == 1_000_000, "the most that there can be")
        #expect(try Self.rule("1G-voxels", nil).expected(TrainingConfiguration()) == nil)
    }
}
