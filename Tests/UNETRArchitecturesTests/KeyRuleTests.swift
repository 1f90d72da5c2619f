import Testing
import UNETRArchitectures

/// What checkpoints of other programs and versions call a network's tensors.
struct KeyRuleTests {
    @Test(arguments: [
        ("conv_blocks_context.0.blocks.0.conv.weight", "encoder.stages.0.0.convs.0.conv.weight"),
        ("conv_blocks_context.1.blocks.1.instnorm.bias", "encoder.stages.1.0.convs.1.norm.bias"),
        ("conv_blocks_context.5.0.blocks.0.conv.weight", "encoder.stages.5.0.convs.0.conv.weight"),
        ("conv_blocks_context.5.1.blocks.0.conv.weight", "encoder.stages.5.0.convs.1.conv.weight"),
        ("conv_blocks_localization.2.1.blocks.0.instnorm.weight", "decoder.stages.2.convs.1.norm.weight"),
        ("tu.3.weight", "decoder.transpconvs.3.weight"), ("seg_outputs.0.weight", "decoder.seg_layers.0.weight"),
        ("encoder.stages.0.0.convs.0.conv.weight", "encoder.stages.0.0.convs.0.conv.weight"),
        ("conv_blocks_context.x.blocks.0.conv.weight", "conv_blocks_context.x.blocks.0.conv.weight"),
        ("conv_blocks_context.1.blocks.conv.weight", "conv_blocks_context.1.blocks.conv.weight"),
    ])
    func `Keys of nnU-Net version 1 are those of version 2 under other names`(old: String, new: String) {
        #expect(NNUNetConfiguration(.plain).key(forPublished: old) == new)
    }

    @Test func `What older versions did not have gets the value that it had in effect`() {
        let unet = NNUNetConfiguration(.plain)
        #expect(unet.value(ofMissing: "decoder.transpconvs.0.bias") == 0 && unet.value(ofMissing: "decoder.seg_layers.4.bias") == 0)
        #expect(unet.value(ofMissing: "decoder.transpconvs.0.weight") == nil && unet.value(ofMissing: "encoder.stages.0.0.convs.0.conv.bias") == nil)
        let unetr = UNETRConfiguration()
        #expect(unetr.value(ofMissing: "vit.blocks.3.norm_cross_attn.weight") == 1 && unetr.value(ofMissing: "vit.blocks.3.norm_cross_attn.bias") == 0)
        #expect(unetr.value(ofMissing: "vit.blocks.3.norm1.weight") == nil)
        #expect(UNETRPlusPlusConfiguration(.synapse).value(ofMissing: "out1.conv.conv.bias") == nil)
    }

    @Test func `Unused and renamed tensors of MONAI are known`() {
        #expect(UNETRConfiguration().key(forPublished: "vit.blocks.0.cross_attn.to_q.weight") == nil)
        #expect(UNETRConfiguration().key(forPublished: "vit.blocks.0.attn.qkv.weight") == "vit.blocks.0.attn.qkv.weight")
        let swin = SwinUNETRConfiguration()
        #expect(swin.key(forPublished: "swinViT.layers1.0.blocks.0.mlp.fc1.weight") == "swinViT.layers1.0.blocks.0.mlp.linear1.weight")
        #expect(swin.key(forPublished: "swinViT.layers1.0.blocks.0.mlp.fc2.bias") == "swinViT.layers1.0.blocks.0.mlp.linear2.bias")
        #expect(SwinUNetConfiguration().key(forPublished: "swin_unet.layers.0.blocks.1.attn_mask") == "layers.0.blocks.1.attn_mask")
        #expect(NNFormerConfiguration(.synapse).key(forPublished: "model_down.norm0.weight") == "model_down.norm0.weight")
    }
}
