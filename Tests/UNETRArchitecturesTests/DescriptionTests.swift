import ArchitectureTestSupport
import Foundation
import Testing
import UNETRArchitectures
import UNETRSupport

/// Networks by name: what a plan's `network` section says, and what is refused.
@Suite struct DescriptionTests {
    @Test("A description survives JSON and names its architecture", arguments: NarrowNetworks.names)
    func roundTrip(name: String) throws {
        let description = NarrowNetworks.description(name)
        #expect(description.architecture.rawValue == name)
        let data = try JSONEncoder().encode(description)
        #expect(try JSONDecoder().decode(NetworkDescription.self, from: data) == description)
    }

    @Test("The settings left out are the defaults, and those of the encoder for nnU-Net")
    func defaults() throws {
        func decoded(_ json: String) throws -> NetworkDescription {
            try JSONDecoder().decode(NetworkDescription.self, from: Data(json.utf8))
        }
        #expect(try decoded(#"{"architecture": "swin-unetr", "configuration": {}}"#) == .swinUNETR(.init()))
        #expect(try decoded(#"{"architecture": "nnformer", "configuration": {"variant": "acdc"}}"#) == .nnFormer(.init(.acdc)))
        #expect(try decoded(#"{"architecture": "stunet", "configuration": {"size": "large"}}"#) == .stuNet(.init(.large)))
        #expect(try decoded(#"{"architecture": "mednext", "configuration": {"size": "L"}}"#) == .medNeXt(.init(.large)))
        #expect(try decoded(#"{"architecture": "nnunet-resenc", "configuration": {}}"#) == .nnUNet(.init(.residual)))
        var unetr = UNETRConfiguration()
        unetr.patchSize = [64, 128, 128]
        unetr.embedding = .convolution
        #expect(
            try decoded(
                #"{"architecture": "unetr", "configuration": {"patchSize": [64, 128, 128], "embedding": "convolution"}}"#) == .unetr(unetr))
    }

    @Test(
        "Impossible and unknown settings are refused by name",
        arguments: [
            (#"{"architecture": "unet", "configuration": {}}"#, "architecture"),
            (#"{"architecture": "unetr", "configuration": {"window": 7}}"#, "window"),
            (#"{"architecture": "unetr", "configuration": {"patchSize": [96, 90, 96]}}"#, "patchSize"),
            (#"{"architecture": "unetr", "configuration": {"heads": 7}}"#, "heads"),
            (#"{"architecture": "swin-unetr", "configuration": {"patchSize": [48, 96, 96]}}"#, "patchSize"),
            (#"{"architecture": "swin-unetr", "configuration": {"depths": [2, 2]}}"#, "depths"),
            (#"{"architecture": "nnformer", "configuration": {"windows": [[3, 5, 5], [4, 4, 4], [8, 8, 8], [4, 4, 4]]}}"#, "windows"),
            (#"{"architecture": "nnformer", "configuration": {"stem": [3, 4, 4]}}"#, "stem"),
            (#"{"architecture": "nnformer", "configuration": {"pathDropout": 1}}"#, "pathDropout"),
            (#"{"architecture": "nnunet", "configuration": {"features": [32, 64]}}"#, "kernels"),
            (#"{"architecture": "nnunet", "configuration": {"patchSize": [48, 128, 128]}}"#, "patchSize"),
            (#"{"architecture": "nnunet-resenc", "configuration": {"encoder": "plain"}}"#, "encoder"),
        ])
    func refusals(json: String, field: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try JSONDecoder().decode(NetworkDescription.self, from: Data(json.utf8)) }
        #expect(error?.field == field)
    }

    @Test("A bare configuration is one of UNETR++")
    func bare() throws {
        let description = try JSONDecoder().decode(NetworkDescription.self, from: Data(#"{"variant": "lung", "classes": 3}"#.utf8))
        var expected = UNETRPlusPlusConfiguration(.lung)
        expected.classes = 3
        #expect(description == .unetrPlusPlus(expected) && description.architecture.rawValue == "unetr-plus-plus")
    }

    @Test("Descriptions are equal where architecture and every setting are")
    func equality() {
        let one = NetworkDescription.unetr(NarrowNetworks.unetr)
        var other = NarrowNetworks.unetr
        other.dropout = 0.5
        #expect(one == .unetr(NarrowNetworks.unetr) && one != .unetr(other))
        #expect(NetworkDescription.nnUNet(.init(.plain)) != .nnUNet(.init(.residual)) && one != .swinUNETR(SwinUNETRConfiguration()))
    }

    @Test("Stochastic depth grows evenly over all blocks")
    func stochasticDepth() {
        #expect(StochasticDepth.rates(upTo: 0.75, depths: [1, 2, 1]) == [[0], [0.25, 0.5], [0.75]])
        #expect(StochasticDepth.rates(upTo: 0.5, depths: [1]) == [[0]])
    }
}
