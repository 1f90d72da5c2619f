import UNETRPlanning
public import UNETRVolumes

/// How a model is used on scans.
public struct SegmenterOptions: Sendable {
    /// Whether predictions are averaged over mirrored copies, as the plan says.
    public var mirroring: Bool

    /// Distance of neighboring patches as a part of the patch (`InferenceSettings.stepRange`); nil: as the plan says.
    public var stepFraction: Double?

    /// Structures to keep; every voxel that belongs to none of them becomes background. Nil: all.
    public var structures: [LabelDefinition]?

    /// Whether masks are cleaned up as the plan says.
    public var postProcesses: Bool

    /// Whether windows of one value throughout are computed only once (`SlidingWindowPredictor.reusesConstantWindows`).
    public var reusesConstantWindows: Bool

    /// Whether probabilities have the plan's temperature.
    var tempers = true

    /// How many threads may work beside the engine; nil: as many as it has, or all cores.
    public var threads: Int?

    /// Options; nil leaves what the model's plan says, and all processors.
    public init(
        mirroring: Bool = true, stepFraction: Double? = nil, structures: [LabelDefinition]? = nil, postProcesses: Bool = true,
        reusesConstantWindows: Bool = false, threads: Int? = nil
    ) {
        self.mirroring = mirroring
        self.stepFraction = stepFraction
        self.structures = structures
        self.postProcesses = postProcesses
        self.reusesConstantWindows = reusesConstantWindows
        self.threads = threads
    }

    /// The same with that number of threads, unless they say one.
    func with(threads: Int?) -> SegmenterOptions {
        var options = self
        options.threads = options.threads ?? threads
        return options
    }

    /// The plan's settings with what these options change of them.
    func settings(for plan: Plan) -> InferenceSettings {
        var settings = plan.inference
        if !mirroring { settings.mirrorAxes = [] }
        if let stepFraction { settings.stepFraction = stepFraction }
        if !tempers { settings.temperature = nil }
        return settings
    }
}
