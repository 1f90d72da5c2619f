"""Makes the narrow parity fixtures (*_narrow*.json and .safetensors) with the published code, in float64.

    pip install torch monai==1.6.1 einops dynamic-network-architectures==0.4.4 safetensors
    git clone https://github.com/282857341/nnFormer
    python make_narrow.py nnFormer

Weights, inputs and probes follow the rule of README.md in this folder.
"""
import importlib.util, json, math, pathlib, sys, types
import numpy as np, torch
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent


def unit(name, count):
    h = 0xcbf29ce484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001b3) & (2**64 - 1)
    with np.errstate(over="ignore"):
        z = np.uint64(h) + (np.arange(count, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**24


def parameter(key, shape):
    r = 2 * unit(key, math.prod(shape)) - 1
    last = key.split(".")[-1]
    if last == "running_var":
        v = 1 + 0.5 * (r + 1) / 2
    elif last in ("running_mean", "position_embeddings", "relative_position_bias_table", "bias"):
        v = 0.1 * r
    elif len(shape) == 1:
        v = 1 + 0.2 * r
    else:
        v = r * math.sqrt(3 / math.prod(shape[1:]))
    return torch.tensor(v.astype(np.float32).reshape(shape))


def fill(network):
    seen = set()
    with torch.no_grad():
        for key, tensor in network.state_dict().items():
            if tensor.is_floating_point() and tensor.data_ptr() not in seen:
                seen.add(tensor.data_ptr())
                tensor.copy_(parameter(key, tuple(tensor.shape)))


def write(name, network, shape, source, outputs=lambda network, x: network(x)):
    network.eval()
    fill(network)
    x = torch.tensor((2 * (2 * unit("input", math.prod(shape)) - 1)).astype(np.float32).reshape(shape))
    with torch.no_grad():
        single = outputs(network, x)
        network.double()
        fill(network)
        double = outputs(network, x.double())
    single, double = ([o] if torch.is_tensor(o) else o for o in (single, double))
    tensors, arrays = {}, {}
    for level, (a, b) in enumerate(zip(single, double)):
        key = f"logits{level}"
        index = torch.tensor(np.floor(unit("probe:" + key, 2048) * b.numel()).astype(np.int64))
        arrays[key + ".index"], arrays[key + ".value"] = index, b.flatten()[index].clone()
        tensors[key] = {"shape": list(b.shape), "float32_relative_error": ((a.double() - b).norm() / b.norm()).item()}
    manifest = {
        "network": name, "source": source, "input": {"name": "input", "shape": list(shape), "scale": 2.0},
        "parameter_count": sum(p.numel() for p in network.parameters()),
        "parameters": {k: list(t.shape) for k, t in network.state_dict().items()}, "tensors": tensors,
    }
    (HERE / f"{name}.json").write_text(json.dumps(manifest, indent=0))
    save_file(arrays, HERE / f"{name}.safetensors")


def nnformer(folder, variant):
    """The module of one variant, without the package around it and without timm."""
    layers = types.ModuleType("timm.models.layers")
    layers.DropPath = lambda p: torch.nn.Identity()  # evaluation only
    layers.to_3tuple = lambda x: tuple(x) if isinstance(x, (tuple, list)) else (x, x, x)
    layers.trunc_normal_ = torch.nn.init.trunc_normal_
    stand_ins = {
        "timm": {}, "timm.models": {}, "nnformer": {}, "nnformer.utilities": {}, "nnformer.network_architecture": {},
        "nnformer.utilities.nd_softmax": {"softmax_helper": None},
        "nnformer.network_architecture.initialization": {"InitWeights_He": None},
        "nnformer.network_architecture.neural_network": {"SegmentationNetwork": torch.nn.Module},
    }
    for name, contents in stand_ins.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(contents)
    sys.modules["timm.models.layers"] = layers
    path = pathlib.Path(folder) / f"nnformer/network_architecture/nnFormer_{variant}.py"
    spec = importlib.util.spec_from_file_location(variant, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.nnFormer


def main(nnformer_folder):
    source = "282857341/nnFormer nnformer/network_architecture/nnFormer_"
    write("nnformer_acdc_narrow", nnformer(nnformer_folder, "acdc")(
        crop_size=[14, 160, 160], embedding_dim=24, input_channels=1, num_classes=3, num_heads=[3, 6, 12, 24], patch_size=[1, 4, 4],
        window_size=[[3, 5, 5], [3, 5, 5], [7, 10, 10], [3, 5, 5]],
        down_stride=[[1, 4, 4], [1, 8, 8], [2, 16, 16], [4, 32, 32]]), [1, 1, 14, 160, 160], source + "acdc.py")
    write("nnformer_tumor_narrow", nnformer(nnformer_folder, "tumor")(
        crop_size=[64, 64, 96], embedding_dim=24, input_channels=4, num_classes=4, num_heads=[3, 6, 12, 24], patch_size=[4, 4, 4],
        window_size=[4, 4, 8, 4]), [2, 4, 64, 64, 96], source + "tumor.py")

    from monai.networks.nets import UNETR, SwinUNETR
    write("swin_unetr_narrow", SwinUNETR(in_channels=2, out_channels=3, feature_size=12, num_heads=(3, 3, 6, 12)), [2, 2, 32, 64, 96],
          "MONAI 1.6.1 monai.networks.nets.SwinUNETR")
    for kind, name in (("perceptron", "perceptron"), ("conv", "convolution")):
        write(f"unetr_narrow_{name}", UNETR(
            in_channels=2, out_channels=3, img_size=(32, 16, 32), feature_size=2, hidden_size=12, mlp_dim=16, num_heads=3,
            proj_type=kind), [2, 2, 32, 16, 32], "MONAI 1.6.1 monai.networks.nets.UNETR")

    from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
    settings = dict(
        input_channels=2, n_stages=4, features_per_stage=[4, 6, 6, 8], conv_op=torch.nn.Conv3d,
        kernel_sizes=[[1, 3, 3]] + [[3, 3, 3]] * 3, strides=[[1, 1, 1], [1, 2, 2], [2, 2, 2], [1, 2, 2]], num_classes=3, conv_bias=True,
        norm_op=torch.nn.InstanceNorm3d, norm_op_kwargs={"eps": 1e-5, "affine": True}, nonlin=torch.nn.LeakyReLU,
        nonlin_kwargs={"inplace": True}, deep_supervision=True)
    source = "dynamic_network_architectures 0.4.4 "
    write("nnunet_plain_narrow", PlainConvUNet(n_conv_per_stage=[2, 1, 2, 3], n_conv_per_stage_decoder=[1, 2, 2], **settings),
          [2, 2, 16, 32, 32], source + "PlainConvUNet")
    write("nnunet_resenc_narrow", ResidualEncoderUNet(n_blocks_per_stage=[1, 2, 2, 1], n_conv_per_stage_decoder=[1, 1, 2], **settings),
          [2, 2, 16, 32, 32], source + "ResidualEncoderUNet")

    from monai.networks.nets import BasicUNet, DynUNet
    write("basic_unet_odd_narrow", BasicUNet(in_channels=1, out_channels=3, features=(4, 4, 8, 12, 16, 4)), [2, 1, 33, 38, 35],
          "MONAI 1.6.1 monai.networks.nets.BasicUNet")
    settings = dict(
        spatial_dims=3, in_channels=2, out_channels=3, kernel_size=[[1, 3, 3]] + [[3, 3, 3]] * 3, strides=[1, [1, 2, 2], [2, 2, 2], [1, 2, 2]],
        upsample_kernel_size=[[1, 2, 2], [2, 2, 2], [1, 2, 2]], filters=[4, 6, 6, 8])
    source = "MONAI 1.6.1 monai.networks.nets.DynUNet"
    # In evaluation the network keeps its coarse outputs to itself.
    write("dynunet_plain_narrow", DynUNet(deep_supervision=True, deep_supr_num=2, **settings), [2, 2, 16, 32, 32], source,
          lambda network, x: [network(x), *network.heads])
    write("dynunet_residual_narrow", DynUNet(res_block=True, norm_name="batch", trans_bias=True, **settings), [2, 2, 16, 32, 32], source)


if __name__ == "__main__":
    main(sys.argv[1])
