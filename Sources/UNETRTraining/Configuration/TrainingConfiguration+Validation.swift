import UNETRAugmentation
import UNETRLayers
import UNETRTorch

/// What one number of the training settings may be.
private struct SettingRange: Sendable {
    /// The number as a sentence shows it and whether it is allowed; nil for a setting that is left out.
    let look: @Sendable (TrainingConfiguration) -> (shown: String, isAllowed: Bool)?
    let field: String
    let rule: String

    init(_ field: String, _ range: ClosedRange<Int>, _ value: @escaping @Sendable (TrainingConfiguration) -> Int?) {
        self.init(field, "a whole number from \(range.lowerBound) to \(range.upperBound)", range.contains, value)
    }

    init(_ field: String, _ range: ClosedRange<Double>, _ value: @escaping @Sendable (TrainingConfiguration) -> Double?) {
        self.init(field, "a number from \(range.lowerBound) to \(range.upperBound)", range.contains, value)
    }

    /// A number that may come close to the upper bound, but not reach it.
    init(_ field: String, below range: Range<Double>, _ value: @escaping @Sendable (TrainingConfiguration) -> Double?) {
        self.init(field, "a number from \(range.lowerBound) to below \(range.upperBound)", range.contains, value)
    }

    private init<Value>(
        _ field: String, _ rule: String, _ contains: @escaping @Sendable (Value) -> Bool,
        _ value: @escaping @Sendable (TrainingConfiguration) -> Value?
    ) {
        self.field = field
        self.rule = rule
        look = { value($0).map { ("\($0)", contains($0)) } }
    }
}

extension TrainingConfiguration {
    /// Epochs that a run can have at the most; their product with the largest epoch is far below what an `Int` holds.
    static let mostEpochs = 1_000_000

    /// What every number may be; whether a field is checked is seen here alone. Products of them are taken without checks everywhere else.
    private static let ranges: [SettingRange] = [
        .init("epochs", 1...mostEpochs) { $0.epochs },
        .init("iterationsPerEpoch", 1...1_000_000) { $0.iterationsPerEpoch },
        .init("batchSize", 1...4096) { $0.batchSize },
        .init("accumulation", 1...4096) { $0.accumulation },
        .init("learningRate", 1e-12...100) { $0.learningRate },
        .init("momentum", below: 0..<1) { $0.momentum },
        .init("weightDecay", 0...10) { $0.weightDecay },
        .init("schedule.polynomial.exponent", 0...100) { if case .polynomial(let exponent) = $0.schedule { exponent } else { nil } },
        .init("schedule.cosine.warmUp", below: 0..<1) { if case .cosine(let warmUp) = $0.schedule { warmUp } else { nil } },
        .init("gradientClip", 1e-9...1e12) { $0.gradientClip },
        .init("foregroundShare", 0...1) { $0.foregroundShare },
        .init("averaging", below: 0..<1) { $0.averaging },
        .init("layerDecay", 0.01...1) { $0.layerDecay },
        .init("estimationIterations", 0...100_000) { $0.estimationIterations },
        .init("rescueEpoch", 1...mostEpochs) { $0.rescueEpoch },
        .init("validationInterval", 1...mostEpochs) { $0.validationInterval },
        .init("loaderThreads", 1...256) { $0.loaderThreads },
    ]

    /// Refuses settings that no run can have.
    /// - Throws: `TrainingError.setting` with field, value and rule; `AugmentationError.plan`.
    public func validate() throws {
        for range in Self.ranges {
            guard let found = range.look(self), !found.isAllowed else { continue }
            throw TrainingError.setting(field: range.field, value: found.shown, rule: range.rule)
        }
        // The rescue draws all weights anew, those that are to be kept with them.
        if freeze == .encoder, let rescueEpoch {
            throw TrainingError.setting(field: "rescueEpoch", value: "\(rescueEpoch)", rule: "null where the encoder is frozen")
        }
        if let mixedPrecision, mixedPrecision != .bfloat16, mixedPrecision != .float16 {
            throw TrainingError.setting(field: "mixedPrecision", value: "\(mixedPrecision)", rule: "bfloat16 or float16")
        }
        try augmentation.validate()
    }
}
