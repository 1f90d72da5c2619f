import ArchitectureTestSupport
import Testing
import UNETRArchitectures
import UNETRSupport

struct ComplexityTests {
    // Table of the paper's networks: REFERENCE figures in G multiply-adds, printed with two digits, so equal within half of the last.
    @Test(
        "Multiply-adds are the published ones",
        arguments: [
            ("synapse", 47.87), ("acdc", 43.63), ("lung", 125.61), ("tumor", 73.54),
        ] as [(String, Double)])
    func publishedMultiplyAdds(preset: String, published: Double) throws {
        let complexity = try NetworkPreset(rawValue: preset)!.network.complexity()
        #expect(abs(Double(complexity.multiplyAdds) / 1e9 - published) <= 0.005)
    }

    @Test(
        "Parameters are the published ones",
        arguments: [
            ("synapse", 42_952_850), ("acdc", 66_796_404), ("lung", 121_174_798), ("tumor", 42_647_604),
        ] as [(String, Int)])
    func publishedParameters(preset: String, published: Int) throws {
        #expect(try NetworkPreset(rawValue: preset)!.network.complexity().parameters == published)
    }

    // fvcore 0.1.5.post20221221 on the published code (MONAI 1.6.1, nnFormer, dynamic_network_architectures 0.4.4), torch 2.13, one patch in
    // evaluation. Where einsum is used fvcore reads a number rounded to four digits; the tolerance of UNETR is that rounding. nnFormer
    // computes its coarse outputs in evaluation too.
    @Test(
        "Multiply-adds of the other networks are those that fvcore counts in the published code",
        arguments: [
            ("unetr", 87_512_955_008, 450_000), ("unetr 96", 73_679_388_288, 450_000), ("unetr convolution", 18_335_600, 5),
            ("swin-unetr", 384_175_617_408, 0), ("swin-unetr 96", 319_888_995_648, 0),
            ("nnformer", 213_369_815_040, 0), ("nnformer acdc", 47_818_560_000, 0), ("nnformer tumor", 64_544_735_232, 0),
            ("nnunet", 239_911_473_152, 0), ("nnunet-resenc", 360_258_789_376, 0),
            ("nnunet flat", 211_578_925_056, 0), ("nnunet-resenc flat", 393_427_771_392, 0),
        ] as [(String, Int, Int)])
    func fvcore(name: String, counted: Int, tolerance: Int) throws {
        let description = PublishedNetworks.description(name)
        let complexity = try description.complexity()
        let countsAll = description.architecture == .nnFormer
        let sum = countsAll ? complexity.layers.reduce(0) { $0 + $1.multiplyAdds } : complexity.multiplyAdds
        #expect(abs(sum - counted) <= tolerance, "\(sum)")
    }

    // The same, as the manifests of the parity runs have it; MedNeXt and STU-Net compute their coarse outputs in evaluation too.
    @Test(
        "Parameters and multiply-adds of the convolutional networks are those that fvcore counts in the published code",
        arguments: [
            ("unet_monai", [96, 96, 96], 4_824_517, 10_895_855_616), ("unet_monai_narrow", [32, 32, 48], 36_668, 31_051_776),
            ("unet_monai_plain", [96, 96, 96], 1_989_990, 2_646_577_152), ("unet_monai_plain_narrow", [32, 32, 48], 17_233, 8_219_136),
            ("segresnet", [128, 128, 128], 18_798_627, 586_934_124_544), ("segresnet_narrow", [32, 32, 48], 163_779, 651_657_216),
            ("swin_unetr_v2", [96, 96, 96], 72_762_656, 345_744_299_328), ("swin_unetr_v2_narrow", [64, 64, 32], 4_499_427, 3_698_675_952),
            ("basic_unet", [96, 96, 96], 5_749_806, 127_148_617_728), ("basic_unet_narrow", [32, 32, 48], 42_737, 117_128_832),
            ("attention_unet", [96, 96, 96], 5_909_334, 41_756_141_952), ("attention_unet_narrow", [32, 32, 48], 43_115, 131_260_416),
            ("stunet", [128, 128, 128], 58_262_669, 508_031_467_520), ("stunet_narrow", [16, 32, 48], 47_281, 128_686_080),
            ("stunet_small", [128, 128, 128], 14_596_941, 130_271_182_848), ("stunet_large", [128, 128, 128], 440_302_605, 3_810_663_333_888),
            ("mednext_narrow", [32, 32, 48], 121_824, 64_606_312), ("mednext_narrow_k5", [32, 32, 48], 158_280, 130_274_152),
            ("mednext_s_k3", [128, 128, 128], 5_564_807, 131_067_903_296), ("mednext_s_k5", [128, 128, 128], 5_994_439, 169_333_325_120),
            ("mednext_b_k3", [128, 128, 128], 10_540_199, 170_487_586_112), ("mednext_b_k5", [128, 128, 128], 10_969_831, 208_753_007_936),
            ("mednext_m_k3", [128, 128, 128], 17_562_855, 248_484_863_296), ("mednext_m_k5", [128, 128, 128], 18_274_727, 308_586_880_320),
            ("mednext_l_k3", [128, 128, 128], 61_793_159, 499_691_005_248), ("mednext_l_k5", [128, 128, 128], 63_006_791, 564_006_200_640),
            ("transbts", [128, 128, 128], 32_987_588, 326_242_402_304), ("transbts_narrow", [32, 32, 32], 3_644_587, 757_800_960),
            ("setr3d_nup_narrow", [32, 32, 48], 118_467, 1_445_616), ("setr3d_pup_narrow", [32, 32, 48], 137_727, 29_171_520),
            ("setr3d_mla_narrow", [32, 32, 48], 155_147, 3_848_064),
            ("transunet3d", [64, 192, 192], 116_857_216, 778_172_110_848), ("transunet3d_narrow", [16, 32, 48], 70_896, 116_624_640),
            ("cotr", [48, 192, 192], 41_872_504, 564_599_697_408), ("cotr_narrow", [16, 32, 64], 147_056, 84_552_832),
            ("transunet", [1, 224, 224], 105_277_081, 29_333_759_488), ("transunet_narrow", [1, 64, 64], 751_579, 55_271_296),
            ("swin_unet", [1, 224, 224], 27_168_900, 6_164_159_232), ("swin_unet_narrow", [1, 64, 64], 264_300, 7_592_064),
            ("missformer", [1, 224, 224], 42_462_537, 9_886_026_752), ("missformer_narrow", [1, 64, 64], 731_899, 13_801_984),
        ] as [(String, Size3, Int, Int)])
    func convolutional(name: String, patch: Size3, parameters: Int, counted: Int) throws {
        let complexity = try ReferenceNetworks.description(name, patch: patch).complexity()
        #expect(complexity.parameters == parameters)
        #expect(complexity.layers.reduce(0) { $0 + $1.multiplyAdds } == counted)
    }

    // Of einsum fvcore reads four digits, here too.
    @Test(
        "SETR of published width has the multiply-adds that fvcore counts",
        arguments: [("nup", 88_561_678, 19_949_371_008), ("mla", 101_737_742, 25_430_587_008), ("pup", 98_984_206, 244_721_970_816)])
    func setr(decoder: String, parameters: Int, counted: Int) throws {
        let complexity = try ReferenceNetworks.description("setr3d_\(decoder)", patch: [96, 96, 96]).complexity()
        #expect(complexity.parameters == parameters && abs(complexity.multiplyAdds - counted) <= 450_000, "\(complexity.multiplyAdds)")
    }

    @Test("The huge STU-Net has the published number of parameters")
    func huge() throws {
        #expect(try ReferenceNetworks.description("stunet_huge", patch: [128, 128, 128]).complexity().parameters == 1_457_326_221)
    }

    @Test("Blocks sum up to the layers, in the order of the state dict")
    func blocks() throws {
        let complexity = try NetworkPreset.synapse.network.complexity()
        let blocks = complexity.blocks
        #expect(blocks.reduce(0) { $0 + $1.parameters } == complexity.parameters)
        #expect(blocks.reduce(0) { $0 + ($1.onlyInTraining ? 0 : $1.multiplyAdds) } == complexity.multiplyAdds)
        #expect(blocks.count == 4 + 12 + 1 + 3 * (1 + 3) + 2 + 3)
        #expect(Set(blocks.map(\.name)).count == blocks.count)
        #expect(blocks[4].name == "unetr_pp_encoder.stages.0.0" && blocks[4].outputShape == [32, 32, 32, 32])
        #expect(blocks.filter(\.onlyInTraining).map(\.name) == ["out2", "out3"])
        #expect(blocks.filter(\.onlyInTraining).map(\.outputShape) == [[14, 32, 32, 32], [14, 16, 16, 16]])
    }

    @Test("Single layers count as the rules say")
    func rules() throws {
        let layers = try NetworkPreset.synapse.network.complexity().layers
        func layer(_ name: String) throws -> LayerCost { try #require(layers.first { $0.name == name }) }
        // 16 → 16 channels, kernel 3³, at 64 · 128 · 128 voxels.
        #expect(try layer("decoder2.decoder_block.0.conv1.conv").multiplyAdds == 27 * 16 * 16 * 1_048_576)
        // Normalization without affine parameters: 4 an element.
        #expect(try layer("decoder2.decoder_block.0.norm1").multiplyAdds == 4 * 16 * 1_048_576)
        // 32 → 16 channels, kernel 2 · 4 · 4, at the 32³ voxels of the input.
        #expect(try layer("decoder2.transp_conv.conv").multiplyAdds == 32 * 32 * 16 * 32768)
        #expect(try layer("unetr_pp_encoder.stages.0.0.epa_block.qkvv").multiplyAdds == 32768 * 32 * 128)
        // Along the tokens: 32 channels, 32768 tokens → 64; twice, as the one layer is applied to keys and values.
        #expect(try layer("unetr_pp_encoder.stages.0.0.epa_block.E").multiplyAdds == 32 * 32768 * 64)
        #expect(try layer("unetr_pp_encoder.stages.0.0.epa_block.F").multiplyAdds == 32 * 32768 * 64)
        #expect(try layer("unetr_pp_encoder.stages.0.0.epa_block.F").parameters == 0)
        // 4 heads of width 8: q kᵀ and the product with the values, 8 · 8 · 32768 each and head.
        #expect(try layer("unetr_pp_encoder.stages.0.0.epa_block.channel_attention").multiplyAdds == 2 * 4 * 8 * 8 * 32768)
        #expect(try layer("unetr_pp_encoder.stages.0.0.epa_block.spatial_attention").multiplyAdds == 2 * 4 * 32768 * 8 * 64)
        #expect(try layer("unetr_pp_encoder.stages.0.0.conv51.norm1").multiplyAdds == 2 * 32 * 32768)
        #expect(try layer("unetr_pp_encoder.stages.0.0.norm").multiplyAdds == 5 * 32 * 32768)
    }

    @Test("Activation memory follows the largest step, the residual block at full resolution")
    func activationMemory() throws {
        // In encoder1 four tensors of 16 · 64 · 128 · 128 values, beside the four stage outputs of 32 · 32³, 64 · 16³, 128 · 8³, 256 · 4³.
        let values = 4 * 16 * 64 * 128 * 128 + 32 * 32768 + 64 * 4096 + 128 * 512 + 256 * 64
        #expect(try NetworkPreset.synapse.network.complexity().activationBytes == 4 * values)
    }

    @Test("Impossible settings are refused here too")
    func impossible() {
        var configuration = UNETRPlusPlusConfiguration(.synapse)
        configuration.patchSize = [60, 128, 128]
        #expect(throws: ConfigurationError.self) { try configuration.complexity() }
    }
}
