extension UNETRPlusPlusConfiguration: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case variant, inputChannels, classes, patchSize, stem, featureSize, depths, decoderDepth, heads, projectedTokens
        case decoderProjectedTokens, projection, fusion, spatialOrder, residualBlocks, attentionDropout, channelDropout, layerScale
        case deepSupervision
    }

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Decodes a variant and what differs from it, and validates the whole.
    /// - Throws: `ConfigurationError` for an unknown field or an impossible value.
    public init(from decoder: any Decoder) throws {
        for key in try decoder.container(keyedBy: AnyKey.self).allKeys where CodingKeys(rawValue: key.stringValue) == nil {
            throw ConfigurationError(
                field: key.stringValue, value: "present", rule: "known fields are \(CodingKeys.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let name = try values.decodeIfPresent(String.self, forKey: .variant) ?? Variant.synapse.rawValue
        guard let variant = Variant(rawValue: name) else {
            throw ConfigurationError(
                field: "variant", value: name, rule: "one of \(Variant.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self.init(variant)

        func override<Value: Decodable>(_ path: WritableKeyPath<Self, Value>, _ key: CodingKeys) throws {
            if let value = try values.decodeIfPresent(Value.self, forKey: key) { self[keyPath: path] = value }
        }
        try override(\.inputChannels, .inputChannels)
        try override(\.classes, .classes)
        try override(\.patchSize, .patchSize)
        try override(\.stem, .stem)
        try override(\.featureSize, .featureSize)
        try override(\.depths, .depths)
        try override(\.decoderDepth, .decoderDepth)
        try override(\.heads, .heads)
        try override(\.projectedTokens, .projectedTokens)
        try override(\.decoderProjectedTokens, .decoderProjectedTokens)
        try override(\.projection, .projection)
        try override(\.fusion, .fusion)
        try override(\.spatialOrder, .spatialOrder)
        try override(\.residualBlocks, .residualBlocks)
        try override(\.attentionDropout, .attentionDropout)
        try override(\.channelDropout, .channelDropout)
        try override(\.layerScale, .layerScale)
        try override(\.deepSupervision, .deepSupervision)
        try validate()
    }

    /// Encodes every field, so that a file stays complete when a variant's defaults should ever change.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(variant, forKey: .variant)
        try values.encode(inputChannels, forKey: .inputChannels)
        try values.encode(classes, forKey: .classes)
        try values.encode(patchSize, forKey: .patchSize)
        try values.encode(stem, forKey: .stem)
        try values.encode(featureSize, forKey: .featureSize)
        try values.encode(depths, forKey: .depths)
        try values.encode(decoderDepth, forKey: .decoderDepth)
        try values.encode(heads, forKey: .heads)
        try values.encode(projectedTokens, forKey: .projectedTokens)
        try values.encode(decoderProjectedTokens, forKey: .decoderProjectedTokens)
        try values.encode(projection, forKey: .projection)
        try values.encode(fusion, forKey: .fusion)
        try values.encode(spatialOrder, forKey: .spatialOrder)
        try values.encode(residualBlocks, forKey: .residualBlocks)
        try values.encode(attentionDropout, forKey: .attentionDropout)
        try values.encode(channelDropout, forKey: .channelDropout)
        try values.encode(layerScale, forKey: .layerScale)
        try values.encode(deepSupervision, forKey: .deepSupervision)
    }
}
