/// What is asked of a worker: one JSON object a line on its standard input. When that ends, so does the worker.
public enum WorkerRequest: Codable, Equatable, Sendable {
    /// Segment a scan. Orders are done one after the other.
    case segment(order: SegmentationOrder)
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
