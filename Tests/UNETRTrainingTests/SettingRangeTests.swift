import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRAugmentation
import UNETRLayers
import UNETRPlanning
import UNETRSupport

@testable import UNETRTraining

/// Settings that would overflow, never end or make no sense.
@Suite struct SettingRangeTests {
    private func read(_ text: String) throws -> TrainingConfiguration {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "settings.json")
            try Data(text.utf8).write(to: url)
            return try TrainingConfiguration(contentsOf: url)
        }
    }

    @Test(arguments: [
        (#""epochs": 4611686018427387904"#, "epochs", "4611686018427387904", "a whole number from 1 to 1000000"),
        (#""iterationsPerEpoch": 1099511627776, "accumulation": 1099511627776"#, "iterationsPerEpoch", "1099511627776", "a whole number from 1 to 1000000"),
        (#""accumulation": 0"#, "accumulation", "0", "a whole number from 1 to 4096"),
        (#""batchSize": 1099511627776"#, "batchSize", "1099511627776", "a whole number from 1 to 4096"),
        (#""loaderThreads": 1000000000"#, "loaderThreads", "1000000000", "a whole number from 1 to 256"),
        (#""estimationIterations": 9223372036854775807"#, "estimationIterations", "9223372036854775807", "a whole number from 0 to 100000"),
        (#""rescueEpoch": -5"#, "rescueEpoch", "-5", "a whole number from 1 to 1000000"),
        (#""validationInterval": 0"#, "validationInterval", "0", "a whole number from 1 to 1000000"),
        (#""learningRate": 1e308"#, "learningRate", "1e+308", "a number from 1e-12 to 100.0"),
        (#""momentum": 1"#, "momentum", "1.0", "a number from 0.0 to below 1.0"),
        (#""weightDecay": 1e300"#, "weightDecay", "1e+300", "a number from 0.0 to 10.0"),
        (#""gradientClip": 0"#, "gradientClip", "0.0", "a number from 1e-09 to 1000000000000.0"),
        (#""foregroundShare": 1.5"#, "foregroundShare", "1.5", "a number from 0.0 to 1.0"),
        (#""averaging": -0.5"#, "averaging", "-0.5", "a number from 0.0 to below 1.0"),
        (#""schedule": {"cosine": {"warmUp": -1}}"#, "schedule.cosine.warmUp", "-1.0", "a number from 0.0 to below 1.0"),
        (#""schedule": {"cosine": {"warmUp": 1}}"#, "schedule.cosine.warmUp", "1.0", "a number from 0.0 to below 1.0"),
        (#""schedule": {"polynomial": {"exponent": 1e308}}"#, "schedule.polynomial.exponent", "1e+308", "a number from 0.0 to 100.0"),
    ])
    func `Every number has a range, and what lies outside is refused with both`(_ text: String, _ field: String, _ value: String, _ rule: String) throws {
        #expect(throws: TrainingError.setting(field: field, value: value, rule: rule)) { try read("{\(text)}") }
    }

    @Test func `A number of the wrong kind is not called bad JSON`() throws {
        func problem(_ text: String) throws -> String { try #require(throws: FileError.self) { try read(text) }.problem }
        #expect(
            try problem(#"{"seed": -1}"#)
                == "among the training settings seed is -1, but a whole number from 0 to 18446744073709551615 is expected")
        #expect(try problem(#"{"epochs": 2.5}"#) == "among the training settings epochs is 2.5, but a whole number is expected")
        #expect(try problem(#"{"optimizer": "adam"}"#).contains("optimizer is \"adam\", which is not one of the words"))
        #expect(try read(#"{"seed": 18446744073709551615}"#).seed == .max)
    }

    @Test func `The augmentation's numbers are checked with the settings`() {
        var configuration = TrainingConfiguration()
        configuration.augmentation.blurDeviation = 0...0
        #expect(throws: AugmentationError.self) { try configuration.validate() }
        #expect(throws: Never.self) { try TrainingConfiguration.published.validate() }
    }

    @Test func `The efficient recipe changes the optimizer and its schedule, and keeps the plan's batch and augmentation`() throws {
        var plan = try TinyModel.plan()
        plan.batchSize = 3
        let published = TrainingConfiguration.recipe(.published, for: plan), efficient = TrainingConfiguration.recipe(.efficient, for: plan)
        #expect(published == .published(for: plan) && published.optimizer == .sgd && published.epochs * published.iterationsPerEpoch == 250_000)
        #expect(efficient.optimizer == .adamw && efficient.learningRate == 0.0025 && efficient.weightDecay == 0.02)
        #expect(efficient.schedule == .cosine(warmUp: 0.01) && efficient.averaging == 0.998 && efficient.rescueEpoch == nil && !efficient.batchDice)
        #expect(efficient.epochs * efficient.iterationsPerEpoch == 5000)
        #expect(efficient.batchSize == 3 && efficient.augmentation == published.augmentation && efficient.gradientClip == published.gradientClip)
        #expect(throws: Never.self) { try efficient.validate() }
    }

    @Test func `Batches that no memory holds are refused before one is made`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let patch = Size3(512, 512, 512)
            let source = try ArraySource(image: [0], channels: 1, labels: [0], size: Size3(1, 1, 1))
            let loading = BatchLoader.Configuration(seed: 1, batchSize: 4096, batchesPerEpoch: 1, levels: [patch])
            let error = try #require(throws: AugmentationError.self) {
                try BatchLoader(sources: [source], augmenter: Augmenter(plan: .none, patch: patch), configuration: loading)
            }
            #expect(error.description.contains("batchSize must be so small that 3 batches fit"))
        }
    }
}
