/// What a worker says: one JSON object a line on its standard output.
public enum WorkerEvent: Codable, Equatable, Sendable {
    /// It takes orders. The first line, and the only one of its kind.
    case ready(worker: WorkerDescription)
    /// An order is begun. Whatever happens to the worker from here on is this order's doing.
    case begun(job: String)
    /// The model of an order is being loaded.
    case loading(job: String, model: String)
    /// These models are loaded now, the one used last at the end.
    case warm(models: [String])
    /// So many of the patches of an order are done.
    case progress(job: String, done: Int, total: Int)
    /// Mask and statistics of an order are written.
    case done(job: String, seconds: Double, networkSeconds: Double)
    /// How uncertain the model is about the scan of an order: from 0 to 1.
    case scored(job: String, uncertainty: Double)
    /// So many epochs of a training are done, with this mean Dice of the validation cases, where there was one.
    case epoch(job: String, done: Int, total: Int, dice: Double?)
    /// A sentence about a training, for people.
    case note(job: String, text: String)
    /// The new model of a training is where it goes.
    case trained(job: String)
    /// An order cannot be done, for this reason, in a sentence.
    case failed(job: String, cause: FailureCause, reason: String)
    /// An order was stopped. There is no mask.
    case canceled(job: String)

    /// Whose fault a failure is.
    public enum FailureCause: String, Codable, Sendable {
        /// The worker has no such model, or cannot load it.
        case model
        /// The scan cannot be read, or the model cannot take it, or its structures have other names.
        case scan
        /// It needs more memory than may be taken.
        case memory
        /// The results cannot be written, which may pass.
        case disk
    }
}

/// What a worker is and can do.
public struct WorkerDescription: Codable, Equatable, Sendable {
    /// The version of its program.
    public var version: String
    /// Where it computes, such as "cpu".
    public var device: String
    /// Its models, by name.
    public var models: [ModelDescription]

    /// A description.
    public init(version: String, device: String, models: [ModelDescription]) {
        self.version = version
        self.device = device
        self.models = models
    }
}

/// What a model can do, as those are told who choose one.
public struct ModelDescription: Codable, Equatable, Sendable {
    /// A channel of its scans.
    public struct Channel: Codable, Equatable, Sendable {
        /// Such as "CT" or "T1".
        public var name: String

        /// A channel.
        public init(name: String) { self.name = name }
    }

    /// A structure of its masks.
    public struct Label: Codable, Equatable, Sendable {
        /// The value in masks.
        public var value: Int
        /// All values of its voxels: of a region also those of the smaller ones in it.
        public var values: [Int]
        /// What it is called.
        public var name: String
        /// As "#rrggbb".
        public var color: String

        /// A structure.
        public init(value: Int, values: [Int]? = nil, name: String, color: String) {
            self.value = value
            self.values = values ?? [value]
            self.name = name
            self.color = color
        }
    }

    /// The name it is asked for by: that of its folder without the ending.
    public var name: String
    /// What people call it.
    public var title: String
    /// The architecture of its network.
    public var architecture: String
    /// The channels of its scans, in order.
    public var channels: [Channel]
    /// The structures of its masks.
    public var labels: [Label]
    /// Whether structures overlap, as "whole tumor" and "tumor core" do.
    public var regions: Bool
    /// The spacing of prepared scans along [z, y, x] in mm.
    public var spacing: [Double]
    /// The size of a patch along [z, y, x].
    public var patch: [Int]
    /// The license of its weights, where its card says one.
    public var license: String?
    /// SHA-256 of plan and weights.
    public var digest: String

    /// A description.
    public init(
        name: String, title: String, architecture: String, channels: [Channel], labels: [Label], regions: Bool, spacing: [Double], patch: [Int],
        license: String? = nil, digest: String
    ) {
        self.name = name
        self.title = title
        self.architecture = architecture
        self.channels = channels
        self.labels = labels
        self.regions = regions
        self.spacing = spacing
        self.patch = patch
        self.license = license
        self.digest = digest
    }
}
