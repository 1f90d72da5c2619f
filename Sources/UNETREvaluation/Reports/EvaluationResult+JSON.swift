public import Foundation
import UNETRSupport
import UNETRVolumes

/// The layout of `unetrpp evaluate --json`: undefined and infinite values are null.
extension EvaluationResult: Codable {
    private enum Key: String, CodingKey { case definition, unit, policy, labels, regions, cases, mean, meanDice }

    /// Encodes what `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(definition.name, forKey: .definition)
        try container.encode(definition.unit, forKey: .unit)
        try container.encode(definition.empty.sentence, forKey: .policy)
        try container.encode(Dictionary(classes.map { ($0.key, $0.name) }, uniquingKeysWith: { $1 }), forKey: .labels)
        let regions = classes.filter { $0.labels.count > 1 }
        try container.encode(Dictionary(regions.map { ($0.key, $0.labels) }, uniquingKeysWith: { $1 }), forKey: .regions)
        try container.encode(cases, forKey: .cases)
        let means = classes.map { structure in (structure.key, Means(of: self, key: structure.key)) }
        try container.encode(Dictionary(means, uniquingKeysWith: { $1 }), forKey: .mean)
        try container.encode(meanDice, forKey: .meanDice)
    }

    /// Decodes and validates.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let name = try container.decode(String.self, forKey: .definition)
        guard let known = MetricDefinition.named(name) else {
            throw DecodingError.dataCorruptedError(forKey: .definition, in: container, debugDescription: "there is no definition \"\(name)\"")
        }
        definition = known
        cases = try container.decode([CaseMetrics].self, forKey: .cases)
        let names = try container.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
        let keys = Set(cases.flatMap(\.classes.keys)).union(names.keys)
        classes = keys.map { key in
            LabelDefinition(labels: key.split(separator: "+").compactMap { Int16($0) }, name: names[key])
        }.sorted { ($0.labels.first ?? 0, $0.labels.count) < ($1.labels.first ?? 0, $1.labels.count) }
    }

    /// Reads an `evaluation.json`.
    ///
    /// - Throws: `EvaluationError.notAnEvaluation`, and `FileError` for a file that cannot be read.
    public init(contentsOf url: URL) throws {
        do {
            self = try JSONText.decode(from: InputFile.contents(of: url))
        } catch let problem as JSONProblem {
            throw EvaluationError.notAnEvaluation(path: url.path, problem: problem.sentence)
        }
    }

    /// The JSON text.
    public func json() throws -> Data { try JSONText.encode(self) }

    /// The means of a class over the cases.
    private struct Means: Encodable {
        var values: [(String, Double?)]

        init(of result: EvaluationResult, key: String) {
            values = Figure.fixed.map { ($0.name, Summary.mean(of: result.values($0, of: key))) }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: AnyKey.self)
            for (name, value) in values { try container.encode(value, forKey: AnyKey(name)) }
        }
    }
}

/// A key that is only known when the program runs.
struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}

extension CaseMetrics: Codable {
    private enum Key: String, CodingKey {
        case name = "case", predictionFile, referenceFile, voxels, voxelMillilitres, diagonal, classes, calibration
    }

    /// Encodes what `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encodeIfPresent(predictionFile, forKey: .predictionFile)
        try container.encodeIfPresent(referenceFile, forKey: .referenceFile)
        try container.encode(voxels, forKey: .voxels)
        try container.encode(voxelMillilitres, forKey: .voxelMillilitres)
        try container.encode(diagonal, forKey: .diagonal)
        try container.encode(classes, forKey: .classes)
        try container.encodeIfPresent(calibration, forKey: .calibration)
    }

    /// Decodes and validates.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            name: try container.decode(String.self, forKey: .name),
            predictionFile: try container.decodeIfPresent(String.self, forKey: .predictionFile),
            referenceFile: try container.decodeIfPresent(String.self, forKey: .referenceFile),
            voxels: try container.decodeIfPresent(Int.self, forKey: .voxels) ?? 0,
            voxelMillilitres: try container.decodeIfPresent(Double.self, forKey: .voxelMillilitres) ?? 0,
            diagonal: try container.decodeIfPresent(Double.self, forKey: .diagonal) ?? 0,
            classes: try container.decode([String: ClassMetrics].self, forKey: .classes),
            calibration: try container.decodeIfPresent(CalibrationMetrics.self, forKey: .calibration))
    }
}
