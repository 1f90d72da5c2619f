import Foundation
import TestSupport
import UNETRArchives
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// One case of the reference's preparation: inputs, settings, and numbers of every stage.
struct StageReference {
    let settings: JSONValue
    let arrays: SafetensorsFile
    let compatibility: Compatibility

    init(_ name: String) throws {
        settings = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: Fixtures.url("preparation/stages/\(name).json")))
        arrays = try SafetensorsFile(contentsOf: Fixtures.url("preparation/stages/\(name).safetensors"))
        compatibility = name.hasSuffix(".modern") ? .modern : .unetrPlusPlus
    }

    func ints(_ name: String) -> [Int] { settings[name]!.array!.map { $0.int! } }
    func doubles(_ name: String) -> [Double] { settings[name]!.array!.map { $0.double! } }

    /// The size of an array without its channels.
    func size(_ array: String) -> Size3 { Size3(settings["arrays"]![array]!["shape"]!.array!.dropFirst().map { $0.int! })! }
    func statistic(_ array: String, _ name: String) -> Double { settings["arrays"]![array]!["stats"]![name]!.double! }

    func scan() throws -> Scan {
        let files = settings["input_files"]!.array!.map { Self.input($0.string!) }
        let channels = try files.map { try NIfTI.readScan($0) }
        return Scan(geometry: channels[0].geometry, channels: channels.count, voxels: channels.flatMap(\.voxels))
    }

    func labels() throws -> LabelMap { try NIfTI.readLabels(Self.input(settings["seg_file"]!.string!)) }

    private static func input(_ path: String) -> URL {
        Fixtures.url("preparation/stages/input/\(URL(fileURLWithPath: path).lastPathComponent)")
    }

    /// The plan that this case was prepared with, for one of the normalizations of its settings.
    func plan(normalization name: String) throws -> Plan {
        let entry = settings["normalisations"]![name]!
        let scheme: IntensityNormalization.Scheme =
            switch entry["scheme"]!.string! {
            case "CT": .ct
            case "CT2": .ct2
            default: .zScore
            }
        let channels = settings["input_files"]!.array!.count
        let normalization = (0..<channels).map { channel in
            IntensityNormalization(
                scheme: scheme, statistics: settings["intensityproperties"]?["\(channel)"].map(Self.statistics),
                useMask: entry["use_nonzero_mask"] == .bool(true))
        }
        let values = settings["classes_in_cropped_seg"]!.array!.map { Int($0.double!) }.filter { $0 >= 0 }
        return try Plan(
            dataset: "reference", channelNames: (0..<channels).map { "channel \($0)" },
            labels: LabelSet(definitions: values.map { LabelDefinition(name: "label \($0)", value: $0) }),
            targetSpacing: doubles("target_spacing_transposed"), axisOrder: AxisOrder(ints("transpose_forward")),
            patchSize: [16, 16, 16], normalization: normalization, compatibility: compatibility)
    }

    static func statistics(_ json: JSONValue) -> IntensityStatistics {
        let value = { (name: String) in json[name]!.double! }
        return IntensityStatistics(
            mean: value("mean"), standardDeviation: value("sd"), median: value("median"), minimum: value("mn"), maximum: value("mx"),
            percentile005: value("percentile_00_5"), percentile995: value("percentile_99_5"))
    }

    /// Largest difference between `values` and the probes of a reference array.
    func largestDifference(_ values: [Float], _ array: String) throws -> Double {
        let (indices, expected) = try probes(array)
        return zip(indices, expected).map { abs(Double(values[$0]) - $1) }.max() ?? .infinity
    }

    /// How many of the stored voxels of a label array differ, as a part of all of them.
    func differingLabels(_ labels: [Int16], _ array: String) throws -> Double {
        let (indices, expected) = try probes(array)
        return Double(zip(indices, expected).count { Double(labels[$0]) != $1 }) / Double(indices.count)
    }

    func probes(_ array: String) throws -> (indices: [Int], values: [Double]) {
        if let whole = arrays[array] {
            let values = whole.doubles()
            return (Array(values.indices), values)
        }
        return (try arrays.array("\(array).idx").ints(), try arrays.array("\(array).val").doubles())
    }
}
