public import UNETRSupport

extension NetworkDescription {
    /// A kind of network: what is known of it before it has a size.
    ///
    /// In JSON and on the command line it is its name, such as "swin-unetr".
    public struct Architecture: Sendable {
        /// The name in files and on the command line.
        public let rawValue: String

        /// The name in sentences and tables, such as "Swin UNETR".
        public let displayName: String

        /// Whether networks of this kind can be written as graphs, for compilers.
        public let hasGraph: Bool

        /// What its authors and others printed about it, in the order of the sources.
        let published: [PublishedFigures]

        /// How often the output of a layer is in memory at the fullest moment of a training step, on average over the layers.
        let trainingCopies: Double

        /// The usual settings for given data.
        let usual: @Sendable (NetworkTask) -> any NetworkConfiguration

        /// Reads the settings from JSON and validates them.
        let decode: @Sendable (any Decoder) throws -> any NetworkConfiguration

        /// An architecture whose settings are read as `Configuration` says.
        /// - Parameters:
        ///   - name: in files and on the command line, lower case.
        ///   - trainingCopies: measured; Documentation/Training.md says how.
        ///   - decode: reads settings in another way than `Configuration.init(from:)` does.
        init<Configuration: NetworkConfiguration>(
            _ name: String, displayName: String, published: [PublishedFigures] = [], trainingCopies: Double,
            usual: @escaping @Sendable (NetworkTask) -> Configuration,
            decode: @escaping @Sendable (any Decoder) throws -> Configuration = { try Configuration(from: $0) }
        ) {
            rawValue = name
            self.displayName = displayName
            hasGraph = Configuration.self is any GraphWritable.Type
            self.published = published
            self.trainingCopies = trainingCopies
            self.usual = usual
            self.decode = decode
        }
    }
}

extension NetworkDescription.Architecture: RawRepresentable, CaseIterable, Codable, Hashable {
    /// The architecture of that name; nil if there is none.
    public init?(rawValue: String) {
        guard let known = Architectures.all.first(where: { $0.rawValue == rawValue }) else { return nil }
        self = known
    }

    /// All architectures, in the order of the registry.
    public static var allCases: [Self] { Architectures.all }

    /// Architectures are equal if their names are.
    public static func == (one: Self, other: Self) -> Bool { one.rawValue == other.rawValue }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

/// What given data asks of a network.
public struct NetworkTask: Equatable, Sendable {
    /// Channels of the scan.
    public var inputChannels: Int
    /// Classes, background included.
    public var classes: Int
    /// The least patch [D, H, W] in voxels.
    public var patchSize: Size3
    /// mm, or any unit, along [D, H, W].
    public var spacing: [Double]

    /// A task: channels of a scan, classes with background, patch [D, H, W] in voxels, spacing in mm.
    public init(inputChannels: Int, classes: Int, patchSize: Size3, spacing: [Double]) {
        (self.inputChannels, self.classes, self.patchSize, self.spacing) = (inputChannels, classes, patchSize, spacing)
    }

    /// The patch with each size rounded up to a multiple of the unit's, both [D, H, W].
    func patch(inUnitsOf unit: Size3) -> Size3 { patchSize.roundedUp(to: unit) }
}
