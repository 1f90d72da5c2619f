import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETREngines
import UNETRInference
import UNETRModels
import UNETRSupport
import UNETRTorchEngine
import UNETRVolumes
import UNETRWorkflows

/// Whole scans against what MONAI 1.6.1 makes of them with the same bundle (Tests/Fixtures/monai/make_fixtures.py).
@Suite struct MONAISegmentationTests {
    /// The bundle with weights by the rule of the parity fixtures.
    private static func bundle(_ name: String, in folder: URL) throws -> (bundle: URL, expected: JSONValue) {
        let place = folder.appending(path: name), models = place.appending(path: "models")
        try FileManager.default.copyItem(at: Fixtures.url("monai/\(name)"), to: place)
        try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
        let expected = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: place.appending(path: "expected.json")))
        let shared = expected["shared"]?.object ?? [:], parameters = try #require(expected["parameters"]?.object)
        let names = parameters.keys.map { ($0, $0) } + shared.map { ($0, $1.string ?? "") }
        let tensors = names.map { key, name in
            let shape = parameters[name]?.ints ?? []
            if key.hasSuffix("num_batches_tracked") { return (key, StoredArray([0] as [Int64], shape: shape)) }
            if key.hasSuffix("relative_position_index") { return (key, StoredArray(relativePositions(7), shape: shape)) }
            return (key, StoredArray(ParityRule.parameter(name, shape: shape), shape: shape))
        }
        try PyTorchArchive.write(tensors, under: "model", to: models.appending(path: "model.pt"))
        return (place, expected)
    }

    /// Where in its table Swin's bias of two places in a window stands.
    private static func relativePositions(_ window: Int) -> [Int64] {
        let side = 2 * window - 1, all = 0..<(window * window * window)
        let places = all.map { (($0 / (window * window)) * side + $0 / window % window) * side + $0 % window }
        return places.flatMap { query in places.map { key in Int64(query - key + (side * side * side - 1) / 2) } }
    }

    @Test(arguments: ["unetr", "unet", "segresnet", "dynunet", "swin_unetr", "swin_unetr_v2"])
    func `Logits and mask of a whole scan are MONAI's`(name: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            let (bundle, description) = try Self.bundle(name, in: folder)
            let file = try SafetensorsFile(contentsOf: bundle.appending(path: "expected.safetensors"))
            let model = try ModelOpener(cache: folder.appending(path: "cache")).open(bundle).bundles[0]
            let segmenter = try Segmenter(model: model, engines: .all, settings: EngineSettings(.torch))
            let scan = try VolumeFile.readScan(bundle.appending(path: "SCAN.nii.gz"))
            let (image, properties) = try segmenter.prepare(scan, name: name)

            let prepared = try file.array("image"), expected = try file.array("logits")
            #expect(image.shape == prepared.shape)
            let difference = zip(image.values, prepared.floats()).map { abs($0 - $1) }.max() ?? 1
            #expect(difference < 3e-6)
            // Of one image, so that what differs is the network and the windows.
            let logits = try segmenter.predictor.prediction(of: FloatArray(prepared.floats(), shape: image.shape))
            #expect(logits.shape == expected.shape)
            let own = try #require(description["float32_relative_error"]?.double)
            expectClose(logits.values.map(Double.init), expected.floats().map(Double.init), within: max(3 * own, 1e-6), "logits")

            let mask = try segmenter.segment(image, of: properties).labels, labels = try file.array("mask").ints().map { Int16($0) }
            #expect(mask.geometry == scan.geometry && Set(labels).count > 1)
            let differing = zip(mask.voxels, labels).count { $0 != $1 }
            // What is left are ties, nearly.
            #expect(mask.voxels.count == labels.count && differing <= 2, "\(differing) of \(labels.count) labels differ")
        }
    }
}
