"""The published UNETR++ for comparisons, imported from a checkout of github.com/Amshaker/unetr_plus_plus that the user has.

Nothing of that code is here. Its imports of other packages (MONAI, timm, einops, batchgenerators) are replaced at run time by the few
functions that the network uses, so that torch and NumPy are all that is needed.
"""
import importlib
import importlib.machinery
import os
import sys
import types

import torch
import torch.nn as nn
import torch.nn.functional as F


def _module(name, **members):
    module = types.ModuleType(name)
    module.__path__ = []
    module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
    module.__dict__.update(members)
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], last, module)
    return module


class _Names:
    def __getattr__(self, name):
        return name.lower()


def _parts(setting):
    return (setting, {}) if isinstance(setting, str) else (setting[0], setting[1] if len(setting) > 1 else {})


def _activation(name):
    name, options = _parts(name)
    return {"leakyrelu": nn.LeakyReLU, "prelu": nn.PReLU}[name.lower()](**options)


def _norm(name, spatial_dims=3, channels=1):
    name, options = _parts(name)
    if name.lower() == "group":
        return nn.GroupNorm(num_channels=channels, **options)
    return {"instance": nn.InstanceNorm3d, "batch": nn.BatchNorm3d}[name.lower()](channels, **options)


class _Convolution(nn.Sequential):
    def __init__(self, spatial_dims, inputs, outputs, strides=1, kernel_size=3, act=None, norm=None, dropout=None, bias=True,
                 conv_only=False, is_transposed=False, padding=0, output_padding=0, **_):
        super().__init__()
        assert conv_only and spatial_dims == 3
        if is_transposed:
            convolution = nn.ConvTranspose3d(inputs, outputs, kernel_size, strides, padding, output_padding, bias=bias)
        else:
            convolution = nn.Conv3d(inputs, outputs, kernel_size, strides, padding, bias=bias)
        self.add_module("conv", convolution)


class _Einops:
    @staticmethod
    def rearrange(x, pattern):
        assert pattern == "b c h w d -> b (h w d) c"  # the only one in use
        return x.flatten(2).transpose(1, 2)


def _stubs(checkout):
    for name in ("monai", "monai.networks", "monai.networks.blocks", "monai.networks.layers", "timm", "timm.models",
                 "batchgenerators", "batchgenerators.augmentations", "scipy", "scipy.ndimage"):
        _module(name)
    _module("monai.networks.blocks.convolutions", Convolution=_Convolution)
    _module("monai.networks.layers.factories", Act=_Names(), Norm=_Names())
    _module("monai.networks.layers.utils", get_act_layer=_activation, get_norm_layer=_norm)
    _module("monai.utils", optional_import=lambda name, **_: (_Einops, True))
    _module("timm.models.layers", trunc_normal_=nn.init.trunc_normal_)
    _module("batchgenerators.augmentations.utils", pad_nd_image=None)
    _module("scipy.ndimage.filters", gaussian_filter=None)
    root = os.path.join(checkout, "unetr_pp")
    for package in ("", ".utilities", ".network_architecture", *(".network_architecture." + name for name in VARIANTS)):
        _module("unetr_pp" + package).__path__ = [root + package.replace(".", "/")]


# Input channels, classes, and the crop [D, H, W] of the published trainers.
VARIANTS = {"synapse": (1, 14, [64, 128, 128]), "acdc": (1, 4, [16, 160, 160]), "lung": (1, 2, [32, 192, 192]), "tumor": (4, 4, [128, 128, 128])}


def _variant(name):
    module = importlib.import_module(f"unetr_pp.network_architecture.{name}.unetr_pp_{name}")
    channels, classes, crop = VARIANTS[name]
    size = {"img_size": crop} if name == "synapse" else {}
    return module.UNETR_PP(channels, classes, feature_size=16, num_heads=4, norm_name="instance", depths=[3, 3, 3, 3], dims=[32, 64, 128, 256], do_ds=True, **size)


def network(checkout, configuration):
    """The synapse network with the settings of one of our configurations (a dict: patchSize, stem, featureSize, classes, depths, …).

    {"variant": NAME} alone is one of the four published networks. The constructor for synapse is for one crop and stem; another one is put together from the published blocks in the published order.
    """
    _stubs(checkout)
    if list(configuration) == ["variant"]:
        return _variant(configuration["variant"])
    from unetr_pp.network_architecture.dynunet_block import UnetOutBlock, UnetResBlock, get_conv_layer
    from unetr_pp.network_architecture.synapse.model_components import UnetrPPEncoder, UnetrUpBlock
    from unetr_pp.network_architecture.synapse.unetr_pp_synapse import UNETR_PP

    patch, stem = configuration["patchSize"], configuration["stem"]
    f, classes = configuration["featureSize"], configuration["classes"]
    depths, depth = configuration.get("depths", [3, 3, 3, 3]), configuration.get("decoderDepth", 3)
    projected, decoder_projected = configuration.get("projectedTokens", [64, 64, 64, 32]), configuration.get("decoderProjectedTokens", 64)
    if (patch, stem, f, depths) == ([64, 128, 128], [2, 4, 4], 16, [3, 3, 3, 3]):
        return UNETR_PP(1, classes, patch, feature_size=f, num_heads=4, norm_name="instance", depths=depths, dims=[32, 64, 128, 256], do_ds=True)

    class Other(UNETR_PP):
        def __init__(self):
            nn.Module.__init__(self)
            self.do_ds, self.conv_op, self.num_classes, self.patch_size = True, nn.Conv3d, classes, tuple(stem)
            grids = [[size // (step * 2 ** stage) for size, step in zip(patch, stem)] for stage in range(4)]
            tokens = [d * h * w for d, h, w in grids]
            dims = [2 * f, 4 * f, 8 * f, 16 * f]
            self.feat_size, self.hidden_size = tuple(grids[3]), dims[3]
            self.unetr_pp_encoder = UnetrPPEncoder(
                input_size=tokens, dims=dims, proj_size=projected, depths=depths, num_heads=4)
            self.unetr_pp_encoder.downsample_layers[0][0] = get_conv_layer(
                3, 1, dims[0], kernel_size=stem, stride=stem, dropout=0.0, conv_only=True)
            self.encoder1 = UnetResBlock(3, 1, f, 3, 1, "instance")

            def up(inputs, outputs, kernel, size, last=False):
                return UnetrUpBlock(3, inputs, outputs, 3, kernel, "instance", proj_size=decoder_projected, out_size=size, depth=depth,
                                    conv_decoder=last)
            self.decoder5 = up(dims[3], dims[2], 2, tokens[2])
            self.decoder4 = up(dims[2], dims[1], 2, tokens[1])
            self.decoder3 = up(dims[1], dims[0], 2, tokens[0])
            self.decoder2 = up(dims[0], f, tuple(stem), 1, True)
            self.out1, self.out2, self.out3 = UnetOutBlock(3, f, classes), UnetOutBlock(3, 2 * f, classes), UnetOutBlock(3, 4 * f, classes)

    return Other()


def without_dropout(model):
    """Sets the probability of every dropout layer to 0."""
    for layer in model.modules():
        if "Dropout" in type(layer).__name__:
            layer.p = 0.0
    return model


def _dice_cross_entropy(logits, target, batch_dice):
    probabilities = logits.softmax(1)
    right = torch.zeros_like(probabilities).scatter_(1, target[:, None], 1)
    axes = (0, 2, 3, 4) if batch_dice else (2, 3, 4)
    tp = (probabilities * right).sum(axes)
    wrong = (probabilities * (1 - right)).sum(axes) + ((1 - probabilities) * right).sum(axes)
    dice = (2 * tp + 1e-5) / (2 * tp + wrong + 1e-5 + 1e-8)
    return F.cross_entropy(logits, target) - dice[..., 1:].mean()


def loss(outputs, targets, batch_dice=True):
    """Cross-entropy minus soft Dice of the three outputs, weights 4/7, 2/7 and 1/7, as the released trainer has it."""
    return sum(weight * _dice_cross_entropy(output if output.dtype == torch.float64 else output.float(), target, batch_dice)
               for weight, output, target in zip((4 / 7, 2 / 7, 1 / 7), outputs, targets))
