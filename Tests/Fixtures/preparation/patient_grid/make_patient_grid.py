"""Makes cases.safetensors and cases.json: scans turned to RAS+ by nibabel, resampled by SciPy, and masks on the way back.

Needs numpy, scipy, nibabel, safetensors. The steps are those of TotalSegmentator 2 (`change_spacing` with order 1 and int32 for the scan, order 0
for the mask), written from their description.
"""

import json

import nibabel as nib
import numpy as np
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform
from safetensors.numpy import save_file
from scipy import ndimage

random = np.random.default_rng(7)
arrays, cases = {}, []
for name, codes, size, spacing, target in [
    ("axial", "LPS", (13, 11, 9), (0.8, 0.8, 2.5), (1.5, 1.5, 1.5)),
    ("sagittal", "PIR", (7, 12, 10), (1.0, 1.1, 3.0), (1.5, 1.5, 1.5)),
    ("oblique", "LAS", (9, 8, 10), (1.2, 1.3, 1.4), (3.0, 3.0, 3.0)),
    ("same", "RPS", (6, 5, 7), (1.5, 1.5, 1.5), (1.5, 1.5, 1.5)),
    ("fine", "RAS", (4, 5, 1), (3.0, 3.0, 6.0), (1.5, 1.5, 1.5)),
]:
    letters = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for column, code in enumerate(codes):
        axis, sign = letters[code]
        affine[axis, column] = sign * spacing[column]
    if name == "oblique":
        angle = np.deg2rad(12)
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        affine[:3, :3] = turn @ affine[:3, :3]
    affine[:3, 3] = (-20, 15, 100)
    data = random.integers(-1000, 1000, size).astype(np.float64)
    data[: size[0] // 2] = 100  # sums of constant neighbors, which are cut to whole numbers
    image = nib.Nifti1Image(data, affine)
    turned = nib.as_closest_canonical(image)
    zooms = np.array(turned.header.get_zooms())
    wanted = np.array(target)
    resampled, final = turned.get_fdata(), turned.affine.copy()
    if not np.array_equal(zooms, wanted):
        zoom = zooms / wanted
        resampled = ndimage.zoom(resampled, zoom, mode="nearest", order=1).astype(np.int32)
        for axis in range(3):
            final[:3, axis] /= zoom[axis]
    mask = random.integers(0, 5, resampled.shape).astype(np.uint8)
    back = mask
    if not np.array_equal(zooms, wanted):
        factors = np.array(turned.shape) / np.array(mask.shape)
        back = ndimage.zoom(mask.astype(np.float64), factors, mode="nearest", order=0).astype(np.uint8)
    undo = ornt_transform(axcodes2ornt("RAS"), io_orientation(affine))
    original = nib.Nifti1Image(back, turned.affine).as_reoriented(undo)
    assert original.shape == size
    # [D, H, W] is the file's order backwards.
    arrays[f"{name}.scan"] = np.ascontiguousarray(data.transpose(2, 1, 0).astype(np.float32))
    arrays[f"{name}.resampled"] = np.ascontiguousarray(resampled.transpose(2, 1, 0).astype(np.float32))
    arrays[f"{name}.mask"] = np.ascontiguousarray(mask.transpose(2, 1, 0).astype(np.int16))
    arrays[f"{name}.back"] = np.ascontiguousarray(np.asarray(original.dataobj).transpose(2, 1, 0).astype(np.int16))
    cases.append(
        {"name": name, "affine": affine.tolist(), "spacing": list(spacing), "target": list(target), "size": list(size)[::-1],
         "resampledSize": list(resampled.shape)[::-1], "resampledAffine": final.tolist()}
    )
save_file(arrays, "cases.safetensors")
json.dump(cases, open("cases.json", "w"), indent=1)
