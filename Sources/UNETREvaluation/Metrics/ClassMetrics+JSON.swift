extension ClassMetrics: Codable {
    private enum Key: String, CodingKey {
        case dice, jaccard, precision, recall, specificity, accuracy, tp, fp, fn, tn
        case predictionVolume, referenceVolume, volumeDifference, volumeSimilarity
        case hd, hd95, assd, asdPredictionToReference, asdReferenceToPrediction, nsd, lesions
    }

    /// Numbers, and null for what is undefined or infinite: JSON has no word for either.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        func put(_ value: Double?, _ key: Key) throws { try container.encode(value.flatMap { $0.isFinite ? $0 : nil }, forKey: key) }
        try put(dice, .dice)
        try put(jaccard, .jaccard)
        try put(precision, .precision)
        try put(recall, .recall)
        try put(specificity, .specificity)
        try put(accuracy, .accuracy)
        try container.encode(counts.truePositives, forKey: .tp)
        try container.encode(counts.falsePositives, forKey: .fp)
        try container.encode(counts.falseNegatives, forKey: .fn)
        try container.encode(counts.trueNegatives, forKey: .tn)
        try put(predictionVolume, .predictionVolume)
        try put(referenceVolume, .referenceVolume)
        try put(volumeDifference, .volumeDifference)
        try put(volumeSimilarity, .volumeSimilarity)
        guard let surface else { return try container.encodeIfPresent(lesions, forKey: .lesions) }
        try put(surface.hd, .hd)
        try put(surface.hd95, .hd95)
        try put(surface.assd, .assd)
        try put(surface.predictionToReference, .asdPredictionToReference)
        try put(surface.referenceToPrediction, .asdReferenceToPrediction)
        var nsd = container.nestedContainer(keyedBy: AnyKey.self, forKey: .nsd)
        for entry in surface.nsd { try nsd.encode(entry.value, forKey: AnyKey(entry.key)) }
        try container.encodeIfPresent(lesions, forKey: .lesions)
    }

    /// Decodes and validates.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func number(_ key: Key) throws -> Double? { try container.decodeIfPresent(Double.self, forKey: key) }
        let counts = OverlapCounts(
            truePositives: try container.decode(Int.self, forKey: .tp), falsePositives: try container.decode(Int.self, forKey: .fp),
            falseNegatives: try container.decode(Int.self, forKey: .fn), trueNegatives: try container.decode(Int.self, forKey: .tn))
        let all = [counts.truePositives, counts.falsePositives, counts.falseNegatives, counts.trueNegatives]
        guard all.allSatisfy({ (0...OverlapCounts.most).contains($0) }) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath, debugDescription: "its voxel counts are \(all), but from 0 to 2⁵⁵ are possible"))
        }
        self.init(counts: counts, voxelMillilitres: 0, definition: .default)
        dice = try number(.dice)
        jaccard = try number(.jaccard)
        precision = try number(.precision)
        recall = try number(.recall)
        specificity = try number(.specificity)
        accuracy = try number(.accuracy)
        volumeSimilarity = try number(.volumeSimilarity)
        predictionVolume = try number(.predictionVolume) ?? 0
        referenceVolume = try number(.referenceVolume) ?? 0
        lesions = try container.decodeIfPresent(LesionMetrics.self, forKey: .lesions)
        guard let nsd = try container.decodeIfPresent([String: Double?].self, forKey: .nsd) else { return }
        surface = SurfaceMetrics(
            hd: try number(.hd), hd95: try number(.hd95), assd: try number(.assd),
            predictionToReference: try number(.asdPredictionToReference), referenceToPrediction: try number(.asdReferenceToPrediction),
            nsd: nsd.compactMap { key, value in Double(key).map { .init(tolerance: $0, value: value) } }.sorted { $0.tolerance < $1.tolerance })
    }
}

extension LesionMetrics: Codable {
    private enum Key: String, CodingKey { case predicted, referenced, matchedPredictions, detected, precision, recall, f1 }

    /// Encodes what `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(predicted, forKey: .predicted)
        try container.encode(referenced, forKey: .referenced)
        try container.encode(matchedPredictions, forKey: .matchedPredictions)
        try container.encode(detected, forKey: .detected)
        try container.encode(precision, forKey: .precision)
        try container.encode(recall, forKey: .recall)
        try container.encode(f1, forKey: .f1)
    }

    /// Decodes and validates.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        for key in [Key.predicted, .referenced, .matchedPredictions, .detected] {
            let count = try container.decode(Int.self, forKey: key)
            guard (0...OverlapCounts.most).contains(count) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container, debugDescription: "the count is \(count), but from 0 to 2⁵⁵ is possible")
            }
        }
        self.init(
            predicted: try container.decode(Int.self, forKey: .predicted), referenced: try container.decode(Int.self, forKey: .referenced),
            matchedPredictions: try container.decode(Int.self, forKey: .matchedPredictions),
            detected: try container.decode(Int.self, forKey: .detected))
    }
}
