public import Logging
public import UNETRArchitectures
import UNETRInference
import UNETRModels
public import UNETRPlanning
public import UNETRPreparation

/// How the plan of a data set is to be made.
public struct PlanningRequest: Sendable {
    /// Published settings to plan by.
    public enum Preset: Sendable, Equatable {
        /// Those of the benchmark that the data set's name is one of; else none.
        case byName
        /// None: everything follows from the data.
        case free
        /// The settings of a published benchmark.
        case benchmark(Benchmark)
    }

    /// Who plans.
    public enum Planner: Sendable, Equatable {
        /// This package's planner, for any of its networks.
        case own
        /// A planner of nnU-Net v2, which chooses a U-Net.
        case nnUNetV2(NNUNetV2Planner.Preset, NNUNetV2Planner.Configuration)
    }

    /// Who plans; what nnU-Net's planners choose themselves (`preset`, `featureSize`, `architecture`) has no effect on them.
    public var planner = Planner.own

    /// Bytes that training may take, for nnU-Net's planners those of the graphics card; nil: what the planner assumes.
    public var memory: Int?

    /// Whether published settings are used.
    public var preset = Preset.byName

    /// Channels at full resolution of UNETR++.
    public var featureSize = 16

    /// The network, in its usual size; nil: UNETR++, or that of a plan that is there.
    public var architecture: NetworkDescription.Architecture?

    /// The spacing of a locator in mm (`NetworkPlanner.locatorSpacingRange`), whose network is MONAI's U-Net, a small one, unless another is named; nil: no locator.
    /// `planner`, `preset` and `featureSize` have no effect on one.
    public var locatorSpacing: Double?

    /// The usual settings.
    public init() {}

    /// The benchmark whose settings are used.
    func benchmark(of dataset: Dataset) -> Benchmark? {
        switch preset {
        case .byName: Benchmark(of: dataset)
        case .free: nil
        case .benchmark(let benchmark): benchmark
        }
    }

    /// Reads every case of the data set once, and plans.
    ///
    /// - Parameter progress: called with the cases done and all there are.
    /// - Parameter dataset: its fingerprint is taken from every case.
    /// - Parameter logger: told when published settings are used.
    /// - Throws: what reading the scans throws; `PlanError` and the network's errors where no plan can be made.
    public func plan(for dataset: Dataset, logger: Logger, progress: @escaping @Sendable (Int, Int) throws -> Void = { _, _ in }) throws -> Plan {
        let fingerprint = try Self.fingerprint(of: dataset, progress)
        if let locatorSpacing {
            let planner = NetworkPlanner(memory: memory, architecture: architecture ?? .monaiUNet)
            return try planner.locator(at: locatorSpacing, fingerprint, labels: dataset.labels, dataset: dataset.name)
        }
        if case .nnUNetV2(let preset, let configuration) = planner {
            let planner = NNUNetV2Planner(preset, gigabytes: memory.map { Double($0) / 0x1p30 })
            return try planner.plan(configuration, fingerprint, labels: dataset.labels, dataset: dataset.name)
        }
        let benchmark = benchmark(of: dataset)
        if preset == .byName, let benchmark {
            logger.notice("This is the benchmark \(benchmark.rawValue) by its name: the published settings are used; a free plan follows from the data alone")
        }
        let planner = NetworkPlanner(memory: memory, preset: benchmark, featureSize: featureSize, architecture: architecture ?? .unetrPlusPlus)
        return try planner.plan(fingerprint, labels: dataset.labels, dataset: dataset.name)
    }

    /// Looks at every case once.
    static func fingerprint(of dataset: Dataset, _ progress: @escaping @Sendable (Int, Int) throws -> Void) throws -> Fingerprint {
        try progress(0, dataset.cases.count)
        let counter = Counter(of: dataset.cases.count, progress)
        return try Fingerprint(of: dataset) { _ in try counter.advance() }
    }

    /// A plan with the network that is asked for, if one is.
    public func applied(to plan: Plan) throws -> Plan {
        try architecture.map { try plan.with(architecture: $0, memory: memory) } ?? plan
    }
}
