import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRAugmentation
import UNETRLayers
import UNETRTorch

@testable import UNETRTraining

/// Every training setting at its ends: the last values that are taken, and the first that are refused.
@Suite struct SettingLimitTests {
    private func problem(_ text: String) throws -> String? {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "settings.json")
            try Data(text.utf8).write(to: url)
            do { _ = try TrainingConfiguration(contentsOf: url) } catch { return "\(error)" }
            return nil
        }
    }

    static let limits: [(field: String, taken: [String], refused: [String], rule: String)] = [
        ("epochs", ["1", "1000000"], ["0", "1000001"], "a whole number from 1 to 1000000"),
        ("iterationsPerEpoch", ["1", "1000000"], ["0", "1000001"], "a whole number from 1 to 1000000"),
        ("batchSize", ["1", "4096"], ["0", "4097"], "a whole number from 1 to 4096"),
        ("accumulation", ["1", "4096"], ["0", "4097"], "a whole number from 1 to 4096"),
        ("loaderThreads", ["1", "256"], ["0", "257"], "a whole number from 1 to 256"),
        ("validationInterval", ["1", "1000000"], ["0", "1000001"], "a whole number from 1 to 1000000"),
        ("estimationIterations", ["0", "100000"], ["-1", "100001"], "a whole number from 0 to 100000"),
        ("rescueEpoch", ["1", "1000000", "null"], ["0", "1000001"], "a whole number from 1 to 1000000"),
        ("learningRate", ["1e-12", "100"], ["9e-13", "100.1"], "a number from 1e-12 to 100.0"),
        ("momentum", ["0", "0.999999"], ["1.0", "-0.1"], "a number from 0.0 to below 1.0"),
        ("weightDecay", ["0", "10"], ["10.1", "-0.1"], "a number from 0.0 to 10.0"),
        ("gradientClip", ["1e-9", "1e12"], ["0.0", "2000000000000.0"], "a number from 1e-09 to 1000000000000.0"),
        ("foregroundShare", ["0", "1"], ["1.1", "-0.1"], "a number from 0.0 to 1.0"),
        ("layerDecay", ["0.01", "1", "null"], ["0.009", "1.1"], "a number from 0.01 to 1.0"),
        ("averaging", ["0", "0.9999", "null"], ["1.0", "-0.1"], "a number from 0.0 to below 1.0"),
    ]

    @Test func `A setting is taken up to its limits and refused beyond them, in a sentence`() throws {
        for (field, taken, refused, rule) in Self.limits {
            for value in taken { #expect(try problem(#"{"\#(field)": \#(value)}"#) == nil, "\(field) \(value)") }
            for value in refused {
                #expect(try problem(#"{"\#(field)": \#(value)}"#) == "training setting '\(field)' is \(value); the rule is: \(rule)")
            }
        }
    }

    @Test func `The numbers of a schedule have limits too`() throws {
        func schedule(_ text: String) throws -> String? { try problem(#"{"schedule": \#(text)}"#) }
        for value in ["0", "0.9", "100"] { #expect(try schedule(#"{"polynomial": {"exponent": \#(value)}}"#) == nil) }
        for value in ["-0.1", "100.1"] {
            #expect(
                try schedule(#"{"polynomial": {"exponent": \#(value)}}"#)
                    == "training setting 'schedule.polynomial.exponent' is \(value); the rule is: a number from 0.0 to 100.0")
        }
        for value in ["0", "0.999"] { #expect(try schedule(#"{"cosine": {"warmUp": \#(value)}}"#) == nil) }
        for value in ["1.0", "-0.5"] {
            #expect(
                try schedule(#"{"cosine": {"warmUp": \#(value)}}"#)
                    == "training setting 'schedule.cosine.warmUp' is \(value); the rule is: a number from 0.0 to below 1.0")
        }
    }

    @Test func `Products are computed in half precision or in full`() throws {
        for value in ["bfloat16", "float16"] { #expect(try problem(#"{"mixedPrecision": "\#(value)"}"#) == nil) }
        for value in ["float32", "int64"] {
            #expect(try problem(#"{"mixedPrecision": "\#(value)"}"#) == "training setting 'mixedPrecision' is \(value); the rule is: bfloat16 or float16")
        }
    }

    @Test func `Settings survive a file, every one of them`() throws {
        var settings = TrainingConfiguration()
        (settings.epochs, settings.iterationsPerEpoch, settings.batchSize, settings.accumulation, settings.seed) = (12, 34, 3, 2, .max)
        (settings.optimizer, settings.learningRate, settings.momentum, settings.weightDecay) = (.adamw, 3e-4, 0.5, 0.25)
        (settings.schedule, settings.gradientClip, settings.foregroundShare, settings.averaging) = (.cosine(warmUp: 0.125), 1.5, 0.75, 0.99)
        (settings.validationInterval, settings.estimationIterations, settings.rescueEpoch, settings.loaderThreads) = (5, 6, 7, 3)
        (settings.batchDice, settings.finalValidation, settings.fusedOperations, settings.mixedPrecision) = (false, false, false, .bfloat16)
        settings.augmentation = .none
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "settings.json")
            try JSONEncoder().encode(settings).write(to: url)
            #expect(try TrainingConfiguration(contentsOf: url) == settings && settings != TrainingConfiguration())
            try Data("{}".utf8).write(to: url)
            #expect(try TrainingConfiguration(contentsOf: url) == TrainingConfiguration())
        }
    }

    @Test func `The optimizer is the one that the settings name, with their numbers`() throws {
        let store = ParameterStore()
        _ = try store.root.parameter("w", [2, 3], .constant(0))
        _ = try store.root.parameter("b", [3], .constant(0))
        var settings = TrainingConfiguration()
        (settings.optimizer, settings.learningRate, settings.momentum, settings.weightDecay) = (.sgd, 0.25, 0.75, 0.125)
        let sgd = try #require(settings.makeOptimizer(of: UNETRPlusPlusConfiguration(.synapse), store) as? SGD)
        #expect(sgd.rate == 0.25 && sgd.momentum == 0.75 && sgd.weightDecay == 0.125 && sgd.nesterov && sgd.parameters.count == 2)
        settings.optimizer = .adamw
        let adam = try #require(settings.makeOptimizer(of: UNETRPlusPlusConfiguration(.synapse), store) as? AdamW)
        #expect(adam.rate == 0.25 && adam.weightDecay == 0.125 && adam.beta1 == 0.9 && adam.beta2 == 0.999 && adam.epsilon == 1e-8)
    }
}
