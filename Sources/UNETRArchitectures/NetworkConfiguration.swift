public import UNETRSupport

/// Everything that defines one network: what training, inference and files know of its settings.
public protocol NetworkConfiguration: PublishedKeys, Codable, Equatable, Sendable {
    /// The kind of network that these are the settings of.
    var architecture: NetworkDescription.Architecture { get }
    /// Channels of the scan.
    var inputChannels: Int { get set }
    /// Classes, background included.
    var classes: Int { get set }
    /// The patch [D, H, W] the network takes.
    var patchSize: Size3 { get set }
    /// Sizes [D, H, W] of the outputs of training, finest first.
    var outputSizes: [Size3] { get }

    /// Refuses what no network can have.
    /// - Throws: `ConfigurationError`, naming field, value and rule.
    func validate() throws

    /// What the network has and does, computed from the sizes alone, in the published code's formulation; only for settings whose fields
    /// have been checked one by one. `complexity` checks them first.
    var counted: NetworkComplexity { get }

    /// What lives together at the fullest moment of a forward pass in evaluation mode, besides weights, input and output, in bytes of float32.
    var activationBytes: Int { get }

    /// Makes it the same network for scans with so many channels.
    mutating func adapt(inputChannels: Int)

    /// The encoder's stages from the scan on: for each the keys, or what stands before a dot in them. All other parameters are the decoder's and the heads'.
    var encoderStages: [[String]] { get }

    /// The grids [d, h, w] of tokens that some parameters have an entry for each of; none where no parameter depends on the patch.
    var tokenGrids: [Size3] { get }
}

extension NetworkConfiguration {
    /// Changes nothing else.
    public mutating func adapt(inputChannels count: Int) { inputChannels = count }

    /// None.
    public var tokenGrids: [Size3] { [] }

    /// The stage of the encoder that a key belongs to; nil for the decoder and the heads.
    public func encoderStage(of key: String) -> Int? {
        encoderStages.firstIndex { $0.contains { key == $0 || key.hasPrefix("\($0).") } }
    }
}

extension NetworkConfiguration {
    /// What the network has and does, layer by layer.
    /// - Throws: `ConfigurationError` for impossible settings.
    public func complexity() throws -> NetworkComplexity {
        try validate()
        return counted
    }

    /// The fullest moment of a U-shaped network, in bytes of float32: at full resolution the skip and what comes up, joined, and a block's
    /// two maps. Compiled by OpenVINO, seven U-Nets of usual width with a patch of 96³ took 0.45 to 0.7 of it in float32, and in bfloat16 at
    /// most 0.9 of half of it.
    func activationBytes(fullResolutionChannels channels: Int) -> Int { ([4, 6, channels] + patchSize).saturatingProduct() }
}

/// One setting of a configuration: its name in JSON, and how it is read and written.
public struct ConfigurationField<Configuration> {
    let name: String
    let decode: (inout Configuration, KeyedDecodingContainer<ConfigurationKey>) throws -> Void
    let encode: (Configuration, inout KeyedEncodingContainer<ConfigurationKey>) throws -> Void

    /// A field of a file and where its value goes.
    public init<Value: Codable>(_ name: String, _ path: WritableKeyPath<Configuration, Value>) {
        self.name = name
        let key = ConfigurationKey(name)
        decode = { configuration, values in
            if let value = try values.decodeIfPresent(Value.self, forKey: key) { configuration[keyPath: path] = value }
        }
        encode = { configuration, values in try values.encode(configuration[keyPath: path], forKey: key) }
    }

    /// A field that a file has only where it says something.
    public init<Value: Codable>(_ name: String, _ path: WritableKeyPath<Configuration, Value?>) {
        self.name = name
        let key = ConfigurationKey(name)
        decode = { configuration, values in configuration[keyPath: path] = try values.decodeIfPresent(Value.self, forKey: key) ?? configuration[keyPath: path] }
        encode = { configuration, values in try values.encodeIfPresent(configuration[keyPath: path], forKey: key) }
    }

    /// A field of three numbers, for which a file may hold another number of them.
    /// - Parameter rule: what is expected, for the error.
    init(_ name: String, _ path: WritableKeyPath<Configuration, Size3>, rule: String) {
        self.init(name, path) { (numbers: [Int], _) in
            guard let size = Size3(numbers) else { throw ConfigurationError(field: name, value: "\(numbers)", rule: rule) }
            return size
        }
    }

    /// A list of such fields.
    /// - Parameter rule: what is expected, given what stands before it in the list of fields.
    init(_ name: String, _ path: WritableKeyPath<Configuration, [Size3]>, rule: @escaping (Configuration) -> String) {
        self.init(name, path) { (lists: [[Int]], configuration) in
            try lists.map { numbers in
                guard let size = Size3(numbers) else { throw ConfigurationError(field: name, value: "\(lists)", rule: rule(configuration)) }
                return size
            }
        }
    }

    /// A field that is stored as another type than it has.
    private init<Stored: Decodable, Value: Encodable>(
        _ name: String, _ path: WritableKeyPath<Configuration, Value>, _ value: @escaping (Stored, Configuration) throws -> Value
    ) {
        self.name = name
        let key = ConfigurationKey(name)
        decode = { configuration, values in
            if let stored = try values.decodeIfPresent(Stored.self, forKey: key) {
                configuration[keyPath: path] = try value(stored, configuration)
            }
        }
        encode = { configuration, values in try values.encode(configuration[keyPath: path], forKey: key) }
    }
}

/// A name in a configuration's JSON.
public struct ConfigurationKey: CodingKey {
    /// The name of the field.
    public var stringValue: String
    /// Never set: fields have names.
    public var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    /// A field by its name.
    public init?(stringValue: String) { self.stringValue = stringValue }
    /// Fails: fields have names.
    public init?(intValue: Int) { nil }
}

/// A configuration that is read from a table of fields: what the JSON leaves out keeps its default, an unknown name is an error.
public protocol FieldCoded: NetworkConfiguration {
    /// The fields of a file, in order.
    static var fields: [ConfigurationField<Self>] { get }

    /// The defaults for what the JSON leaves out, which may depend on what it says.
    static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) throws -> Self
}

extension FieldCoded {
    /// Decodes what differs from the defaults, and validates the whole.
    /// - Throws: `ConfigurationError` for an unknown field or an impossible value.
    public init(from decoder: any Decoder) throws {
        try self.init(from: decoder, defaults: Self.defaults)
    }

    init(from decoder: any Decoder, defaults: (KeyedDecodingContainer<ConfigurationKey>) throws -> Self) throws {
        let values = try decoder.container(keyedBy: ConfigurationKey.self)
        let known = Set(Self.fields.map(\.name))
        for key in values.allKeys where !known.contains(key.stringValue) {
            throw ConfigurationError(
                field: key.stringValue, value: "present", rule: "known fields are \(Self.fields.map(\.name).joined(separator: ", "))")
        }
        self = try defaults(values)
        for field in Self.fields { try field.decode(&self, values) }
        try validate()
    }

    /// Encodes every field, so that a file stays complete when the defaults should ever change.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: ConfigurationKey.self)
        for field in Self.fields { try field.encode(self, &values) }
    }
}

/// Collects the rules of a validation: each is a field, its value, whether it holds, and the rule in words.
func demand(_ holds: Bool, _ field: String, _ value: Any, _ rule: @autoclosure () -> String) throws {
    guard holds else { throw ConfigurationError(field: field, value: "\(value)", rule: rule()) }
}

extension NetworkConfiguration {
    /// What a patch is, in words.
    static var patchRule: String { "three sizes from 1 to 4096, [D, H, W]" }

    /// The rules every network's input and output obey; `unit` is what the patch is divisible by, [d, h, w].
    func validateSizes(unit: Size3) throws {
        try demand((1...1024).contains(inputChannels), "inputChannels", inputChannels, "from 1 to 1024")
        try demand((2...1024).contains(classes), "classes", classes, "from 2 (background and one class) to 1024")
        try demand(
            patchSize.allSatisfy { (1...4096).contains($0) }, "patchSize", patchSize, Self.patchRule)
        try demand(
            patchSize.saturatingProduct() <= 1 << 27, "patchSize", patchSize, "together at most 2²⁷ voxels, 512 × 512 × 512")
        try demand(
            zip(patchSize, unit).allSatisfy { $0.isMultiple(of: $1) }, "patchSize", patchSize, "each size divisible by \(unit)\(nearest(unit))")
    }

    /// The next smaller and the next larger patch in whole units, in words.
    private func nearest(_ unit: Size3) -> String {
        guard unit.allSatisfy({ (1...4096).contains($0) }) else { return "" }
        let larger = patchSize.roundedUp(to: unit), smaller = patchSize.divided(by: unit).multiplied(by: unit)
        return smaller.contains(0) ? "; the nearest is \(larger)" : "; the nearest are \(smaller) and \(larger)"
    }

    /// Refuses networks too wide or deep for any machine: field by field each may be possible, together they are not.
    func demandPossibleSize(_ parameters: Int) throws {
        try demand(
            parameters <= Self.mostParameters, "configuration", "a network of \(parameters) parameters",
            "at most \(Self.mostParameters) parameters; make the network narrower or shallower, or its patch smaller")
    }

    /// Eight gigabytes of float32: the widest published network here has 150 million parameters.
    static var mostParameters: Int { 1 << 31 }

    func demandProbability(_ value: Double, _ field: String) throws {
        try demand((0..<1).contains(value), field, value, "a probability from 0 to below 1")
    }
}
