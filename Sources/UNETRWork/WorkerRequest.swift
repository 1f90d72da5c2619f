/// What is asked of a worker: one JSON object a line on its standard input. When that ends, so does the worker.
public enum WorkerRequest: Codable, Equatable, Sendable {
    /// Segment a scan. Orders are done one after the other.
    case segment(order: SegmentationOrder)
    /// Say how uncertain a model is about a scan.
    case score(order: ScoringOrder)
    /// Train a model further on labeled scans.
    case train(order: TrainingOrder)
    /// Stop an order, which is under way or waits. One that is unknown is passed over.
    case cancel(job: String)
}

/// A scan to be segmented, and where its results go. Paths are absolute.
public struct SegmentationOrder: Codable, Equatable, Sendable {
    /// What the answers call it.
    public var job: String
    /// The model, by the name under which the worker knows it.
    public var model: String
    /// The scan: one file a channel, or one with all. Of a DICOM study, `series` names which.
    public var scans: [String]
    /// The series of DICOM scans, one a channel, by UID; empty: the only one that fits.
    public var series: [String]
    /// The mask's file, whose ending is that of a volume.
    public var mask: String
    /// The file of the structures' statistics (`StructureReport`, JSON).
    public var statistics: String
    /// How it is done.
    public var choices: SegmentationChoices

    /// An order.
    public init(
        job: String, model: String, scans: [String], series: [String] = [], mask: String, statistics: String,
        choices: SegmentationChoices = SegmentationChoices()
    ) {
        self.job = job
        self.model = model
        self.scans = scans
        self.series = series
        self.mask = mask
        self.statistics = statistics
        self.choices = choices
    }
}

/// A scan of which a model is to say how uncertain it is. Paths are absolute.
public struct ScoringOrder: Codable, Equatable, Sendable {
    /// What the answers call it.
    public var job: String
    /// The model, by the name under which the worker knows it.
    public var model: String
    /// The scan: one file a channel, or one with all.
    public var scans: [String]
    /// The series of DICOM scans, one a channel, by UID; empty: the only one that fits.
    public var series: [String]

    /// An order.
    public init(job: String, model: String, scans: [String], series: [String] = []) {
        self.job = job
        self.model = model
        self.scans = scans
        self.series = series
    }
}

/// A model to be trained further, on what, and where the new one goes. Paths are absolute.
public struct TrainingOrder: Codable, Equatable, Sendable {
    /// A labeled scan.
    public struct Case: Codable, Equatable, Sendable {
        /// Its name: letters, digits and `._-`.
        public var name: String
        /// The scan, with all its channels.
        public var image: String
        /// The mask.
        public var label: String
        /// What the mask's values become, by value; those that are not named stay.
        public var values: [Int: Int]

        /// A case.
        public init(name: String, image: String, label: String, values: [Int: Int] = [:]) {
            self.name = name
            self.image = image
            self.label = label
            self.values = values
        }
    }

    /// What the answers call it.
    public var job: String
    /// The model whose plan and weights it starts from, by the name under which the worker knows it.
    public var model: String
    /// What it is trained on.
    public var cases: [Case]
    /// The folder of the run; one that was interrupted goes on.
    public var folder: String
    /// Where the new model goes when it is complete.
    public var bundle: String
    /// What people call the new model.
    public var title: String
    /// Epochs.
    public var epochs: Int
    /// Steps in an epoch.
    public var iterations: Int
    /// The learning rate it starts with.
    public var learningRate: Double
    /// Whether some of the cases are kept for validation.
    public var validates: Bool

    /// An order.
    public init(
        job: String, model: String, cases: [Case], folder: String, bundle: String, title: String, epochs: Int, iterations: Int, learningRate: Double,
        validates: Bool
    ) {
        self.job = job
        self.model = model
        self.cases = cases
        self.folder = folder
        self.bundle = bundle
        self.title = title
        self.epochs = epochs
        self.iterations = iterations
        self.learningRate = learningRate
        self.validates = validates
    }
}

/// How a scan is segmented; what is nil is as the model's plan says.
public struct SegmentationChoices: Codable, Hashable, Sendable {
    /// What products and convolutions are computed in.
    public enum Precision: String, Codable, CaseIterable, Sendable {
        /// The fastest that the device has and the model allows.
        case auto
        /// Single precision.
        case float32
        /// Mixed with bfloat16.
        case bfloat16
    }

    /// Whether mirrored versions of each patch are averaged.
    public var mirroring: Bool?
    /// The structures to keep, by name or number; everything else becomes background.
    public var structures: [String]?
    /// The precision; nil: `auto`.
    public var precision: Precision?

    /// Choices.
    public init(mirroring: Bool? = nil, structures: [String]? = nil, precision: Precision? = nil) {
        self.mirroring = mirroring
        self.structures = structures
        self.precision = precision
    }
}
