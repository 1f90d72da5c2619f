import Foundation
import TestSupport
import UNETRArchives
import UNETREvaluation
import UNETRSupport
import UNETRVolumes

/// The stored pairs of label maps with what other tools compute for them.
struct ReferencePair: Sendable, CustomStringConvertible {
    let name: String
    let prediction: LabelMap
    let reference: LabelMap
    /// By class: by tool: the figures, as JSON.
    let tools: [Int16: [String: Figures]]

    /// One tool's figures; a figure may be a number, NaN, infinite, or the text of an error.
    struct Figures: @unchecked Sendable {
        let values: [String: Any]

        /// The number; nil where the tool gives NaN or stops with an error.
        subscript(name: String) -> Double? {
            precondition(values[name] != nil, "the fixture has no figure \(name): a misspelt name must not pass as undefined")
            return Self.number(values[name])
        }

        static func number(_ value: Any?) -> Double? {
            switch value {
            case let number as NSNumber: number.doubleValue
            case let text as String: text == "inf" ? .infinity : nil
            default: nil
            }
        }
    }

    var description: String { name }

    static let all: [ReferencePair] = {
        do { return try load() } catch { fatalError("the fixtures of the evaluation tests cannot be read: \(error)") }
    }()

    static func named(_ name: String) -> ReferencePair { all.first { $0.name == name }! }

    private static func load() throws -> [ReferencePair] {
        let arrays = try SafetensorsFile(contentsOf: Fixtures.url("evaluation/label_pairs.safetensors"))
        let text = try Data(contentsOf: Fixtures.url("evaluation/label_pairs.json"))
        let document = try JSONSerialization.jsonObject(with: text) as! [String: Any]
        return try (document["pairs"] as! [[String: Any]]).map { pair in
            let spacing = pair["spacing_zyx"] as! [Double]
            func map(_ key: String) throws -> LabelMap {
                let array = try arrays.array(pair[key] as! String)
                return labelMap(Size3(array.shape)!, array.withUnsafeBytes { $0.map { Int16($0) } }, spacing: spacing)
            }
            let classes = pair["per_class"] as! [String: [String: Any]]
            return ReferencePair(
                name: pair["name"] as! String, prediction: try map("prediction_array"), reference: try map("reference_array"),
                tools: Dictionary(
                    uniqueKeysWithValues: classes.map { key, tools in
                        (Int16(key)!, tools.mapValues { Figures(values: $0 as? [String: Any] ?? [:]) })
                    }))
        }
    }
}

/// A label map on a plain grid.
func labelMap(_ size: Size3, _ voxels: [Int16], spacing: [Double] = [1, 1, 1]) -> LabelMap {
    let affine = [[spacing[2], 0, 0, 0], [0, spacing[1], 0, 0], [0, 0, spacing[0], 0], [0, 0, 0, 1]]
    return LabelMap(geometry: Geometry(size: size, affine: affine, spacing: spacing), voxels: voxels)
}

/// A label map whose voxel [d, h, w] is what `label` says.
func labelMap(_ size: Size3, spacing: [Double] = [1, 1, 1], _ label: (Int, Int, Int) -> Int16) -> LabelMap {
    var voxels: [Int16] = []
    for d in 0..<size[0] { for h in 0..<size[1] { for w in 0..<size[2] { voxels.append(label(d, h, w)) } } }
    return labelMap(size, voxels, spacing: spacing)
}

/// Whether a figure equals the tool's: both undefined, both infinite, or within `tolerance` of it relative.
func agrees(_ value: Double?, _ expected: Double?, within tolerance: Double) -> Bool {
    guard let value, let expected else { return value == nil && expected == nil }
    return value == expected || abs(value - expected) <= tolerance * max(abs(expected), 1e-12)
}
