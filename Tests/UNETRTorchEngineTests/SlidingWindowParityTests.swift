import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETREngines
import UNETRInference
import UNETRPlanning
import UNETRSupport
import UNETRTorch
import UNETRTorchEngine

/// Tiled predictions of the reference pipeline (nnU-Net v1 as UNETR++ ships it) for a network in closed form.
struct SlidingWindowParityTests {
    // swift-format-ignore: AlwaysUseLowerCamelCase
    private struct Run: Decodable {
        var patch: Size3
        var step: Double
        var mirroring: Bool
        var mirror_axes: [Int]
        var nonlinearity_before_averaging: String
        var a, b, g: [Double]
        var smallest_top2_margin: Double
    }

    /// The reference adds up in float32; its README allows 2e-5 absolute.
    @Test(
        "Tiling, padding, mirroring and weighting equal the reference",
        arguments: [
            "single_tile", "nopad_gauss_nomirror", "pad_gauss_mirror", "mirror_axes_01", "gauss_mirror_softmax",
        ])
    func tiledPrediction(name: String) throws {
        let run = try JSONDecoder().decode(Run.self, from: Data(contentsOf: Fixtures.url("inference/\(name).json")))
        let arrays = try SafetensorsFile(contentsOf: Fixtures.url("inference/\(name).safetensors"))
        let input = try arrays.array("input")
        let predictor = SlidingWindowPredictor(
            engines: [TorchEngine(try ClosedFormNetwork(a: run.a, b: run.b, g: run.g, patch: run.patch))], patchSize: run.patch,
            settings: InferenceSettings(mirrorAxes: run.mirroring ? run.mirror_axes : [], stepFraction: run.step),
            activation: run.nonlinearity_before_averaging == "softmax" ? .softmax : .none)
        let found = try predictor.prediction(of: FloatArray(input.floats(), shape: input.shape))
        let expected = try arrays.array("probabilities")
        #expect(found.shape == expected.shape)
        let difference = zip(found.values, expected.floats()).map { abs($0 - $1) }.max() ?? .infinity
        #expect(difference <= 2e-5, "\(name): largest difference \(difference)")
        if run.smallest_top2_margin > 4e-5 {
            #expect(try found.withView { try Tensor($0) }.argmax(0).array(of: Int.self) == arrays.array("segmentation").ints())
        }
    }

    @Test func `Progress counts the patches, and throwing from it stops the prediction`() throws {
        struct Stop: Error {}
        let predictor = SlidingWindowPredictor(
            engines: [TorchEngine(try ClosedFormNetwork(a: [1, 2], b: [0, 0], g: [0, 0], patch: [4, 4, 4]))], patchSize: [4, 4, 4],
            settings: InferenceSettings(mirrorAxes: [], stepFraction: 0.5), activation: .none)
        var seen: [Int] = []
        #expect(throws: Stop.self) {
            _ = try predictor.prediction(of: FloatArray(Array(repeating: 1, count: 128), shape: [1, 8, 4, 4])) { done, total in
                #expect(total == 3)
                seen.append(done)
                if done == 2 { throw Stop() }
            }
        }
        #expect(seen == [1, 2])
    }
}
