#!/usr/bin/env python3
"""Times reading a DICOM series and writing a segmentation beside dcm2niix, SimpleITK and dcmqi.

    dicom.py make SERIES FOLDER                # 300 slices by repeating a CT: FOLDER/plain uncompressed, FOLDER/packed as SERIES has them, FOLDER/mask.nii
    dicom.py read FOLDER UNETRPP DCM2NIIX      # the whole process from the series to an uncompressed NIfTI; SimpleITK's reader in a process of its own
    dicom.py write FOLDER UNETRPP DCMQI        # 14 structures as SEG; DCMQI is the program itkimage2segimage

Needs pydicom, numpy, nibabel and SimpleITK. Each figure is the fastest of five runs in turn, with the files in the page cache. Beside whole
processes stand the two readers alone, ours by `unetrpp benchmark --scan`, each the first time in a process of its own.
"""
import glob
import json
import os
import subprocess
import sys
import time

RUNS = 5


def make(source, folder):
    import nibabel
    import numpy as np
    import pydicom
    from pydicom.uid import generate_uid

    for kind in ["packed", "plain"]:
        os.makedirs(f"{folder}/{kind}", exist_ok=True)
        slices = []
        for path in glob.glob(f"{source}/*"):
            try:
                slices.append(pydicom.dcmread(path))
            except pydicom.errors.InvalidDicomError:
                pass
        slices.sort(key=lambda d: float(d.ImagePositionPatient[2]))
        if kind == "plain":
            for one in slices:
                one.decompress(generate_instance_uid=False)
        step = (float(slices[-1].ImagePositionPatient[2]) - float(slices[0].ImagePositionPatient[2])) / (len(slices) - 1)
        first, series, study, frame = float(slices[0].ImagePositionPatient[2]), generate_uid(), generate_uid(), generate_uid()
        for number in range(300):
            # Up and down, so that neighbors look alike.
            turn, index = divmod(number, len(slices))
            one = slices[index if turn % 2 == 0 else len(slices) - 1 - index]
            one.SeriesInstanceUID, one.SOPInstanceUID, one.StudyInstanceUID, one.FrameOfReferenceUID = series, generate_uid(), study, frame
            one.SOPClassUID = one.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
            one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
            one.ImagePositionPatient = [one.ImagePositionPatient[0], one.ImagePositionPatient[1], f"{first + step * number:g}"]
            one.InstanceNumber = number + 1
            one.save_as(f"{folder}/{kind}/{number:04d}.dcm")
    spacing, place = [float(x) for x in slices[0].PixelSpacing], [float(x) for x in slices[0].ImagePositionPatient]
    # Fourteen ellipsoids, about as large and as close as organs.
    mask, random = np.zeros((300, slices[0].Rows, slices[0].Columns), np.uint8), np.random.default_rng(1)
    for label in range(1, 15):
        center, radii = random.uniform([60, 130, 130], [240, 380, 380]), random.uniform([20, 20, 20], [60, 70, 70])
        low, high = np.maximum(center - radii, 0).astype(int), (center + radii + 1).astype(int)
        box = tuple(slice(a, b) for a, b in zip(low, high))
        grid = np.ogrid[box]
        part = mask[box]
        part[sum(((g - c) / r) ** 2 for g, c, r in zip(grid, center, radii)) <= 1] = label
    affine = np.diag([-spacing[1], -spacing[0], step, 1.0])
    affine[:3, 3] = [-place[0], -place[1], first]
    nibabel.save(nibabel.Nifti1Image(mask.T.copy(), affine), f"{folder}/mask.nii")
    code = {"CodeValue": "85756007", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Tissue"}
    segments = [
        {"labelID": n, "SegmentLabel": f"Label {n}", "SegmentDescription": f"Label {n}", "recommendedDisplayRGBValue": [n, 99, 99], "SegmentAlgorithmType": "AUTOMATIC", "SegmentAlgorithmName": "made",
         "SegmentedPropertyCategoryCodeSequence": code, "SegmentedPropertyTypeCodeSequence": code} for n in range(1, 15)]
    header = {"ContentCreatorName": "x", "ClinicalTrialSeriesID": "1", "ClinicalTrialTimePointID": "1", "SeriesDescription": "x", "SeriesNumber": "9",
              "InstanceNumber": "1", "segmentAttributes": [segments]}
    json.dump(header, open(f"{folder}/dcmqi.json", "w"))


def timed(command):
    """Seconds of the process, and its peak of resident memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024, output


def compare(commands):
    """The fastest run of each command, in turn."""
    best = {}
    for _ in range(RUNS):
        for name, command in commands.items():
            run = timed(command)
            best[name] = min(best.get(name, run), run)
    for name, (seconds, peak, output) in best.items():
        print(f"{name:28} {seconds:7.2f} s {peak:7.0f} MB  {output.strip() if name in ['SimpleITK', 'unetrpp benchmark'] else ''}", flush=True)


ITK = """
import SimpleITK, sys, time
start = time.perf_counter()
reader = SimpleITK.ImageSeriesReader()
reader.SetFileNames(reader.GetGDCMSeriesFileNames(sys.argv[1]))
reader.Execute()
print(f"{time.perf_counter() - start:.2f} s in the reader")
"""


def main():
    action, *rest = sys.argv[1:] or ["help"]
    if action == "make":
        make(*rest)
    elif action == "read":
        folder, program, dcm2niix = rest
        for kind in ["plain", "packed"]:
            print(f"# {kind}")
            compare({
                "unetrpp benchmark": [program, "benchmark", "--scan", f"{folder}/{kind}", "--repetitions", "1"],
                "unetrpp scan info": [program, "scan", "info", f"{folder}/{kind}"],
                "unetrpp scan convert": [program, "scan", "convert", f"{folder}/{kind}", f"{folder}/ours.nii", "--force"],
                "dcm2niix": [dcm2niix, "-z", "n", "-b", "n", "-w", "1", "-o", folder, "-f", "theirs", f"{folder}/{kind}"],
                "SimpleITK": [sys.executable, "-c", ITK, f"{folder}/{kind}"],
            })
    elif action == "write":
        folder, program, dcmqi = rest
        compare({
            "unetrpp scan convert, SEG": [program, "scan", "convert", f"{folder}/mask.nii", f"{folder}/ours.seg.dcm", "--reference", f"{folder}/plain", "--force"],
            "unetrpp scan convert, RTSTRUCT": [
                program, "scan", "convert", f"{folder}/mask.nii", f"{folder}/ours.rtstruct.dcm", "--reference", f"{folder}/plain", "--force"],
            "dcmqi": [
                dcmqi, "--inputImageList", f"{folder}/mask.nii", "--inputDICOMDirectory", f"{folder}/plain", "--outputDICOM", f"{folder}/dcmqi.dcm",
                "--inputMetadata", f"{folder}/dcmqi.json"],
        })
        for name in ["ours.seg.dcm", "ours.rtstruct.dcm", "dcmqi.dcm"]:
            print(f"{name:28} {os.path.getsize(f'{folder}/{name}') / 1e6:.1f} MB")
    else:
        sys.exit(__doc__)


main()
