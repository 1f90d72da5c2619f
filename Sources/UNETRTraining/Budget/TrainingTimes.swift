/// What the parts of a run take on a machine, in seconds; measured before its first epoch.
public struct TrainingTimes: Codable, Equatable, Sendable {
    /// From the start of the work to the first epoch: planning, preparation and this measurement.
    public var before = 0.0
    /// An optimizer step, its wait for data included: the median.
    public var step: Double
    /// The steps that it is the median of.
    public var steps = 1
    /// A batch of the estimate after an epoch.
    public var estimation = 0.0
    /// Writing a checkpoint.
    public var checkpoint = 0.0
    /// All validation cases once, without mirroring.
    public var validation = 0.0
    /// The validation at the end, with mirroring, on the grid of the scans.
    public var finalValidation = 0.0

    /// Times from their parts; what is left out takes none.
    public init(
        before: Double = 0, step: Double, steps: Int = 1, estimation: Double = 0, checkpoint: Double = 0, validation: Double = 0, finalValidation: Double = 0
    ) {
        self.before = before
        self.step = step
        self.steps = steps
        self.estimation = estimation
        self.checkpoint = checkpoint
        self.validation = validation
        self.finalValidation = finalValidation
    }

    /// What a run with these settings takes from its first epoch to its end, with so many validations of whole cases on the way.
    ///
    /// A validation may bring the best epoch, which is a checkpoint more; the model at the end is written twice, before and after its validation.
    func seconds(_ configuration: TrainingConfiguration, validations: Int) -> Double {
        let epoch = Double(configuration.iterationsPerEpoch) * step + Double(configuration.estimationIterations) * estimation + checkpoint
        return Double(configuration.epochs) * epoch + Double(validations) * (validation + checkpoint) + finalValidation + 2 * checkpoint
    }
}
