"""Makes the fixtures of this folder with MONAI itself; `python make_fixtures.py` after

    pip install torch monai==1.6.1 nibabel scikit-image safetensors

Numbers follow the rule of ../parity/README.md, so that neither scans nor weights need be stored. Everything is made up; nothing is anybody's.

  grids.json            where MONAI's Spacing puts its voxels, and Invertd its own
  transforms.safetensors, transforms.json    scans after preprocessing, and masks from outputs that were made up
  windows.safetensors, windows.json          windows, their weights, and averages of a network that depends on the place in the window
  unetr/, unet/, …      bundles without weights, in the forms of the model zoo; SCAN.nii.gz, and what they make of it: logits and mask
"""
import importlib.util, json, math, pathlib, warnings
import monai, nibabel, numpy as np, torch
from monai.bundle import ConfigParser
from monai.data import MetaTensor
from monai.data.utils import compute_importance_map, dense_patch_slices
from monai.inferers import sliding_window_inference
from monai.inferers.utils import _get_scan_interval
from monai.transforms import (
    Activationsd, AsDiscreted, Compose, Invertd, KeepLargestConnectedComponentd, NormalizeIntensityd, Orientationd, ScaleIntensityd,
    ScaleIntensityRanged, Spacingd)
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("narrow", HERE.parent / "parity/make_narrow.py")
narrow = importlib.util.module_from_spec(spec)
spec.loader.exec_module(narrow)
unit = narrow.unit


def affine(spacing, codes="RAS", angle=0.0, origin=(-31.25, 17.5, -403.75)):
    """A scan's affine: its axes along these directions, turned about the patient's axis by an angle in degrees."""
    a = np.eye(4)
    a[:3, :3] = 0
    for column, letter in enumerate(codes):
        row = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}[letter]
        a[row, column] = spacing[column] * (-1 if letter in "LPI" else 1)
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    a[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ a[:3, :3]
    a[:3, 3] = origin
    return a


def scan(name, size, a):
    """Made-up intensities from -200 to 300, with a corner of zeros."""
    v = (500 * unit(name, math.prod(size)) - 200).astype(np.float32).reshape(size)
    v[:2, :3, :4] = 0
    return MetaTensor(torch.tensor(v)[None], affine=torch.tensor(a))


def lines(v):
    """Of a volume whose values depend on one axis: those along each axis."""
    return [[round(x, 7) for x in v[axis][tuple(slice(None) if i == axis else 0 for i in range(3))].tolist()] for axis in range(3)]


def grids():
    cases, number = [], 0
    for codes in ["RAS", "LPS", "PIR", "LAI"]:
        for spacing, pixdim in [
            ((0.75, 0.75, 3.0), (1.5, 1.5, 2.0)), ((1.5, 0.8, 0.5), (1.5, 1.5, 1.5)), ((0.7, 0.9, 2.5), (1.4, 1.8, 1.25)), ((3.0, 1.0, 0.9766), (1.5, 1.5, 1.5)),
            ((1.4996, 1.5, 2.001), (1.5, 1.5, 2.0)), ((2.0, 2.0015, 2.0), (2.0, 2.0, 2.0)), ((0.3, 0.45, 0.6), (0.9, 0.9, 0.9)), ((0.5, 0.5, 0.5), (2.0, 1.0, 0.25)),
        ]:
            for angle in (0.0, 7.0):
                number += 1
                size = [9 + (5 * number + 7 * i) % 17 for i in range(3)]
                a = affine(spacing, codes, angle)
                places = torch.tensor(np.stack(np.meshgrid(*[np.arange(n, dtype=np.float64) for n in size], indexing="ij")))
                # The position along an axis becomes a channel, so that what is interpolated is the position itself.
                turn, space = Orientationd("image", "RAS"), Spacingd("image", pixdim, mode="bilinear")
                turned = turn({"image": MetaTensor(torch.zeros([1] + size), affine=torch.tensor(a))})["image"]
                shape = turned.shape[1:]
                grid = torch.tensor(np.stack(np.meshgrid(*[np.arange(n, dtype=np.float64) for n in shape], indexing="ij")))
                resampled = space({"image": MetaTensor(grid.float(), affine=turned.affine)})
                out = resampled["image"]
                entry = {"codes": codes, "affine": a.tolist(), "size": size, "pixdim": pixdim, "shape": list(out.shape[1:]), "forward": lines(out)}
                back = torch.tensor(np.stack(np.meshgrid(*[np.arange(n, dtype=np.float32) for n in out.shape[1:]], indexing="ij")))
                for name, nearest in [("nearest", True), ("linear", False)]:
                    d = {"image": out, "pred": MetaTensor(back.clone(), affine=out.affine)}
                    inverted = Invertd("pred", space, "image", nearest_interp=nearest)(d)["pred"]
                    entry[name] = lines(inverted)
                cases.append(entry)
    # Affines whole: their last bits decide over voxels that lie halfway between two.
    (HERE / "grids.json").write_text(json.dumps({"monai": monai.__version__, "cases": cases}))


def transforms():
    arrays, entries = {}, []
    steps = {
        "range": [ScaleIntensityRanged("image", -57, 164, 0, 1, clip=True)],
        "open": [ScaleIntensityRanged("image", 0, 100, -1, 2)],
        "extremes": [ScaleIntensityd("image", 0, 1), NormalizeIntensityd("image")],
        "nonzero": [NormalizeIntensityd("image", nonzero=True), ScaleIntensityd("image", -1.0, 1.0)],
    }
    settings = [
        ("a", "range", (11, 9, 10), affine((0.8, 0.9, 2.5), "LPS"), (1.5, 1.5, 2.0), "RAS"),
        ("b", "open", (9, 12, 8), affine((3.0, 1.0, 1.2), "PIR", 5.0), (1.5, 1.5, 1.5), "RAS"),
        ("c", "extremes", (10, 8, 9), affine((1.0, 1.0, 1.0), "RAS"), (0.8, 0.8, 0.7), "LPI"),
        ("d", "nonzero", (8, 9, 11), affine((0.75, 0.75, 0.75), "AIL"), (1.5, 1.5, 1.5), "RAS"),
    ]
    for name, kind, size, a, pixdim, codes in settings:
        pre = Compose([Orientationd("image", codes), Spacingd("image", pixdim, mode="bilinear")] + steps[kind])
        data = pre({"image": scan("scan " + name, size, a)})
        image = data["image"]
        arrays[f"{name}.image"] = image.as_tensor()[0].contiguous()
        shape = [3] + list(image.shape[1:])
        logits = (6 * unit("logits " + name, math.prod(shape)) - 3).astype(np.float32).reshape(shape) - np.array([0, 0.5, 1.5], np.float32).reshape(3, 1, 1, 1)
        linear, nearest = Invertd("pred", pre, "image", nearest_interp=False), Invertd("pred", pre, "image", nearest_interp=True)
        soft, decide = Activationsd("pred", softmax=True), AsDiscreted("pred", argmax=True)
        largest = KeepLargestConnectedComponentd("pred", applied_labels=[1, 2])
        joint = KeepLargestConnectedComponentd("pred", independent=False, connectivity=1)
        for rule, post in {
            "probabilities": [soft, linear, decide], "averages": [linear, decide], "nearest": [soft, decide, nearest], "numbers": [decide, linear],
            "cleaned": [decide, largest, nearest], "joint": [decide, joint, nearest],
        }.items():
            d = {"image": image, "pred": MetaTensor(torch.tensor(logits), affine=image.affine)}
            mask = Compose(post)(d)["pred"].as_tensor()[0].numpy()
            # Arrays of the library have the file's last axis first.
            arrays[f"{name}.{rule}"] = torch.tensor(np.rint(mask).astype(np.int8).transpose(2, 1, 0).copy())
        entries.append({"name": name, "steps": kind, "size": size, "affine": a.tolist(), "pixdim": pixdim, "codes": codes, "shape": shape[1:]})
    save_file(arrays, HERE / "transforms.safetensors")
    (HERE / "transforms.json").write_text(json.dumps({"monai": monai.__version__, "cases": entries}))


def windows():
    arrays, entries, starts = {}, [], []
    for size, roi, overlap in [
        ((100, 33, 17), (16, 16, 16), 0.25), ((100, 96, 97), (96, 96, 96), 0.5), ((37, 64, 65), (32, 32, 32), 0.7), ((20, 5, 31), (16, 16, 24), 0.0),
        ((191, 12, 13), (8, 8, 8), 0.9), ((10, 10, 10), (3, 4, 5), 0.8), ((50, 51, 52), (7, 11, 13), 0.33),
    ]:
        padded = [max(s, r) for s, r in zip(size, roi)]
        slices = dense_patch_slices(padded, roi, _get_scan_interval(padded, roi, 3, (overlap,) * 3))
        starts.append({"size": size, "roi": roi, "overlap": overlap, "starts": [sorted({int(s[axis].start) for s in slices}) for axis in range(3)], "count": len(slices)})
    maps = []
    for roi, sigma in [((8, 10, 7), 0.125), ((5, 6, 4), 0.25), ((16, 1, 24), 0.125)]:
        name = "map." + "x".join(map(str, roi))
        arrays[name] = compute_importance_map(roi, "gaussian", sigma)
        maps.append({"name": name, "roi": roi, "sigma": sigma})

    def network(x):
        place = torch.arange(math.prod(x.shape[2:])).reshape(x.shape[2:]).expand(x.shape[0], *x.shape[2:])
        return torch.stack([place % 7 - 2.0, x[:, 0] * (place % 5), 3 * torch.sin(place.float())], 1)

    for name, size, roi, overlap, mode, padding in [
        ("constant", (5, 6, 7), (4, 4, 4), 0.25, "constant", "constant"), ("gaussian", (5, 6, 7), (4, 4, 4), 0.5, "gaussian", "constant"),
        ("zeros", (3, 6, 9), (4, 8, 5), 0.5, "gaussian", "constant"), ("edge", (3, 6, 9), (4, 9, 5), 0.4, "constant", "replicate"),
    ]:
        x = torch.tensor((2 * unit("windows " + name, math.prod(size)) - 1).astype(np.float32).reshape(size))[None, None]
        arrays["averages." + name] = sliding_window_inference(x, roi, 2, network, overlap, mode=mode, padding_mode=padding)[0].contiguous()
        entries.append({"name": name, "size": size, "roi": roi, "overlap": overlap, "mode": mode, "padding": padding})
    save_file(arrays, HERE / "windows.safetensors")
    (HERE / "windows.json").write_text(json.dumps({"monai": monai.__version__, "starts": starts, "maps": maps, "averages": entries}))


def bundle(name, size, a):
    v = np.rint(500 * unit("scan " + name, math.prod(size)) - 200).reshape(size)
    # Smooth, so that structures are more than noise, and empty at one side.
    v = np.rint(torch.nn.functional.avg_pool3d(torch.tensor(v)[None, None], 3, 1, 1, count_include_pad=False)[0, 0].numpy() * 3)
    v[:, :, -3:] = 0
    path = HERE / f"{name}/SCAN.nii.gz"
    nibabel.save(nibabel.Nifti1Image(v.astype(np.int16), a), path)
    parser = ConfigParser()
    parser.read_config(HERE / f"{name}/configs/inference.json")
    parser["device"] = "cpu"
    network = parser.get_parsed_content("network_def").eval()
    narrow.fill(network)
    data = parser.get_parsed_content("preprocessing")({"image": str(path)})
    with torch.no_grad():
        image = data["image"][None].as_tensor()
        inferer = parser.get_parsed_content("inferer")
        logits = inferer(image, network)[0]
        error = (inferer(image.double(), network.double())[0] - logits).norm() / logits.norm()
    data["pred"] = MetaTensor(logits.clone(), affine=data["image"].affine)
    parser["postprocessing"]["transforms"] = [t for t in parser["postprocessing"]["transforms"] if t["_target_"] != "SaveImaged"]
    mask = parser.get_parsed_content("postprocessing")(data)["pred"].as_tensor()[0].numpy()
    save_file(
        {"image": image[0].contiguous(), "logits": logits.contiguous(), "mask": torch.tensor(mask.astype(np.int8).transpose(2, 1, 0).copy())}, HERE / f"{name}/expected.safetensors")
    # A tensor that a network has under several keys is told by the first.
    parameters, shared, first = {}, {}, {}
    for key, tensor in network.state_dict().items():
        owner = first.setdefault(tensor.data_ptr(), key)
        if owner == key:
            parameters[key] = list(tensor.shape)
        else:
            shared[key] = owner
    (HERE / f"{name}/expected.json").write_text(
        json.dumps({"monai": monai.__version__, "float32_relative_error": error.item(), "parameters": parameters, "shared": shared}))
    print(name, list(logits.shape), "labels", np.unique(mask, return_counts=True), "float32 error", error.item())


if __name__ == "__main__":
    grids()
    transforms()
    windows()
    bundle("unetr", (30, 27, 15), affine((1.1, 1.2, 2.5), "LPS"))
    # Turned the other way, MONAI's grid begins a voxel before the scan, by rounding errors in the header.
    bundle("unet", (22, 18, 15), affine((0.75, 1.3, 2.0), "LAS", -4.0))
    bundle("segresnet", (26, 24, 11), affine((1.2, 1.1, 2.2), "RPS"))
    bundle("dynunet", (22, 20, 13), affine((1.3, 1.4, 2.6), "LPI"))
    bundle("swin_unetr", (27, 25, 20), affine((1.4, 1.5, 2.3), "LPS"))
    bundle("swin_unetr_v2", (25, 28, 18), affine((1.3, 1.5, 2.1), "SPL"))
