import Foundation
import TestSupport
import Testing
import UNETREngines
import UNETRInference
import UNETRModels
import UNETROpenVINO
import UNETRVolumes

/// The folder of the package.
private let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Where OpenVINO must be, or where set-up puts it.
private let openVINO = OpenVINOProvider.placeFromEnvironment ?? package.appending(path: ".libtorch/openvino")
private let hasOpenVINO = (try? OpenVINOProvider().loadOpenVINO(from: openVINO)) != nil

/// The shipped model on the shipped scans, without libtorch.
struct ShippedModelTests {
    private func settings() -> EngineSettings {
        var settings = EngineSettings(.compiled, threads: 2)
        (settings.openVINO, settings.cache) = (openVINO, nil)
        return settings
    }

    private func bundle() throws -> ModelBundle { try ModelBundle(contentsOf: package.appending(path: "Models/hippocampus.unetrpp")) }

    /// Dice of each structure of a mask against a reference.
    private func dice(_ mask: [Int16], _ reference: [Int16], _ value: Int16) -> Double {
        let both = zip(mask, reference).count { $0 == value && $1 == value }
        return Double(2 * both) / Double(mask.count { $0 == value } + reference.count { $0 == value })
    }

    @Test(.enabled(if: hasOpenVINO, "OpenVINO is not installed"))
    func `The compiled engine alone segments a hippocampus as well as the model's card says`() throws {
        var notes: [String] = []
        let segmenter = try Segmenter(
            model: bundle(), engines: .withoutLibtorch, settings: settings(), options: SegmenterOptions(mirroring: false)
        ) { notes.append($0) }
        #expect(notes.isEmpty && segmenter.predictor.engines[0].summary.hasSuffix(", float32"))
        let images = package.appending(path: "Examples/hippocampus/images"), labels = package.appending(path: "Examples/hippocampus/labels")
        let name = "hippocampus_143.nii.gz"
        let scan = try VolumeFile.readScan(images.appending(path: name)), reference = try VolumeFile.readLabels(labels.appending(path: name))
        let mask = try segmenter.segment(scan, name: name).labels
        #expect(mask.geometry == scan.geometry)
        for value in [Int16(1), 2] { #expect(dice(mask.voxels, reference.voxels, value) > 0.85) }
    }

    @Test func `Without OpenVINO and without libtorch there is no engine, and a sentence says why`() throws {
        var settings = EngineSettings(.auto)
        settings.openVINO = URL(fileURLWithPath: "/nowhere")
        let bundle = try bundle()
        let error = #expect(throws: EngineError.self) { try EngineRegistry.withoutLibtorch.engine(for: bundle, settings) }
        #expect("\(error!)".hasPrefix("no engine here can compute unetr-plus-plus: there is no OpenVINO in /nowhere"))
        #expect(throws: EngineError.unknown(name: "torch", known: ["auto", "compiled"])) {
            try EngineRegistry.withoutLibtorch.engine(for: bundle, EngineSettings(EngineChoice(rawValue: "torch")))
        }
    }
}
