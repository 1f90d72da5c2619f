extension UNETRPlusPlusConfiguration: FieldCoded {
    /// The fields of a file, in order.
    public static var fields: [ConfigurationField<Self>] {
        [
            .init("variant", \.variant), .init("inputChannels", \.inputChannels), .init("classes", \.classes),
            .init("patchSize", \.patchSize, rule: patchRule), .init("stem", \.stem, rule: stemRule), .init("normChannels", \.normChannels),
            .init("featureSize", \.featureSize),
            .init("depths", \.depths), .init("decoderDepth", \.decoderDepth), .init("heads", \.heads), .init("projectedTokens", \.projectedTokens),
            .init("decoderProjectedTokens", \.decoderProjectedTokens), .init("projection", \.projection), .init("fusion", \.fusion),
            .init("spatialOrder", \.spatialOrder), .init("residualBlocks", \.residualBlocks),
            .init("attentionDropout", \.attentionDropout), .init("channelDropout", \.channelDropout), .init("layerScale", \.layerScale),
            .init("deepSupervision", \.deepSupervision),
        ]
    }

    /// The published settings of the variant that is named, or of synapse.
    public static func defaults(for values: KeyedDecodingContainer<ConfigurationKey>) throws -> Self {
        let name = try values.decodeIfPresent(String.self, forKey: ConfigurationKey("variant")) ?? Variant.synapse.rawValue
        guard let variant = Variant(rawValue: name) else {
            throw ConfigurationError(
                field: "variant", value: name, rule: "one of \(Variant.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return Self(variant)
    }
}
