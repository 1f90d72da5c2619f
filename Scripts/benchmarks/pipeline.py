#!/usr/bin/env python3
"""Times `unetrpp prepare` and `unetrpp restore` beside the scikit-image and SciPy calls of nnU-Net v1, each as a whole process.

    pipeline.py make CT.nii.gz LABELS.nii.gz FOLDER    # enlarge a CT to 512 x 512 x 150 voxels of 0.75 x 0.75 x 3 mm, 13 structures
    pipeline.py prepare FOLDER UNETRPP                 # to 0.76 x 0.76 x 3 mm and to 1.5 mm: time, memory, differences
    pipeline.py export FOLDER UNETRPP                  # 14 classes from 1.5 mm back to the scan (after `prepare`)

Needs numpy, nibabel, scipy and scikit-image. The reference is written down here from its description: planes resized one by one in double
precision, nearest slice along z, one structure after the other; it writes plain arrays, where the original compresses them.
"""
import json
import os
import struct
import subprocess
import sys
import time

import nibabel
import numpy as np
from scipy import ndimage
from skimage.transform import resize

SPACING = [3.0, 0.75, 0.75]
TARGETS = {"0.76": [3.0, 0.76, 0.76], "iso": [1.5, 1.5, 1.5]}
MEAN, DEVIATION, LOW, HIGH = 80.0, 140.0, -800.0, 600.0


def make(ct, labels, folder):
    scan = np.asarray(nibabel.load(ct).dataobj, dtype=np.float32)
    marks = np.asarray(nibabel.load(labels).dataobj).astype(np.int16)
    zoom = [wanted / size for wanted, size in zip((512, 512, 150), scan.shape)]
    scan, marks = ndimage.zoom(scan, zoom, order=1), ndimage.zoom(marks, zoom, order=0)
    counts = np.bincount(marks.ravel())
    counts[0] = 0
    table = np.zeros(len(counts), np.uint8)
    for number, value in enumerate(np.argsort(-counts)[:13]):
        table[value] = number + 1
    affine = np.diag([-0.75, -0.75, 3, 1.0])
    for name, voxels in (("images", np.round(scan).astype(np.int16)), ("labels", table[marks])):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
        nibabel.save(nibabel.Nifti1Image(voxels, affine), f"{folder}/{name}/ct.nii")
    for name, target in TARGETS.items():
        statistics = dict(mean=MEAN, standardDeviation=DEVIATION, median=MEAN, minimum=-1024, maximum=3000, percentile005=LOW, percentile995=HIGH)
        plan = dict(
            version=1, dataset="ct", channelNames=["CT"], targetSpacing=target, patchSize=[64, 128, 128], compatibility="modern",
            labels=[dict(name="background", values=[0])] + [dict(name=f"structure {n}", values=[n]) for n in range(1, 14)],
            normalization=[dict(scheme="CT", useMask=False, statistics=statistics)])
        json.dump(plan, open(f"{folder}/plan-{name}.json", "w"), indent=1)


def resampled(volume, size, plane, is_labels=False):
    """Planes resized by `plane`, then the nearest slice along z."""
    planes = np.stack([plane(slice_) for slice_ in volume])
    if planes.shape[0] == size[0]:
        return planes
    grid = np.mgrid[: size[0], : size[1], : size[2]].astype(float)
    grid[0] = planes.shape[0] / size[0] * (grid[0] + 0.5) - 0.5
    if not is_labels:
        return ndimage.map_coordinates(planes, grid, order=0, mode="nearest")
    out = np.zeros(size, dtype=planes.dtype)
    for value in np.unique(planes):
        out[np.round(ndimage.map_coordinates((planes == value).astype(float), grid, order=0, mode="nearest")) > 0.5] = value
    return out


def resized_labels(plane, size):
    """The label with the largest weight, the smallest of equal ones (the rule of batchgenerators 0.25)."""
    out, best = np.zeros(size, dtype=plane.dtype), np.full(size, -1.0)
    for value in np.unique(plane):
        weight = resize((plane == value).astype(float), size, 1, mode="edge", clip=True, anti_aliasing=False)
        larger = weight > best
        out[larger], best[larger] = value, weight[larger]
    return out


def reference_prepare(folder, name):
    scan = np.asarray(nibabel.load(f"{folder}/images/ct.nii").dataobj).T.astype(np.float32)
    marks = np.asarray(nibabel.load(f"{folder}/labels/ct.nii").dataobj).T.astype(np.float32)
    mask = ndimage.binary_fill_holes(scan != 0)
    box = tuple(slice(axis.min(), axis.max() + 1) for axis in np.where(mask))
    scan, marks = scan[box], marks[box]
    marks[(marks == 0) & ~mask[box]] = -1
    size = np.round(np.array(SPACING) / TARGETS[name] * np.array(scan.shape)).astype(int)
    scan = resampled(
        scan.astype(float), size, lambda plane: resize(plane, size[1:], 3, mode="edge", clip=True, anti_aliasing=False)).astype(np.float32)
    marks = resampled(marks, size, lambda plane: resized_labels(plane, size[1:]), is_labels=True)
    scan = (np.clip(scan, LOW, HIGH) - MEAN) / DEVIATION
    generator = np.random.RandomState(1234)
    for value in range(1, 14):
        places = np.argwhere(marks == value)
        if len(places):
            places[generator.choice(len(places), max(min(10000, len(places)), int(np.ceil(len(places) * 0.01))), replace=False)]
    for path, array in ((f"{folder}/reference-{name}.npy", scan), (f"{folder}/reference-{name}-labels.npy", marks.astype(np.int16))):
        np.save(path, array)
        synchronize(path)


def synchronize(path):
    """Waits until a file is on the disk, as `unetrpp` does with every file it writes."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def reference_export(folder):
    properties = json.load(open(f"{folder}/prepared-iso/ct.json"))
    shape = [14] + properties["size"]
    softmax = np.fromfile(f"{folder}/probabilities.safetensors", np.float32, offset=header_bytes(f"{folder}/probabilities.safetensors")).reshape(shape)
    lower, upper = properties["cropBox"]["lower"], properties["cropBox"]["upper"]
    size = [b - a for a, b in zip(lower, upper)]
    data, out = softmax.astype(float), []
    for output in data:
        plane = lambda slice_: resize(slice_, size[1:], 1, mode="edge", clip=True, anti_aliasing=False)
        out.append(resampled(output, size, plane)[None].astype(np.float32))
    labels = np.zeros(properties["geometry"]["size"], np.uint8)
    labels[tuple(slice(a, b) for a, b in zip(lower, upper))] = np.vstack(out).argmax(0)
    nibabel.save(nibabel.Nifti1Image(labels.T, np.array(properties["geometry"]["affine"])), f"{folder}/reference-mask.nii")
    synchronize(f"{folder}/reference-mask.nii")


def make_probabilities(folder):
    """Soft-max of smooth random fields, so that structures are connected and borders lie everywhere."""
    shape = json.load(open(f"{folder}/prepared-iso/ct.json"))["size"]
    generator = np.random.default_rng(7)
    fields = [
        ndimage.zoom(generator.standard_normal([n // 10 + 2 for n in shape]), [n / (n // 10 + 2) for n in shape], order=1).astype(np.float32)
        for _ in range(14)]
    values = np.exp(3 * np.stack(fields))
    values /= values.sum(0)
    header = json.dumps({"probabilities": dict(dtype="F32", shape=[14] + shape, data_offsets=[0, values.nbytes])}).encode()
    header += b" " * (-len(header) % 8)
    with open(f"{folder}/probabilities.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        values.tofile(file)


def header_bytes(path):
    return 8 + struct.unpack("<Q", open(path, "rb").read(8))[0]


def arrays(path):
    header = json.loads(open(path, "rb").read(header_bytes(path))[8:])
    types = {"F32": np.float32, "I16": np.int16, "I32": np.int32}
    return {
        name: np.fromfile(path, types[entry["dtype"]], int(np.prod(entry["shape"])), offset=header_bytes(path) + entry["data_offsets"][0])
        .reshape(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}


def measured(command):
    """Seconds and peak resident MB of a process."""
    start = time.time()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return time.time() - start, usage.ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)


def compare(title, ours, reference):
    runs = [measured(ours) for _ in range(3)]
    other = measured(reference)
    runs += [measured(ours) for _ in range(2)]
    seconds = sorted(run[0] for run in runs)
    peak = max(run[1] for run in runs)
    print(f"{title}: ours {seconds[2]:.2f} s (5 runs, {seconds[0]:.2f} to {seconds[-1]:.2f}), {peak:.0f} MB; reference {other[0]:.1f} s, "
          f"{other[1]:.0f} MB; {other[0] / seconds[2]:.1f} times, {peak / other[1]:.2f} of the memory", flush=True)


def main():
    action, *rest = sys.argv[1:] or ["help"]
    if action == "make":
        make(*rest)
    elif action == "reference-prepare":
        reference_prepare(*rest)
    elif action == "reference-export":
        reference_export(*rest)
    elif action == "probabilities":
        make_probabilities(*rest)
    elif action == "prepare":
        folder, tool = rest
        # All processes first: what this one holds counts in the peak of those it starts.
        for name in TARGETS:
            compare(
                f"prepare to {TARGETS[name]}", [tool, "prepare", folder, "--plan", f"{folder}/plan-{name}.json", "-o", f"{folder}/prepared-{name}", "--force"],
                [sys.executable, __file__, "reference-prepare", folder, name])
        for name in TARGETS:
            found = arrays(f"{folder}/prepared-{name}/ct.safetensors")
            image, labels = np.load(f"{folder}/reference-{name}.npy"), np.load(f"{folder}/reference-{name}-labels.npy")
            difference = np.abs(found["image"][0] - image).max() / (image.max() - image.min())
            print(f"{TARGETS[name]}: image {image.shape}, largest difference {difference:.1e} of the range; labels differ in "
                  f"{(found['labels'] != labels).sum()} of {labels.size} voxels", flush=True)
    elif action == "export":
        folder, tool = rest
        compare(
            "export of 14 classes", [tool, "restore", f"{folder}/probabilities.safetensors", f"{folder}/prepared-iso/ct.json", "--plan",
                                     f"{folder}/plan-iso.json", "-o", f"{folder}/mask.nii"],
            [sys.executable, __file__, "reference-export", folder])
        ours, reference = (np.asarray(nibabel.load(f"{folder}/{name}.nii").dataobj) for name in ("mask", "reference-mask"))
        print(f"  labels differ in {(ours != reference).sum()} of {ours.size} voxels, {len(np.unique(ours))} labels", flush=True)
    else:
        sys.exit(__doc__)


main()
