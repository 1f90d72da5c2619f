import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRArchitectures

/// Configurations whose fields are possible one by one, but not together.
@Suite struct HostileConfigurationTests {
    private func problem(_ text: String) throws -> String {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "c.json")
            try Data(text.utf8).write(to: url)
            return try #require(throws: ConfigurationFileError.self) { try NetworkDescription(contentsOf: url) }.problem
        }
    }

    @Test(arguments: [
        ("unetr-plus-plus", #""patchSize": [4096, 4096, 4096]"#, "together at most 2²⁷ voxels"),
        (
            "unetr-plus-plus", #""patchSize": [512, 512, 512], "stem": [1, 1, 1], "featureSize": 512, "projectedTokens": [4096, 4096, 4096, 4096]"#,
            "at most 2147483648 parameters"
        ),
        ("unetr-plus-plus", #""layerScale": 1e300"#, "from -1e6 to 1e6"),
        ("unetr", #""hiddenSize": 8192, "feedForwardSize": 32768, "layers": 64, "heads": 64"#, "at most 2147483648 parameters"),
        ("swin-unetr", #""featureSize": 512, "heads": [1, 1, 1, 1], "depths": [64, 64, 64, 64], "feedForwardRatio": 64"#, "at most 2147483648 parameters"),
        ("swin-unetr", #""window": 32"#, "from 1 to 16"),
        ("nnformer", #""embeddingSize": 1024, "heads": [1, 1, 1, 1], "decoderHeads": [1, 1, 1], "depths": [64, 64, 64, 64]"#, "at most 2147483648 parameters"),
        ("nnformer", #""windows": [[32, 32, 32], [4, 4, 4], [4, 4, 4], [4, 4, 4]]"#, "sides from 1 to 16"),
        (
            "nnunet",
            #""features": [4096, 4096, 4096, 4096, 4096, 4096], "depths": [64, 64, 64, 64, 64, 64], "patchSize": [512, 512, 512], "#
                + #""kernels": [[15, 15, 15], [15, 15, 15], [15, 15, 15], [15, 15, 15], [15, 15, 15], [15, 15, 15]]"#, "at most 2147483648 parameters"
        ),
        ("monai-unet", #""channels": [4096, 4096, 4096, 4096, 4096], "kernel": [15, 15, 15]"#, "at most 2147483648 parameters"),
        ("monai-unet", #""strides": [[2, 2, 2], [2, 2, 2], [2, 2, 2], [2, 2, 9]]"#, "three sizes from 1 to 8 for each of the 5 levels but the last"),
        ("segresnet", #""featureSize": 512, "depths": [64, 64, 64, 64]"#, "at most 2147483648 parameters"),
        ("segresnet", #""groups": 0"#, "a divisor of featureSize, 32"),
        ("segresnet", #""depths": [1, 2]"#, "a number from 1 to 64 for each of the 1 levels above the coarsest"),
        ("basic-unet", #""features": [4096, 4096, 4096, 4096, 4096, 4096]"#, "at most 2147483648 parameters"),
        ("basic-unet", #""patchSize": [96, 15, 96]"#, "each size at least 16"),
        ("attention-unet", #""channels": [16, 1, 64, 128, 256]"#, "each from 2 to 4096"),
        ("stunet", #""size": "huge", "depths": [64, 64, 64, 64, 64, 64]"#, "at most 2147483648 parameters"),
        ("stunet", #""size": "tiny""#, "tiny"), ("mednext", #""size": "XL""#, "XL"), ("mednext", #""kernel": 4"#, "odd, from 1 to 15"),
        ("mednext", #""featureSize": 512, "expansions": [64, 64, 64, 64, 64, 64, 64, 64, 64]"#, "at most 2147483648 parameters"),
        ("mednext", #""patchSize": [128, 120, 128]"#, "each size divisible by [16, 16, 16]"),
        ("dynunet", #""coarseOutputs": 5"#, "from 0 to the number of decoder stages less 1, 4"),
        (
            "dynunet",
            #""kernels": [[3, 3, 3], [1, 1, 1], [3, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]], "strides": [[4, 2, 2], [2, 2, 2], [2, 2, 2], [2, 2, 2], [2, 2, 2]]"#,
            "at most 1 larger"
        ),
        ("transbts", #""featureSize": 12"#, "a multiple of 8 from 8 to 512"),
        ("transbts", #""layers": 64, "hiddenSize": 8192, "feedForwardSize": 32768"#, "at most 2147483648 parameters"),
        ("setr", #""layers": 6"#, "a multiple of 4"), ("setr", #""decoder": "fpn""#, "fpn"), ("setr", #""headChannels": 0"#, "from 1 to 4096"),
        ("transunet3d", #""layers": 64, "hiddenSize": 8192, "feedForwardSize": 32768, "heads": 64"#, "at most 2147483648 parameters"),
        ("transunet3d", #""features": []"#, "from 2 to 12 stages"),
        ("transunet3d", #""patchSize": [64, 190, 192]"#, "each size divisible by [16, 32, 32]"),
        ("transunet3d", #""patchSize": [512, 512, 512], "strides": [[1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]]"#, "at most 2147483648"),
        ("cotr", #""features": [64, 192, 384, 384]"#, "three numbers from 1 to 4096"), ("cotr", #""features": [64, 192, 380]"#, "a multiple of 6 last"),
        ("cotr", #""form": "cnn""#, "cnn"), ("cotr", #""heads": 5"#, "a divisor of the last of features, 384"),
        ("cotr", #""patchSize": [48, 200, 192]"#, "each size divisible by [8, 16, 16]"),
        ("cotr", #""features": [4096, 4096, 4092], "heads": 1, "feedForwardSize": 32768"#, "at most 2147483648 parameters"),
        ("cotr", #""patchSize": [48, 200, 192]"#, "the nearest are [48, 192, 192] and [48, 208, 192]"),
        ("mednext", #""patchSize": [128, 8, 128]"#, "the nearest is [128, 16, 128]"),
        ("transunet", #""patchSize": [2, 224, 224]"#, "a depth of 1, as the network takes one slice at a time; the nearest is [1, 224, 224]"),
        ("transunet", #""patchSize": [1, 230, 224]"#, "divisible by [1, 16, 16]; the nearest are [1, 224, 224] and [1, 240, 224]"),
        ("swin-unet", #""patchSize": [1, 230, 224]"#, "divisible by [1, 32, 32]; the nearest are [1, 224, 224] and [1, 256, 224]"),
        ("missformer", #""patchSize": [1, 16, 224]"#, "divisible by [1, 32, 32]; the nearest is [1, 32, 224]"),
        ("missformer", #""patchSize": [64, 224, 224]"#, "a depth of 1"), ("swin-unet", #""patchSize": [0, 224, 224]"#, "from 1 to 4096"),
        ("transunet", #""featureSize": 48"#, "a multiple of 32 from 32 to 512"), ("transunet", #""depths": [3, 4]"#, "three numbers from 1 to 64"),
        ("transunet", #""decoderChannels": [256, 128, 64]"#, "four numbers from 1 to 4096"), ("transunet", #""heads": 5"#, "a divisor of hiddenSize, 768"),
        ("transunet", #""layers": 64, "hiddenSize": 8192, "feedForwardSize": 32768, "heads": 64"#, "at most 2147483648 parameters"),
        ("swin-unet", #""heads": [5, 6, 12, 24]"#, "four divisors of the stages' channels, [96, 192, 384, 768]"),
        ("swin-unet", #""featureSize": 512, "heads": [1, 1, 1, 1], "depths": [64, 64, 64, 64]"#, "at most 2147483648 parameters"),
        ("missformer", #""featureSize": 63"#, "an even number from 2 to 512"), ("missformer", #""layers": 0"#, "from 1 to 64"),
        ("missformer", #""featureSize": 512, "depths": [64, 64, 64, 64], "layers": 64"#, "at most 2147483648 parameters"),
        ("nnunet", #""classes": 2.5"#, "configuration.classes is 2.5, but a whole number is expected"),
        ("nnunet", #""strides": [[1, 1, 1e300]]"#, "configuration.strides[0][2] is 1e+300, but a whole number is expected"),
    ])
    func `Networks that no machine can have are refused before anything is computed`(_ architecture: String, _ fields: String, _ expected: String) throws {
        #expect(try problem(#"{"architecture": "\#(architecture)", "configuration": {\#(fields)}}"#).contains(expected))
    }

    @Test(arguments: [
        ("unetr-plus-plus", "patchSize", "[64, 128, 128, 1]", "three sizes from 1 to 4096, [D, H, W]"),
        ("unetr-plus-plus", "stem", "[2, 4]", "three sizes from 1 to 8, [d, h, w]"),
        ("unetr", "patchSize", "[]", "three sizes from 1 to 4096, [D, H, W]"),
        ("swin-unetr", "patchSize", "[96]", "three sizes from 1 to 4096, [D, H, W]"),
        ("nnformer", "stem", "[2, 4]", "three sizes of 1, 2 or 4, [d, h, w]"),
        ("nnformer", "windows", "[[4, 4, 4], [4, 4], [8, 8, 8], [4, 4, 4]]", "four windows [d, h, w] with sides from 1 to 16"),
        ("nnformer", "strides", "[[2, 2, 2], [2, 2, 2, 2], [2, 2, 2]]", "three strides [d, h, w] of 1 or 2"),
        ("nnunet", "kernels", "[[3, 3, 3], [3, 3]]", "three sizes for each of the 6 stages, odd, from 1 to 15"),
        ("monai-unet", "kernel", "[3, 3]", "three sizes, odd, from 1 to 15"),
        ("attention-unet", "strides", "[[2, 2, 2], [2]]", "three sizes from 1 to 8 for each of the 5 levels but the finest"),
        ("stunet", "kernels", "[[3]]", "three sizes for each of the 6 stages, odd, from 1 to 15"),
        ("nnunet", "strides", "[[1, 1, 1], []]", "three sizes for each of the 6 stages, from 1 to 8"),
    ])
    func `Sizes that are not three numbers are refused with field, value and rule`(
        _ architecture: String, _ field: String, _ value: String, _ rule: String
    ) throws {
        let problem = try problem(#"{"architecture": "\#(architecture)", "configuration": {"\#(field)": \#(value)}}"#)
        #expect(problem == "configuration field '\(field)' is \(value); the rule is: \(rule)")
    }

    @Test func `Counts stop at the largest integer`() {
        let most = Int.max
        #expect(CountingRule.product(rows: most, inputs: 2, outputs: 2) == most)
        #expect(CountingRule.convolution(kernel: [15, 15, 15], inputs: 1 << 30, outputs: 1 << 30, outputGrid: [512, 512, 512]) == most)
        #expect(CountingRule.product(rows: most, inputs: 0, outputs: 2) == 0)
        let layer = LayerCost(name: "a", block: "a", kind: .linear, outputShape: [1], parameters: most, multiplyAdds: most)
        let network = NetworkComplexity(layers: [layer, layer])
        #expect(network.parameters == most && network.multiplyAdds == most && network.blocks.count == 1)
    }
}
