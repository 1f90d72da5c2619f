import Foundation
import TestSupport
import Testing
import UNETRArchitectures

/// The rule of every setting at its ends: the last values that are taken, and the first that are refused, with the whole sentence.
@Suite struct SettingLimitTests {
    struct Limit: Sendable, CustomTestStringConvertible {
        var architecture: String
        var field: String
        /// JSON of values that are taken, and of values that are not, which is also how the sentence shows them.
        var taken: [String]
        var refused: [String]
        var rule: String
        /// More fields, as JSON, that make the network small enough or the value possible.
        var with: String

        init(_ architecture: String, _ field: String, taken: [String] = [], refused: [String], _ rule: String, with others: String = "") {
            (self.architecture, self.field, self.taken, self.refused, self.rule, with) = (architecture, field, taken, refused, rule, others)
        }

        var testDescription: String { "\(architecture) \(field)" }

        func json(_ value: String) -> String {
            #"{"architecture": "\#(architecture)", "configuration": {"\#(field)": \#(value)\#(with.isEmpty ? "" : ", " + with)}}"#
        }
    }

    private static let probability = "a probability from 0 to below 1"

    static let limits: [Limit] = [
        Limit("unetr-plus-plus", "inputChannels", taken: ["1", "1024"], refused: ["0", "1025"], "from 1 to 1024"),
        Limit("unetr-plus-plus", "classes", taken: ["2", "1024"], refused: ["1", "1025"], "from 2 (background and one class) to 1024"),
        Limit(
            "unetr-plus-plus", "stem", taken: ["[1, 1, 8]"], refused: ["[1, 1, 9]", "[0, 1, 1]"], "three sizes from 1 to 8, [d, h, w]",
            with: #""patchSize": [8, 8, 64]"#),
        Limit("unetr-plus-plus", "featureSize", taken: ["1"], refused: ["0", "513"], "from 1 to 512", with: #""heads": 1"#),
        Limit("unetr-plus-plus", "heads", taken: ["1", "32"], refused: ["0", "65"], "from 1 to 64"),
        Limit(
            "unetr-plus-plus", "depths", taken: ["[1, 1, 1, 1]", "[32, 1, 1, 1]"], refused: ["[3, 3, 3, 3, 3]", "[33, 1, 1, 1]"], "four numbers from 1 to 32"),
        Limit("unetr-plus-plus", "decoderDepth", taken: ["1", "32"], refused: ["0", "33"], "from 1 to 32", with: #""featureSize": 2"#),
        Limit(
            "unetr-plus-plus", "projectedTokens", taken: ["[1, 1, 1, 4096]"], refused: ["[1, 1, 1]", "[0, 1, 1, 1]", "[1, 1, 1, 4097]"],
            "four numbers from 1 to 4096"),
        Limit("unetr-plus-plus", "decoderProjectedTokens", taken: ["1", "4096"], refused: ["0", "4097"], "from 1 to 4096"),
        Limit("unetr-plus-plus", "residualBlocks", taken: ["1", "2"], refused: ["0", "3"], "1 (conv51) or 2 (conv51 and conv52)"),
        Limit("unetr-plus-plus", "layerScale", taken: ["-1e6", "1e6"], refused: ["1000001.0", "-1000001.0"], "from -1e6 to 1e6"),
        Limit("unetr-plus-plus", "attentionDropout", taken: ["0", "0.999"], refused: ["1.0", "-0.001"], probability),
        Limit("unetr-plus-plus", "channelDropout", taken: ["0", "0.999"], refused: ["1.0", "-0.001"], probability),

        Limit(
            "unetr", "patchSize", taken: ["[16, 16, 16]"], refused: ["[16, 16, 24]"],
            "each size divisible by [16, 16, 16]; the nearest are [16, 16, 16] and [16, 16, 32]"),
        Limit("unetr", "patchSize", refused: ["[8, 16, 16]"], "each size divisible by [16, 16, 16]; the nearest is [16, 16, 16]"),
        Limit("unetr", "patchSize", refused: ["[0, 16, 16]", "[4112, 16, 16]"], "three sizes from 1 to 4096, [D, H, W]"),
        Limit("unetr", "patchSize", taken: ["[512, 512, 512]"], refused: ["[512, 512, 528]"], "together at most 2²⁷ voxels, 512 × 512 × 512"),
        Limit("unetr", "featureSize", taken: ["1", "256"], refused: ["0", "513"], "from 1 to 512"),
        Limit("unetr", "hiddenSize", taken: ["1", "8192"], refused: ["0", "8193"], "from 1 to 8192", with: #""heads": 1, "layers": 4, "feedForwardSize": 1"#),
        Limit("unetr", "feedForwardSize", taken: ["1", "32768"], refused: ["0", "32769"], "from 1 to 32768"),
        Limit("unetr", "heads", taken: ["1", "64"], refused: ["0", "7", "96"], "a divisor of hiddenSize, 768"),
        Limit("unetr", "layers", taken: ["4", "64"], refused: ["0", "6", "68"], "a multiple of 4 from 4 to 64"),
        Limit("unetr", "dropout", taken: ["0", "0.999"], refused: ["1.0", "-0.001"], probability),

        Limit(
            "swin-unetr", "patchSize", taken: ["[32, 32, 64]"], refused: ["[32, 48, 32]"],
            "each size divisible by [32, 32, 32]; the nearest are [32, 32, 32] and [32, 64, 32]"),
        Limit("swin-unetr", "featureSize", taken: ["1", "192"], refused: ["0", "513"], "from 1 to 512", with: #""heads": [1, 1, 1, 1]"#),
        Limit("swin-unetr", "depths", taken: ["[1, 1, 1, 64]"], refused: ["[2, 2, 2]", "[1, 0, 1, 1]", "[1, 1, 65, 1]"], "four numbers from 1 to 64"),
        Limit(
            "swin-unetr", "heads", taken: ["[48, 96, 192, 384]"], refused: ["[3, 6, 12]", "[0, 6, 12, 24]", "[5, 6, 12, 24]"],
            "four divisors of the stages' channels, [48, 96, 192, 384]"),
        Limit("swin-unetr", "window", taken: ["1", "16"], refused: ["0", "17"], "from 1 to 16"),
        Limit("swin-unetr", "feedForwardRatio", taken: ["0.01", "64"], refused: ["0.009", "64.5"], "from 0.01 to 64"),
        Limit("swin-unetr", "pathDropout", taken: ["0", "0.999"], refused: ["1.0"], probability),

        Limit(
            "nnformer", "embeddingSize", taken: ["2", "512"], refused: ["0", "1025"], "from 1 to 1024",
            with: #""heads": [1, 1, 1, 1], "decoderHeads": [1, 1, 1]"#),
        Limit(
            "nnformer", "embeddingSize", refused: ["191"], "even: the first convolutions have half as many channels",
            with: #""heads": [1, 1, 1, 1], "decoderHeads": [1, 1, 1]"#),
        Limit("nnformer", "stem", taken: ["[1, 2, 4]"], refused: ["[3, 4, 4]", "[8, 4, 4]"], "three sizes of 1, 2 or 4, [d, h, w]"),
        Limit(
            "nnformer", "heads", taken: ["[192, 384, 768, 1536]"], refused: ["[6, 12, 24]", "[6, 12, 24, 0]", "[7, 12, 24, 48]"],
            "divisors of the stages' channels, [192, 384, 768, 1536]"),
        Limit(
            "nnformer", "decoderHeads", taken: ["[1, 1, 1]"], refused: ["[6, 12, 24, 48]", "[6, 5, 24]"], "divisors of the stages' channels, [192, 384, 768]"),
        Limit(
            "nnformer", "strides", taken: ["[[1, 1, 1], [1, 1, 1], [1, 1, 1]]"], refused: ["[[2, 2, 2], [2, 2, 2]]", "[[2, 2, 2], [2, 3, 2], [2, 2, 2]]"],
            "three strides [d, h, w] of 1 or 2"),
        Limit(
            "nnformer", "patchSize", taken: ["[16, 32, 32]"], refused: ["[14, 32, 32]"], "at least one token along each axis in the last stage, here [0, 1, 1]"),
        Limit("nnformer", "windows", refused: ["[[4, 4, 4], [4, 4, 5], [8, 8, 8], [4, 4, 4]]"], "cubes, where windowing is cubes"),
        Limit(
            "nnformer", "windows", refused: ["[[4, 4, 4], [0, 4, 4], [8, 8, 8], [4, 4, 4]]", "[[4, 4, 4]]"], "four windows [d, h, w] with sides from 1 to 16"),
        Limit("nnformer", "attentionDropout", taken: ["0.5"], refused: ["1.5"], probability),

        Limit(
            "nnunet", "features", taken: ["[1, 4096]"], refused: ["[32, 4097]", "[0, 1]"], "each from 1 to 4096",
            with: #""kernels": [[1, 1, 1], [1, 1, 1]], "strides": [[1, 1, 1], [2, 2, 2]], "depths": [1, 1], "decoderDepths": [1]"#),
        Limit("nnunet", "features", refused: ["[32]", "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"], "from 2 to 12 stages"),
        Limit(
            "nnunet", "depths", taken: ["[64, 1, 1, 1, 1, 1]"], refused: ["[1, 1, 1, 1, 1]", "[65, 1, 1, 1, 1, 1]", "[1, 1, 1, 1, 1, 0]"],
            "a number from 1 to 64 for each of the 6 stages"),
        Limit(
            "nnunet", "decoderDepths", taken: ["[1, 1, 1, 1, 64]"], refused: ["[1, 1, 1, 1, 1, 1]", "[1, 1, 1, 1, 65]"],
            "a number from 1 to 64 for each of the 5 decoder stages"),
        Limit("nnunet", "supervisedOutputs", taken: ["1", "5"], refused: ["0", "6"], "from 1 to the number of decoder stages, 5"),
        Limit(
            "nnunet", "kernels", taken: ["[[1, 15, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]]"],
            refused: [
                "[[3, 2, 3], [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]]", "[[17, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]]",
            ],
            "three sizes for each of the 6 stages, odd, from 1 to 15"),

        Limit(
            "monai-unet", "channels", taken: ["[1, 4096]"], refused: ["[0, 1]", "[1, 4097]"], "each from 1 to 4096",
            with: #""strides": [[2, 2, 2]], "kernel": [1, 1, 1]"#),
        Limit("monai-unet", "channels", refused: ["[16]"], "from 2 to 12 levels", with: #""strides": []"#),
        Limit("monai-unet", "residualUnits", taken: ["0", "16"], refused: ["-1", "17"], "from 0 to 16"),
        Limit("monai-unet", "upKernel", taken: ["[1, 1, 15]"], refused: ["[2, 3, 3]", "[3, 3, 17]"], "three sizes, odd, from 1 to 15"),
        Limit("attention-unet", "channels", taken: ["[2, 2]"], refused: ["[1, 2]", "[2, 4097]"], "each from 2 to 4096", with: #""strides": [[2, 2, 2]]"#),
        Limit("attention-unet", "channels", refused: ["[16]"], "from 2 to 12 levels", with: #""strides": []"#),
        Limit(
            "attention-unet", "kernel", taken: ["[1, 5, 15]"], refused: ["[4, 3, 3]"], "three sizes, odd, from 1 to 15",
            with: #""channels": [2, 2], "strides": [[2, 2, 2]]"#),
        Limit("attention-unet", "dropout", taken: ["0.1"], refused: ["1.0"], probability),
        Limit(
            "basic-unet", "features", taken: ["[2, 2, 2, 2, 2, 2]"], refused: ["[2, 2, 2, 2, 2]", "[1, 2, 2, 2, 2, 2]", "[2, 2, 2, 2, 2, 4097]"],
            "six numbers from 2 to 4096"),
        Limit("basic-unet", "patchSize", taken: ["[16, 17, 31]"], refused: ["[15, 16, 16]"], "each size at least 16, which four halvings leave a voxel of"),
        Limit(
            "segresnet", "depths", taken: ["[64]"], refused: ["[]", "[1, 1, 1, 1, 1, 1, 1, 1, 1]", "[65]"], "from 1 to 8 levels, each with 1 to 64 blocks",
            with: #""decoderDepths": []"#),
        Limit(
            "segresnet", "featureSize", taken: ["1", "512"], refused: ["0", "513"], "from 1 to 512", with: #""groups": 1, "depths": [1], "decoderDepths": []"#),
        Limit("segresnet", "groups", taken: ["1", "32"], refused: ["0", "5", "-8"], "a divisor of featureSize, 32"),
        Limit(
            "segresnet", "patchSize", taken: ["[8, 8, 8]"], refused: ["[8, 8, 12]"],
            "each size divisible by [8, 8, 8]; the nearest are [8, 8, 8] and [8, 8, 16]"),
        Limit("stunet", "features", taken: ["[1, 1, 1, 1, 1, 4096]"], refused: ["[1, 1, 1, 1, 1, 4097]"], "each from 1 to 4096"),
        Limit("stunet", "depths", taken: ["[64, 1, 1, 1, 1, 1]"], refused: ["[1]", "[0, 1, 1, 1, 1, 1]"], "a number from 1 to 64 for each of the 6 stages"),
        Limit(
            "stunet", "strides", taken: ["[[1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], [8, 1, 1]]"],
            refused: ["[[1, 1, 1]]", "[[9, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]]"],
            "three sizes from 1 to 8 for each of the 6 stages but the finest"),
        Limit("mednext", "featureSize", taken: ["1", "128"], refused: ["0", "513"], "from 1 to 512"),
        Limit("mednext", "kernel", taken: ["1", "15"], refused: ["0", "2", "17"], "odd, from 1 to 15"),
        Limit(
            "mednext", "expansions", taken: ["[1, 1, 1, 1, 1, 1, 1, 1, 64]"], refused: ["[2, 2, 2]", "[1, 1, 1, 1, 1, 1, 1, 1, 65]"],
            "nine numbers from 1 to 64"),
        Limit(
            "mednext", "depths", taken: ["[1, 1, 1, 1, 1, 1, 1, 1, 64]"], refused: ["[2, 2, 2]", "[0, 1, 1, 1, 1, 1, 1, 1, 1]"], "nine numbers from 1 to 64"),
        Limit(
            "dynunet", "features", taken: ["[1, 1, 4096]"], refused: ["[1, 1, 4097]", "[0, 1, 1]"], "each from 1 to 4096",
            with: #""kernels": [[1, 1, 1], [1, 1, 1], [1, 1, 1]], "strides": [[2, 2, 2], [2, 2, 2]]"#),
        Limit("dynunet", "features", refused: ["[1, 1]"], "from 3 to 12 stages"),
        Limit("dynunet", "coarseOutputs", taken: ["0", "4"], refused: ["-1", "5"], "from 0 to the number of decoder stages less 1, 4"),
        Limit("transbts", "featureSize", taken: ["8", "128"], refused: ["0", "12", "520"], "a multiple of 8 from 8 to 512"),
        Limit("transbts", "hiddenSize", taken: ["8", "4096"], refused: ["0", "8193"], "from 1 to 8192"),
        Limit("transbts", "feedForwardSize", taken: ["1", "32768"], refused: ["0", "32769"], "from 1 to 32768"),
        Limit("transbts", "heads", taken: ["1", "64"], refused: ["0", "3", "128"], "a divisor of hiddenSize, 512"),
        Limit("transbts", "layers", taken: ["1", "64"], refused: ["0", "65"], "from 1 to 64"),
        Limit("transbts", "attentionDropout", taken: ["0"], refused: ["1.0"], probability),
        Limit("setr", "decoderChannels", taken: ["1", "4096"], refused: ["0", "4097"], "from 1 to 4096"),
        Limit("setr", "headChannels", taken: ["1", "4096"], refused: ["0", "4097"], "from 1 to 4096"),
        Limit("setr", "heads", taken: ["1", "64"], refused: ["0", "7"], "a divisor of hiddenSize, 768"),
        Limit("transunet3d", "hiddenSize", taken: ["12", "3072"], refused: ["0", "8193"], "from 1 to 8192"),
        Limit("transunet3d", "heads", taken: ["1", "64"], refused: ["0", "7", "96"], "a divisor of hiddenSize, 768"),
        Limit("transunet3d", "layers", taken: ["1", "64"], refused: ["0", "65"], "from 1 to 64"),
        Limit("transunet3d", "feedForwardSize", taken: ["1", "32768"], refused: ["0", "32769"], "from 1 to 32768"),
        Limit("cotr", "features", taken: ["[1, 1, 6]"], refused: ["[64, 192]", "[0, 1, 6]", "[1, 1, 4098]"], "three numbers from 1 to 4096"),
        Limit("cotr", "features", refused: ["[1, 1, 9]"], "a multiple of 6 last: a token's position takes pairs of channels along three axes"),
        Limit("cotr", "heads", taken: ["1", "64"], refused: ["0", "5", "128"], "a divisor of the last of features, 384"),
        Limit("cotr", "layers", taken: ["1", "64"], refused: ["0", "65"], "from 1 to 64"),
        Limit("cotr", "feedForwardSize", taken: ["1", "32768"], refused: ["0", "32769"], "from 1 to 32768"),
        Limit("cotr", "dropout", taken: ["0"], refused: ["1.0"], probability),
        Limit("transunet", "depths", taken: ["[1, 1, 64]"], refused: ["[3, 4]", "[0, 4, 9]", "[3, 4, 65]"], "three numbers from 1 to 64"),
        Limit("transunet", "featureSize", taken: ["32", "128"], refused: ["0", "48", "544"], "a multiple of 32 from 32 to 512"),
        Limit(
            "transunet", "decoderChannels", taken: ["[1, 1, 1, 4096]"], refused: ["[256, 128, 64]", "[0, 1, 1, 1]", "[1, 1, 1, 4097]"],
            "four numbers from 1 to 4096"),
        Limit("transunet", "headChannels", taken: ["1", "4096"], refused: ["0", "4097"], "from 1 to 4096"),
        Limit("transunet", "dropout", taken: ["0"], refused: ["1.0"], probability),
        Limit("swin-unet", "depths", taken: ["[1, 1, 1, 64]"], refused: ["[2, 2, 2]", "[1, 0, 1, 1]", "[1, 1, 65, 1]"], "four numbers from 1 to 64"),
        Limit(
            "swin-unet", "heads", taken: ["[1, 1, 1, 1]"], refused: ["[5, 1, 1, 1]", "[1, 1, 1]"], "four divisors of the stages' channels, [96, 192, 384, 768]"),
        Limit("swin-unet", "window", taken: ["1", "16"], refused: ["0", "17"], "from 1 to 16"),
        Limit("swin-unet", "pathDropout", taken: ["0"], refused: ["1.0"], probability),
        Limit("missformer", "featureSize", taken: ["2", "128"], refused: ["0", "3", "514"], "an even number from 2 to 512", with: #""heads": [1, 1, 1, 1]"#),
        Limit("missformer", "depths", taken: ["[1, 1, 1, 64]"], refused: ["[2, 2, 2]", "[1, 1, 65, 1]"], "four numbers from 1 to 64"),
        Limit("missformer", "layers", taken: ["1", "64"], refused: ["0", "65"], "from 1 to 64"),
    ]

    @Test(arguments: limits) func `A setting is taken up to its limits and refused beyond them, in a sentence`(_ limit: Limit) throws {
        func read(_ value: String) throws -> NetworkDescription { try JSONDecoder().decode(NetworkDescription.self, from: Data(limit.json(value).utf8)) }
        for value in limit.taken {
            #expect(try read(value).architecture.rawValue == limit.architecture, "\(value)")
        }
        for value in limit.refused {
            let error = #expect(throws: ConfigurationError.self, "\(value)") { try read(value) }
            #expect("\(error!)" == "configuration field '\(limit.field)' is \(value); the rule is: \(limit.rule)")
        }
    }

    @Test func `Every architecture has rows here`() {
        #expect(Set(Self.limits.map(\.architecture)).union(["nnunet-resenc"]) == Set(Architectures.all.map(\.rawValue)))
    }
}
