public import Foundation
public import UNETRAugmentation
public import UNETRLayers
public import UNETRPlanning
import UNETRSupport
public import UNETRTorch

/// How a network is trained; the whole of it is stored with the run.
public struct TrainingConfiguration: Codable, Equatable, Sendable {
    /// Settings that go together.
    public enum Recipe: String, Codable, Sendable, CaseIterable {
        /// The published protocol: SGD with Nesterov momentum and the polynomial schedule, 250,000 steps.
        case published
        /// For a budget of hours, with or without a GPU: AdamW, a cosine schedule and averaged weights learn from far fewer samples.
        case efficient
    }

    /// The optimizers.
    public enum OptimizerKind: String, Codable, Sendable, CaseIterable {
        /// Stochastic gradient descent with Nesterov momentum.
        case sgd
        /// Adam with decoupled weight decay.
        case adamw
        /// Orthogonal steps for matrices and kernels, AdamW for the rest.
        case muon
    }

    /// What keeps the weights that a run starts from.
    public enum FrozenPart: String, Codable, Sendable, CaseIterable {
        /// Nothing: all weights are trained.
        case none
        /// The encoder (`NetworkConfiguration.encoderStages`). Statistics of batch normalization go on being taken.
        case encoder
    }

    /// Number of epochs.
    public var epochs = 1000
    /// Optimizer steps in an epoch.
    public var iterationsPerEpoch = 250
    /// Patches in a batch.
    public var batchSize = 2
    /// Batches whose gradients are averaged for one step.
    public var accumulation = 1
    /// The optimizer.
    public var optimizer = OptimizerKind.sgd
    /// The learning rate that the schedule starts from.
    public var learningRate = 0.01
    /// Momentum of SGD.
    public var momentum = 0.99
    /// Weight decay of the optimizer.
    public var weightDecay = 3e-5
    /// How the learning rate changes.
    public var schedule = Schedule.polynomial(exponent: 0.9)
    /// Largest Euclidean norm of all gradients together.
    public var gradientClip = 12.0
    /// Dice over the whole batch instead of per sample.
    public var batchDice = true
    /// Type of products and convolutions; nil: float32 throughout.
    public var mixedPrecision: DType?
    /// Share of every batch that is centered on foreground.
    public var foregroundShare = 0.33
    /// Decay of the running average of the weights, per step; nil: none. The average is what is validated and shipped.
    public var averaging: Double?
    /// Batches of validation patches that Dice is estimated on after every epoch; 0: no estimate.
    public var estimationIterations = 50
    /// The epoch after which the weights are drawn anew and momentum is lowered if the estimated Dice is still 0; nil: never.
    public var rescueEpoch: Int? = 100
    /// Whole-case validation every so many epochs (and after the last).
    public var validationInterval = 10
    /// Whether the validation cases are segmented and scored on their scans' grid at the end.
    public var finalValidation = true
    /// How samples are augmented.
    public var augmentation = AugmentationPlan()
    /// Seed of weights, samples and augmentation.
    public var seed: UInt64 = 1
    /// Threads that make batches.
    public var loaderThreads = 1
    /// Whether batch normalization takes the statistics of the whole batch where several processes share it; nil: yes.
    public var synchronizedStatistics: Bool?
    /// What keeps the weights that the run starts from; nil: nothing.
    public var freeze: FrozenPart?
    /// The rate of a stage of the encoder as a part of the next one's; the last one's of the decoder's, which is the full rate. Nil: all are equal.
    public var layerDecay: Double?
    /// Whether fused operations are used where there are some; the plain ones are the same functions, slower.
    public var fusedOperations = true

    /// What the rescue lowers momentum to.
    static let rescueMomentum = 0.95

    /// The published settings.
    public init() {}

    /// The published protocol: SGD with Nesterov momentum and the polynomial schedule.
    public static let published = TrainingConfiguration()

    /// The published protocol for a plan: its batch, in-plane augmentation where its patch is strongly anisotropic (nnU-Net's factor of 3),
    /// and zero outside the mask in the channels that were normalized inside it. For slices nnU-Net's own settings: only their axes are
    /// mirrored, and long slices (1.5 times as long as wide) are rotated little.
    public static func published(for plan: Plan) -> TrainingConfiguration {
        var configuration = published
        configuration.batchSize = plan.batchSize
        let isAnisotropic = Double(plan.patchSize.max()!) / Double(plan.patchSize[0]) > 3
        configuration.augmentation = .published(inPlane: isAnisotropic, zeroOutsideMask: plan.normalization.map(\.useMask))
        if plan.isTwoDimensional {
            let edges = plan.patchSize.dropFirst().sorted()
            configuration.augmentation.inPlane = true
            configuration.augmentation.rotationDegrees[0] = Double(edges[1]) / Double(edges[0]) > 1.5 ? -15...15 : -180...180
            configuration.augmentation.mirrorAxes = [1, 2]
        }
        return configuration
    }

    /// The settings of a recipe for a plan.
    public static func recipe(_ recipe: Recipe, for plan: Plan) -> TrainingConfiguration {
        var configuration = published(for: plan)
        guard recipe == .efficient else { return configuration }
        configuration.epochs = 50
        configuration.iterationsPerEpoch = 100
        configuration.estimationIterations = 10
        configuration.optimizer = .adamw
        configuration.learningRate = 2.5e-3
        configuration.weightDecay = 0.02
        configuration.schedule = .cosine(warmUp: 0.01)
        configuration.batchDice = false
        configuration.averaging = 0.998
        // What is left at Dice 0 after 100 epochs of SGD is drawn anew; AdamW has not been seen there.
        configuration.rescueEpoch = nil
        return configuration
    }

    /// Reads settings from JSON; fields that are left out are those of `defaults`.
    /// - Throws: `TrainingError.setting` for a value no run can have or a field that does not exist.
    public init(contentsOf url: URL, defaults: TrainingConfiguration = .published) throws {
        let known = try JSONSerialization.jsonObject(with: JSONEncoder().encode(defaults)) as? [String: Any] ?? [:]
        let given = try Self.object(in: url)
        let optional = ["mixedPrecision", "averaging", "rescueEpoch", "synchronizedStatistics", "freeze", "layerDecay"]
        for field in given.keys where known[field] == nil && !optional.contains(field) {
            throw TrainingError.setting(
                field: field, value: "present", rule: "known fields are \(Set(known.keys).union(optional).sorted().joined(separator: ", "))")
        }
        let merged = known.merging(given) { $1 }
        do { self = try JSONText.decode(from: JSONSerialization.data(withJSONObject: merged)) } catch let error as JSONProblem {
            throw FileError(path: url.path, problem: "among the training settings \(error.sentence)")
        }
        try validate()
    }

    /// The fields that a file of settings names.
    /// - Throws: `FileError` for a file that is no JSON object.
    public static func fields(in url: URL) throws -> Set<String> { try Set(object(in: url).keys) }

    private static func object(in url: URL) throws -> [String: Any] {
        let data: Data
        do { data = try InputFile.contents(of: url, most: 1 << 20) } catch let error as FileError {
            throw FileError(path: url.path, problem: "the file of training settings \(error.problem)")
        }
        guard let given = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw FileError(path: url.path, problem: "the training settings are not a JSON object")
        }
        return given
    }
}
