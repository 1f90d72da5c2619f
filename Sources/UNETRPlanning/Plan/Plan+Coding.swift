import UNETRArchitectures
import UNETRSupport
import UNETRVolumes

extension Plan: Codable {
    private enum CodingKeys: String, CodingKey {
        case version, dataset, channelNames, labels, ignoreLabel, regionOrder, dimensions, targetSpacing, orientation, axisOrder, patchSize
        case batchSize
        case normalization, compatibility, network, inference, postProcessing
        case normalizationOfVersion1 = "normalisation"
    }

    /// Decodes and validates.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let version = try values.decodeIfPresent(Int.self, forKey: .version) ?? 1
        guard 1...Self.version ~= version else {
            throw PlanError.invalid(field: "version", value: "\(version)", rule: "this program reads versions 1 and 2")
        }
        dataset = try values.decode(String.self, forKey: .dataset)
        channelNames = try values.decode([String].self, forKey: .channelNames)
        labels = LabelSet(
            definitions: try values.decode([LabelDefinition].self, forKey: .labels),
            ignoreValue: try values.decodeIfPresent(Int.self, forKey: .ignoreLabel),
            regionOrder: try values.decodeIfPresent([Int].self, forKey: .regionOrder))
        isTwoDimensional = try Self.isTwoDimensional(values.decodeIfPresent(Int.self, forKey: .dimensions))
        targetSpacing = try values.decode([Double].self, forKey: .targetSpacing)
        orientation = try values.decodeIfPresent(String.self, forKey: .orientation).map(Self.orientation)
        axisOrder = try values.decodeIfPresent(AxisOrder.self, forKey: .axisOrder) ?? .identity
        patchSize = try Self.patchSize(values.decode([Int].self, forKey: .patchSize))
        batchSize = try values.decodeIfPresent(Int.self, forKey: .batchSize) ?? 2
        normalization = try values.decode([IntensityNormalization].self, forKey: version == 1 ? .normalizationOfVersion1 : .normalization)
        compatibility = try values.decodeIfPresent(Compatibility.self, forKey: .compatibility) ?? .modern
        network = try values.decodeIfPresent(NetworkSection.self, forKey: .network)?.network
        inference = try values.decodeIfPresent(InferenceSettings.self, forKey: .inference) ?? InferenceSettings()
        postProcessing = try values.decodeIfPresent(PostProcessing.self, forKey: .postProcessing)
        try validate()
    }

    /// Encodes what `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(Self.version, forKey: .version)
        try values.encode(dataset, forKey: .dataset)
        try values.encode(channelNames, forKey: .channelNames)
        try values.encode(labels.definitions, forKey: .labels)
        try values.encodeIfPresent(labels.ignoreValue, forKey: .ignoreLabel)
        try values.encodeIfPresent(labels.regionOrder, forKey: .regionOrder)
        try values.encodeIfPresent(isTwoDimensional ? 2 : nil, forKey: .dimensions)
        try values.encode(targetSpacing, forKey: .targetSpacing)
        try values.encodeIfPresent(orientation?.text, forKey: .orientation)
        try values.encode(axisOrder, forKey: .axisOrder)
        try values.encode(patchSize, forKey: .patchSize)
        try values.encode(batchSize, forKey: .batchSize)
        try values.encode(normalization, forKey: .normalization)
        try values.encode(compatibility, forKey: .compatibility)
        try values.encode(NetworkSection(network: network), forKey: .network)
        try values.encode(inference, forKey: .inference)
        try values.encodeIfPresent(postProcessing, forKey: .postProcessing)
    }
}

/// The section `network`, which is an empty object where there is no network.
private struct NetworkSection: Codable {
    var network: NetworkDescription?

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(network: NetworkDescription?) { self.network = network }

    init(from decoder: any Decoder) throws {
        network = try decoder.container(keyedBy: AnyKey.self).allKeys.isEmpty ? nil : NetworkDescription(from: decoder)
    }

    func encode(to encoder: any Encoder) throws {
        guard let network else {
            _ = encoder.container(keyedBy: AnyKey.self)
            return
        }
        try network.encode(to: encoder)
    }
}
