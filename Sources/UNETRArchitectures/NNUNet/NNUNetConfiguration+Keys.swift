extension NNUNetConfiguration: PublishedKeys {
    /// Version 1 (`Generic_UNet`) as version 2: the same layers under other names.
    public func key(forPublished key: String) -> String? {
        let parts = key.split(separator: ".")
        for length in [parts.count - 1, parts.count - 2] where length > 0 {
            guard let place = placesOfVersion1[parts.prefix(length).joined(separator: ".")] else { continue }
            let rest = parts.dropFirst(length).map { $0 == NNUNetVersion.v1.norm ? NNUNetVersion.v2.norm : String($0) }
            return ([place] + rest).joined(separator: ".")
        }
        return key
    }

    /// The places of version 2 by those of version 1.
    private var placesOfVersion1: [String: String] {
        func places(_ version: NNUNetVersion) -> [String] {
            depths.enumerated().flatMap { stage, depth in (0..<depth).map { version.encoderUnit($0, stage: stage, of: self) } }
                + decoderDepths.enumerated().flatMap { stage, depth in
                    (0..<depth).map { version.decoderUnit($0, stage: stage, of: self) } + [version.upsampling(stage: stage), version.head(stage: stage)]
                }
        }
        return Dictionary(uniqueKeysWithValues: zip(places(.v1), places(.v2)))
    }

    /// Version 1 has no bias in its transposed convolutions and heads.
    public func value(ofMissing key: String) -> Double? {
        let isBias = key.hasSuffix(".bias") && (key.hasPrefix("decoder.transpconvs.") || key.hasPrefix("decoder.seg_layers."))
        return isBias ? 0 : nil
    }
}
