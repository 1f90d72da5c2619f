"""Makes the pickle and PyTorch files that the tests read (pip install torch==2.13.0 numpy).

Run from anywhere: python make_fixtures.py. The expected values stand in the tests, next to what is read here.
"""
import collections
import os
import pathlib
import pickle
import warnings
import zipfile

import numpy as np
import torch

warnings.filterwarnings("ignore")
here = pathlib.Path(__file__).parent
torch.manual_seed(1)


def save(value, name, **options):
    torch.save(value, here / name, **options)


def both_forms(value, name, **options):
    save(value, f"{name}.pth", **options)
    save(value, f"{name}_legacy.pth", _use_new_zipfile_serialization=False, **options)


# --- every type, every kind of view -------------------------------------------------------------------------------------------
types = {
    "float64": torch.tensor([1.5, -0.1, float("inf")], dtype=torch.float64),
    "float32": torch.tensor([1.5, -0.1, 3e38], dtype=torch.float32),
    "float16": torch.tensor([1.5, -65504.0, 2.0**-24], dtype=torch.float16),
    "bfloat16": torch.tensor([1.5, -3.0e38, 2.0**-120], dtype=torch.bfloat16),
    "int64": torch.tensor([2**62, -(2**62), 3]),
    "int32": torch.tensor([2**31 - 1, -(2**31), 3], dtype=torch.int32),
    "int16": torch.tensor([2**15 - 1, -(2**15), 3], dtype=torch.int16),
    "int8": torch.tensor([127, -128, 3], dtype=torch.int8),
    "uint8": torch.tensor([255, 0, 3], dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
}
both_forms(types, "types")
save({n: torch.tensor([1, 2, 2**b - 1 if b < 64 else 2**63 - 1], dtype=getattr(torch, n)) for n, b in
      (("uint16", 16), ("uint32", 32), ("uint64", 64))}, "unsigned.pth")

base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
views = collections.OrderedDict(
    whole=base, row=base[1], transposed=base.t(), strided=base[::2, 1::2],
    permuted=torch.arange(24, dtype=torch.int16).reshape(2, 3, 4).permute(2, 0, 1),
    channels_last=torch.arange(24, dtype=torch.float64).reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
    zero_dimensional=torch.tensor(7.25), empty=torch.zeros(0, 3), expanded=torch.tensor([2.5]).expand(5),
    parameter=torch.nn.Parameter(torch.tensor([1.0, 2.0])), from_within=base.reshape(-1)[20:],
)
both_forms({"views": views, "size": torch.Size([3, 4]), "device": torch.device("cpu"), "dtype": torch.float32}, "views")

tagged = torch.tensor([5.0, 6.0])
tagged.note = "an attribute"
save({"tagged": tagged, "complex": torch.tensor([1 + 2j]), "sparse": torch.eye(3).to_sparse(), "storage": torch.tensor([1.0, 2.0]).untyped_storage(),
      "plain": torch.tensor([9.0])}, "uncommon.pth")
save(torch.nn.Linear(2, 2), "module.pth")


# --- a checkpoint as nnU-Net v1 and UNETR++ write it ----------------------------------------------------------------------------
def checkpoint():
    network = torch.nn.Sequential(torch.nn.Conv3d(1, 2, 3, bias=False), torch.nn.BatchNorm3d(2), torch.nn.Linear(3, 2))
    with torch.no_grad():
        for number, parameter in enumerate(network.parameters()):
            parameter.copy_(torch.arange(parameter.numel(), dtype=torch.float32).reshape(parameter.shape) / 8 + number)
    optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.99, nesterov=True)
    sum(p.sum() for p in network.parameters()).backward()
    optimizer.step()
    with torch.no_grad():
        for number, parameter in enumerate(network.parameters()):
            parameter.copy_(torch.arange(parameter.numel(), dtype=torch.float32).reshape(parameter.shape) / 8 + number)
    return {
        "epoch": 1000,
        "state_dict": network.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "lr_scheduler_state_dict": None,
        "plot_stuff": ([np.float64(0.5), np.float32(0.25)], [np.mean([1.0, 2.0])], [], [np.float64(0.875), 0.75]),
        "best_stuff": (np.float64(-0.5), 0.9, None),
        "amp_grad_scaler": {"scale": 65536.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 2000, "_growth_tracker": 7},
    }


for protocol in (2, 3, 4, 5):
    save(checkpoint(), f"checkpoint_protocol{protocol}.model", pickle_protocol=protocol)
    save(checkpoint(), f"checkpoint_protocol{protocol}_legacy.model", pickle_protocol=protocol, _use_new_zipfile_serialization=False)
save(collections.OrderedDict(("module." + k, v) for k, v in checkpoint()["state_dict"].items()), "bare_state.pth")

# --- other ways to pack the same records ----------------------------------------------------------------------------------------
torch.serialization.set_crc32_options(False)
save(types, "types_without_checksums.pth")
torch.serialization.set_crc32_options(True)


def repack(source, target, method, change=lambda name, data: data):
    with zipfile.ZipFile(here / source) as old, zipfile.ZipFile(here / target, "w", method) as new:
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename), change(entry.filename, old.read(entry)), method)


def to_big_endian(name, data):
    if name.endswith("/byteorder"):
        return b"big"
    folder, _, key = name.rpartition("/")
    if folder.endswith("/data"):
        sizes = [t.element_size() for t in types.values()]
        return np.frombuffer(data, f"u{sizes[int(key)]}").byteswap().tobytes()
    return data


repack("types.pth", "types_deflated.pth", zipfile.ZIP_DEFLATED)
repack("types.pth", "types_big_endian.pth", zipfile.ZIP_STORED, to_big_endian)


# --- files that would run something ---------------------------------------------------------------------------------------------
class Trap:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


trap = Trap(os.system, ("touch ARCHIVE_TEST_WAS_RUN",))
with open(here / "trap.pkl", "wb") as file:
    pickle.dump({"before": 1, "trap": trap, "nested": [Trap(eval, ("open('ARCHIVE_TEST_WAS_RUN', 'w')",))], "after": 2}, file, 2)
save({"weights": torch.tensor([1.0]), "trap": trap}, "trap.pth")


# --- plans as nnU-Net v1 writes them --------------------------------------------------------------------------------------------
class Preprocessor:
    """Stands for a class the reader has never heard of."""

    def __init__(self):
        self.target = np.array([1.0, 2.0])
        self.name = "generic"


Preprocessor.__module__ = "nnunet.preprocessing.preprocessing"
Preprocessor.__qualname__ = "GenericPreprocessor"


class FindsPreprocessor(pickle._Pickler):
    """Pickles a class that cannot be imported, as if it could."""

    def save_global(self, obj, name=None):
        if obj is Preprocessor:
            if self.proto >= 4:
                self.save(obj.__module__)
                self.save(obj.__qualname__)
                self.write(pickle.STACK_GLOBAL)
            else:
                self.write(pickle.GLOBAL + f"{obj.__module__}\n{obj.__qualname__}\n".encode())
            self.memoize(obj)
        else:
            super().save_global(obj, name)

    dispatch = dict(pickle._Pickler.dispatch)
    dispatch[type] = lambda self, obj: self.save_global(obj)


stage = {
    "batch_size": 2, "num_pool_per_axis": [4, 5, 5], "patch_size": np.array([64, 128, 128]),
    "median_patient_size_in_voxels": np.array([147, 512, 512]), "current_spacing": np.array([3.0, 0.76, 0.76]),
    "original_spacing": np.array([3.0, 0.76, 0.76]), "do_dummy_2D_data_aug": np.bool_(False),
    "pool_op_kernel_sizes": [[1, 2, 2], [2, 2, 2]], "conv_kernel_sizes": [[1, 3, 3], [3, 3, 3]],
}
plans = {
    "num_stages": 1, "num_modalities": np.int64(1), "modalities": {0: "CT"},
    "normalization_schemes": collections.OrderedDict([(0, "CT")]),
    "dataset_properties": {
        "all_sizes": [(148, 512, 512), (89, 512, 512)], "all_spacings": [np.array([3.0, 0.7, 0.7]), np.array([5.0, 0.8, 0.8])],
        "all_classes": [1, 2, 3], "modalities": {0: "CT"},
        "intensityproperties": collections.OrderedDict([(0, collections.OrderedDict([
            ("median", np.float32(99.5)), ("mean", np.float64(98.25)), ("sd", np.float64(41.5)), ("mn", -991.0), ("mx", 3071.0),
            ("percentile_99_5", np.float32(303.0)), ("percentile_00_5", np.float32(-958.0)),
            ("local_props", {"case": {"n": np.int64(2**40)}})]))]),
        "size_reductions": collections.OrderedDict([("case", 1.0)]),
    },
    "list_of_npz_files": ["a/b.npz", "a/ü.npz"], "plans_per_stage": {0: stage}, "transpose_forward": [0, 1, 2],
    "use_mask_for_norm": collections.OrderedDict([(0, False)]), "keep_only_largest_region": None,
    "min_size_per_class": None, "base_num_features": 32, "dtype": np.dtype("float32"), "preprocessor": Preprocessor(),
    "preprocessor_class": Preprocessor, "big": 2**70, "negative_big": -(2**70) - 5, "set": {1, 2}, "frozen": frozenset({3}),
    "bytes": bytes(range(256)), "bytearray": bytearray(b"\x00\xff"), "complex": 1 + 2j, "slice": slice(1, 2),
    "numbers": [0, 255, 256, 65535, 65536, -1, 2**31 - 1, -(2**31), 2**31, 2**62, -(2**63), 2**63 - 1],
    "floats": [0.1, -1e300, float("inf"), float("-inf"), float("nan")], "truth": [True, False],
    "counts": collections.defaultdict(list, {"a": [1]}), "text": "line\nfeed \\u \u20ac \U0001f600 'quoted'", "empty": [(), [], {}, "", b""],
}
plans["again"] = plans["modalities"]
for protocol in range(6):
    with open(here / f"plans_protocol{protocol}.pkl", "wb") as file:
        FindsPreprocessor(file, protocol).dump(plans)

# --- NumPy ----------------------------------------------------------------------------------------------------------------------
grid = np.arange(6).reshape(2, 3)
arrays = {name: grid.astype(name) for name in ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1")}
arrays |= {f"big_{name}": grid.astype(f">{name}") for name in ("f8", "f4", "f2", "i8", "i4", "i2", "u8", "u4", "u2")}
arrays |= {
    "bool": grid % 2 == 0, "fortran": np.asfortranarray(grid.astype("i4")), "fortran_3d": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "zero_dimensional": np.array(3.5), "empty": np.zeros((0, 2)), "strided": np.arange(10)[::3],
    "text": np.array(["ab", "c"]), "objects": np.array([1, "two", None], dtype=object), "record": np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]),
    "complex": np.array([1j]), "date": np.array(["2020-01-01"], "datetime64[D]"),
    "scalars": [np.float64(1.5), np.float32(2.5), np.float16(3.5), np.int8(-4), np.uint64(2**64 - 1), np.bool_(True), np.str_("wört"),
                np.bytes_(b"by")],
}
for protocol in range(6):
    with open(here / f"numpy_protocol{protocol}.pkl", "wb") as file:
        pickle.dump(arrays, file, protocol)
