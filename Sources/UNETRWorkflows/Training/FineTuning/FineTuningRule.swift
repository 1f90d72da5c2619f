import UNETRTraining

/// How a model is tuned further where nobody says: by the number of training cases. Chosen by judgment, not by measurement.
struct FineTuningRule: Equatable {
    /// The part of the protocol's learning rate.
    let rate: Double
    /// What keeps its weights.
    let freeze: TrainingConfiguration.FrozenPart
    /// The rate of each stage of the encoder as a part of the next one's.
    let layerDecay: Double?
    /// Number of epochs.
    let epochs: Int

    /// The rule for so many training cases: few can spoil more weights than they can improve.
    init(cases: Int) {
        switch cases {
        case ...10: (rate, freeze, layerDecay, epochs) = (0.1, .encoder, nil, 100)
        case ...50: (rate, freeze, layerDecay, epochs) = (0.1, .none, 0.75, 200)
        default: (rate, freeze, layerDecay, epochs) = (0.5, .none, 0.9, 500)
        }
    }

    /// The protocol with what the rule changes.
    func applied(to configuration: TrainingConfiguration) -> TrainingConfiguration {
        var configuration = configuration
        configuration.learningRate *= rate
        configuration.freeze = freeze
        configuration.layerDecay = layerDecay
        configuration.epochs = epochs
        // Weights that are good already are never drawn anew.
        configuration.rescueEpoch = nil
        return configuration
    }
}
