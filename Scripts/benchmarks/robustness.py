#!/usr/bin/env python3
"""Perturbs labeled scans, segments them with `unetrpp segment`, and scores the masks: Dice and the share of warnings by kind and strength.

    robustness.py MODEL DATASET MASKS FOLDER UNETRPP [CASES]

MODEL is a model bundle with a training profile, DATASET a folder with imagesTr and labelsTr (one channel, NIfTI). MASKS is a folder whose files
name the cases, such as the folder `validation` of a training run: cases the model was not trained on. The first CASES of them (12) are taken.
FOLDER gets the perturbed scans, the masks, robustness.csv (one line a case, kind and strength) and robustness.svg.

Needs numpy, nibabel and scipy. The seed is fixed. The labels are moved with the scan and the masks are scored on the perturbed scan's grid.
"""
import csv
import json
import os
import subprocess
import sys

import nibabel
import numpy as np
from scipy import ndimage


def noise(scan, labels, affine, strength, random):
    return scan + random.normal(0, strength * scan.std(), scan.shape), labels, affine


def blur(scan, labels, affine, strength, random):
    return ndimage.gaussian_filter(scan, strength / np.linalg.norm(affine[:3, :3], axis=0)), labels, affine


def bias(scan, labels, affine, strength, random):
    grid = np.meshgrid(*[np.linspace(-1, 1, size) for size in scan.shape], indexing="ij")
    weights = random.uniform(-1, 1, 6)
    field = sum(w * g for w, g in zip(weights, grid)) + sum(w * g * g for w, g in zip(weights[3:], grid))
    field = 2 * (field - field.min()) / (field.max() - field.min()) - 1
    return scan * np.exp(strength * field), labels, affine


def spacing(scan, labels, affine, strength, random):
    return scan, labels, affine @ np.diag([strength, strength, strength, 1])


def rotation(scan, labels, affine, strength, random):
    def turn(volume, order):
        return ndimage.rotate(volume, strength, axes=(1, 2), reshape=False, order=order, mode="nearest" if order else "constant")

    return turn(scan, 1), turn(labels, 0), affine


def slices(scan, labels, affine, strength, random):
    """Thick slices from feet to head: the mean over each slice, and the label that most of it has, so strengths are odd multiples of the spacing."""
    own = np.linalg.norm(affine[:3, 2])
    count, width = max(2, int(scan.shape[2] * own / strength)), max(1, round(strength / own))
    places = (np.arange(count) + 0.5) * strength / own - 0.5

    def means(volume):
        # The filter of an even width is centered half a voxel before the voxel.
        filtered = ndimage.uniform_filter1d(volume, width, axis=2, mode="nearest")
        grid = np.meshgrid(np.arange(scan.shape[0]), np.arange(scan.shape[1]), places + (0 if width % 2 else 0.5), indexing="ij")
        return ndimage.map_coordinates(filtered, grid, order=1, mode="nearest")

    values = np.unique(labels)
    parts = np.stack([means((labels == value).astype(np.float64)) for value in values])
    new = affine.copy()
    new[:3, 3] = affine[:3, 3] + affine[:3, 2] * places[0]
    new[:3, 2] *= strength / own
    return means(scan), values[parts.argmax(axis=0)].astype(np.uint8), new


def crop(scan, labels, affine, strength, random):
    cut = [round((1 - strength) / 2 * size) for size in scan.shape]
    box = tuple(slice(c, size - c) for c, size in zip(cut, scan.shape))
    new = affine.copy()
    new[:3, 3] += affine[:3, :3] @ cut
    return scan[box], labels[box], new


def orientation(scan, labels, affine, strength, random):
    """The voxels stay, the header says something else."""
    columns = {"left-right": None, "x and y": [1, 0, 2], "y and z": [0, 2, 1]}[strength]
    new = affine.copy()
    if columns is None:
        new[:3, 0] *= -1
    else:
        new[:3, :3] = affine[:3, columns]
    return scan, labels, new


# Name, function, strengths, what the strength is.
KINDS = [
    ("none", lambda scan, labels, affine, strength, random: (scan, labels, affine), [""], ""),
    ("noise", noise, [0.1, 0.2, 0.4, 0.8], "SD / SD of the scan"),
    ("blur", blur, [0.5, 1.0, 1.5, 2.0], "SD, mm"),
    ("bias field", bias, [0.2, 0.4, 0.8], "largest log factor"),
    ("spacing error", spacing, [0.8, 0.9, 1.1, 1.2], "factor in the header"),
    ("rotation", rotation, [5, 10, 20], "degrees"),
    ("thick slices", slices, [3, 5], "mm"),
    ("cropped view", crop, [0.9, 0.8, 0.7], "part of each side"),
    ("wrong orientation", orientation, ["left-right", "x and y", "y and z"], "exchanged in the header"),
]


def run(*arguments):
    result = subprocess.run(["nice", "-n", "10", *arguments], stdout=subprocess.PIPE, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {result.returncode}")
    return json.loads(result.stdout)


def measure(model, dataset, names, folder, program):
    rows = []
    for kind, perturb, strengths, _ in KINDS:
        for strength in strengths:
            place = f"{folder}/{kind} {strength}".strip().replace(" ", "_")
            for part in ("scans", "labels"):
                os.makedirs(f"{place}/{part}", exist_ok=True)
            for number, name in enumerate(names):
                scan, labels = (nibabel.load(f"{dataset}/{part}/{name}") for part in ("imagesTr", "labelsTr"))
                random = np.random.default_rng([number, 19])
                voxels, marks, affine = perturb(
                    np.asarray(scan.dataobj, dtype=np.float64), np.asarray(labels.dataobj).astype(np.uint8), scan.affine, strength, random)
                nibabel.save(nibabel.Nifti1Image(voxels.astype(np.float32), affine), f"{place}/scans/{name}")
                nibabel.save(nibabel.Nifti1Image(marks, affine), f"{place}/labels/{name}")
            found = run(program, "segment", f"{place}/scans", "-o", f"{place}/masks", "-m", model, "--threads", "1", "--force", "--json")
            distances = {row["case"]: row.get("trainingDistance") or {} for row in found}
            scores = run(program, "evaluate", f"{place}/masks", f"{place}/labels", "--json")
            for case in scores["cases"]:
                dice = [structure["dice"] for structure in case["classes"].values() if structure.get("dice") is not None]
                distance = distances[case["case"]]
                rows.append(
                    dict(
                        kind=kind, strength=strength, case=case["case"], dice=round(float(np.mean(dice)), 4), distance=distance.get("value"),
                        warned=int("warning" in distance), feature=distance.get("feature", "")))
            print(summary(rows, kind, strength), flush=True)
    return rows


def mean(rows, kind, strength):
    own = [row for row in rows if row["kind"] == kind and row["strength"] == strength]
    return np.mean([row["dice"] for row in own]), np.mean([row["warned"] for row in own]), own


def summary(rows, kind, strength):
    dice, warned, own = mean(rows, kind, strength)
    reasons = [row["feature"] for row in own if row["warned"]]
    reason = max(set(reasons), key=reasons.count) if reasons else ""
    return f"| {kind} | {strength} | {dice:.3f} | {min(row['dice'] for row in own):.3f} | {100 * warned:.0f} % | {reason} |"


def draw(rows, path):
    width, height, columns = 260, 190, 4
    base = mean(rows, "none", "")[0]
    parts = []
    for index, (kind, _, strengths, unit) in enumerate(KINDS[1:]):
        left, top = 20 + index % columns * width, 20 + index // columns * height
        x = [left + 40 + (n + 0.5) * (width - 70) / len(strengths) for n in range(len(strengths))]
        bottom, span = top + 130, 105

        def text(px, py, words, size=11, anchor="middle"):
            parts.append(f'<text x="{px:.1f}" y="{py:.1f}" font-size="{size}" text-anchor="{anchor}">{words}</text>')

        text(left + width / 2, top + 8, f"{kind} ({unit})", 12)
        for value in (0, 0.5, 1):
            y = bottom - span * value
            parts.append(f'<line x1="{left + 40}" x2="{left + width - 30}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
            text(left + 34, y + 4, f"{value:g}", 10, "end")
        points = []
        for px, strength in zip(x, strengths):
            dice, warned, _ = mean(rows, kind, strength)
            parts.append(f'<rect x="{px - 12:.1f}" y="{bottom - span * warned:.1f}" width="24" height="{span * warned:.1f}" fill="#f3c99a"/>')
            points.append((px, bottom - span * dice))
            text(px, bottom + 14, strength, 10)
        parts.append(
            f'<line x1="{left + 40}" x2="{left + width - 30}" y1="{bottom - span * base:.1f}" y2="{bottom - span * base:.1f}" stroke="#1f5fa8" '
            'stroke-dasharray="3 3"/>')
        parts.append(f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}" fill="none" stroke="#1f5fa8" stroke-width="2"/>')
        parts.extend(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="#1f5fa8"/>' for a, b in points)
    total_width, total_height = 20 + columns * width, 40 + -(-(len(KINDS) - 1) // columns) * height
    legend = "blue: mean Dice (dashed: unperturbed scans); orange: share of scans with a warning"
    parts.append(f'<text x="{total_width / 2}" y="{total_height - 14}" font-size="12" text-anchor="middle">{legend}</text>')
    with open(path, "w") as file:
        file.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total_width} {total_height}" font-family="sans-serif" fill="#222">\n'
            f'<rect width="{total_width}" height="{total_height}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")


def main():
    if len(sys.argv) not in (6, 7):
        sys.exit(__doc__)
    model, dataset, masks, folder, program = sys.argv[1:6]
    count = int(sys.argv[6]) if len(sys.argv) == 7 else 12
    names = sorted(name for name in os.listdir(masks) if name.endswith(".nii.gz"))[:count]
    if not names:
        sys.exit(f"{masks} has no masks (*.nii.gz) that name cases")
    os.makedirs(folder, exist_ok=True)
    print("| perturbation | strength | mean Dice | lowest | warnings | most often for |\n|---|---|---|---|---|---|")
    rows = measure(model, dataset, names, folder, program)
    with open(f"{folder}/robustness.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    draw(rows, f"{folder}/robustness.svg")


if __name__ == "__main__":
    main()
