import Testing
import UNETRVolumes

/// What is said about volumes that cannot be read or written: one sentence each, with place, expectation, finding, and what to do.
@Suite struct VolumeErrorTests {
    @Test(
        arguments: [
            (.cannotOpen(path: "a.nii", reason: "no such file"), "a.nii: cannot be opened (no such file); check that the file is there and may be read."),
            (.cannotWrite(path: "a.nii", reason: "No space left"), "a.nii: cannot be written (No space left); make room or name another place."),
            (
                .unknownExtension(path: "a.png", allowed: [".nii", ".mha"]),
                "a.png: the name must end in .nii, .mha so that its format is known; rename the file."
            ),
            (
                .missingPartner(path: "a.hdr", looked: ["a.img", "a.img.gz"]),
                "a.hdr: its other half is missing; expected one of a.img, a.img.gz in the same folder."
            ),
            (
                .notOfFormat(path: "a.nii", format: "NIfTI", expected: "a NIfTI-1 or NIfTI-2 header", found: "something else"),
                "a.nii: not a NIfTI file; expected a NIfTI-1 or NIfTI-2 header, got something else."
            ),
            (
                .badHeader(path: "a.nii", field: "dim[0]", value: "9", rule: "a volume has 1 to 7 axes"),
                "a.nii: header field dim[0] is 9, but a volume has 1 to 7 axes; write the file again with the program it came from."
            ),
            (
                .unsupportedVoxels(path: "a.nii", type: "rgb24"),
                "a.nii: its voxels are rgb24; only real integers and floats of up to 64 bits can be read; convert the file first."
            ),
            (
                .unsupported(path: "a.nrrd", what: "the encoding 'bzip2'", expected: "raw, gzip or ascii"),
                "a.nrrd: the encoding 'bzip2' cannot be read, expected raw, gzip or ascii; convert the file first."
            ),
            (
                .tooLarge(path: "a.nii", declaredBytes: 240, offset: 352, fileBytes: 376, compressed: false),
                "a.nii: the header promises 240 bytes of voxels from byte 352 on, but a file of 376 bytes cannot hold them; the file is cut off or its header "
                    + "is wrong."
            ),
            (
                .tooLarge(path: "a.nii.gz", declaredBytes: 1 << 40, offset: 352, fileBytes: 99, compressed: true),
                "a.nii.gz: the header promises 1099511627776 bytes of voxels from byte 352 on, but a compressed file of 99 bytes cannot hold them; the file is "
                    + "cut off or its header is wrong."
            ),
            (.truncated(path: "a.nii.gz", expectedBytes: 240, gotBytes: 24), "a.nii.gz: ends after 24 of 240 bytes; copy or download it again."),
            (
                .damaged(path: "a.nii.gz", reason: "incorrect data check"),
                "a.nii.gz: the gzip data is damaged (incorrect data check); copy or download it again."
            ),
            (
                .notANumber(path: "a.nrrd", text: "seven"),
                "a.nrrd: 'seven' stands where a voxel's number is expected; write the file again with the program it came from."
            ),
            (
                .notALabel(path: "a.nii", value: 40000, channel: 0, index: [1, 2, 3]),
                "a.nii: a label map must hold whole numbers from -32768 to 32767, got 40000.0 at voxel (i, j, k) = (1, 2, 3)."
            ),
            (
                .notALabel(path: "a.nii", value: 0.5, channel: 2, index: [0, 0, 0]),
                "a.nii: a label map must hold whole numbers from -32768 to 32767, got 0.5 at voxel (i, j, k) = (0, 0, 0), channel 2."
            ),
            (
                .geometryDiffers(path: "m.nii", difference: "the size differs"),
                "m.nii: the voxels do not lie where the scan's header says: the size differs; write them with the header of their own scan."
            ),
            (.cannotHold(path: "m.mha", format: "MetaImage", what: "2 channels in one file"), "m.mha: MetaImage has no room for 2 channels in one file."),
            (
                .channelsDiffer(index: 1, difference: "the size differs"),
                "Channel file 2 does not lie on the grid of the first: the size differs; resample it to the first one's grid."
            ),
        ] as [(VolumeError, String)])
    func `Volumes`(_ error: VolumeError, _ sentence: String) { #expect(error.description == sentence) }

    @Test(
        arguments: [
            (.notDICOM(files: 0), "holds no files; give the folder of a study"), (.notDICOM(files: 1), "not a DICOM file; give a scan"),
            (.notDICOM(files: 7), "none of 7 files is DICOM; give the folder of a study"),
            (.noImage(objects: 1), "it is DICOM but holds no image; give the folder with the images"),
            (.noImage(objects: 3), "there are 3 DICOM files, but none holds an image; give the folder with the images"),
            (.noObject, "not a DICOM object; give images, segmentations or contours, or a folder with them"),
            (.severalSeries(["4 CT", "5 MR"]), "there are 2 series, expected one: 4 CT; 5 MR; choose one by its number or UID"),
            (.noSuchSeries(choice: "9", present: ["4 CT"]), "no series has the number or UID 9; there are: 4 CT"),
            (.sameNumber(choice: "4", present: ["4 CT", "4 MR"]), "several series have the number 4: 4 CT; 4 MR; choose one by its UID"),
            (
                .truncated(what: "PixelData", expected: 24, found: 20),
                "ends too early: PixelData should have 24 bytes, there are 20; copy it again from where it came"
            ),
            (
                .truncated(what: "PixelData", expected: 24, found: nil),
                "ends too early: PixelData should have 24 bytes, there are fewer; copy it again from where it came"
            ),
            (.malformed(what: "Rows is 0", rule: "an image has some"), "Rows is 0, but an image has some; export it again from where it came"),
            (.unsupported(what: "pixels of 4 bits", expected: "8, 16, 32"), "pixels of 4 bits cannot be read, expected 8, 16, 32; convert it first"),
            (.color(kind: "RGB"), "the pixels are colors (RGB), expected gray values; choose the series it was made from"),
            (
                .damagedPixels(frame: 4, codec: "JPEG-LS", reason: "bad marker"),
                "the JPEG-LS pixels of frame 5 cannot be unpacked (bad marker); copy it again from where it came"
            ),
            (
                .missingLibrary(codec: "JPEG 2000", library: "OpenJPEG", package: "libopenjp2-7"),
                "the pixels are JPEG 2000, for which OpenJPEG is needed; install it (on Debian and Ubuntu the package libopenjp2-7)"
            ),
            (.unpacksTooFar(bytes: 300 << 20), "it unpacks to more than 300 MB, far more than its size; it is damaged or a trap"),
            (.changed, "it changed while it was read; read it again when nobody writes to it"),
            (
                .noGeometry(what: "it has no PixelSpacing"),
                "it has no PixelSpacing, so nobody can tell where the pixels lie; export the series again with its geometry"
            ),
            (
                .orientationsDiffer(file: "b", other: "a"),
                "b has another orientation or pixel spacing than a, expected one for the whole series; take out what does not belong to it"
            ),
            (
                .sizesDiffer(file: "b", found: [4, 2], other: "a", expected: [4, 3]),
                "b has 4 × 2 pixels, expected 4 × 3 as in a; take out what does not belong to the series"
            ),
            (
                .framesOfReferenceDiffer(file: "b", other: "a"),
                "b lies in another frame of reference than a, expected one for the whole series; take out what does not belong to it"
            ),
            (
                .gap(after: "a", before: "b", missing: 1, distance: 4, usual: 2),
                "a slice is missing between a and b, which are 4.0 mm apart, expected 2.0 mm; export the series again"
            ),
            (
                .gap(after: "a", before: "b", missing: 3, distance: 8.00049, usual: 2),
                "3 slices are missing between a and b, which are 8.0 mm apart, expected 2.0 mm; export the series again"
            ),
            (
                .unevenSpacing(after: "a", before: "b", distance: 3.0006, usual: 2),
                "the slices a and b are 3.001 mm apart, expected 2.0 mm as between the others; export a series with even spacing"
            ),
            (
                .tilt(degrees: 12.3456),
                "the slices are pushed sideways by 12.346 degrees (a tilted gantry), expected at most 0.3; have the slices moved straight as they are read, which "
                    + "resamples them, or export the series without the tilt"
            ),
            (.crooked(file: "b", offset: 1), "b lies 1.0 mm beside the line of the other slices; take out what does not belong to the series"),
            (
                .duplicates(file: "b", other: "a", phases: nil, by: nil),
                "b and a lie at one position, expected one slice at each; take out what is there twice"
            ),
            (
                .duplicates(file: "b", other: "a", phases: 3, by: "EchoNumbers"),
                "b and a lie at one position, expected one slice at each; by EchoNumbers the series is 3 volumes: choose one as SERIES/1 to SERIES/3"
            ),
        ] as [(DICOMProblem, String)])
    func `DICOM`(_ problem: DICOMProblem, _ sentence: String) {
        #expect(problem.description == sentence)
        #expect(DICOMError(path: "study", problem: problem).description == "study: \(sentence).")
        #expect(DICOMError(path: "study", file: "a/1.dcm", problem: problem).description == "study: a/1.dcm: \(sentence).")
    }

    @Test(
        arguments: [
            (.noSeries, "there is no DICOM series that an object could be about; give one, or write the mask in another format"),
            (
                .noIdentifier(file: "1.dcm", what: "SOPInstanceUID"),
                "1.dcm has no valid SOPInstanceUID, which an object about the series must name; export the series again with its identifiers"
            ),
            (
                .unreadableText(characterSet: "ISO_IR 999"),
                "the patient's name or number is in the character set 'ISO_IR 999' and cannot be read, so no object can repeat it; export the series again in "
                    + "another character set"
            ),
            (
                .gridDiffers(difference: "the size differs"),
                "the mask does not lie on the grid of the series: the size differs; give the series that the mask was made from"
            ),
            (.severalChannels(3), "the mask has 3 volumes, expected one; give one mask"),
            (.tooLarge(bytes: 5000 << 20), "the object would have 5000 MB of voxels, and a DICOM object can hold 4096 MB; write fewer structures"),
            (.fractionsDiffer(channels: 3, structures: 2), "there are probabilities for 3 structures, expected 2"),
            (
                .notA(expected: "a segmentation (SEG)", found: "a DICOM object of another kind"),
                "it is a DICOM object of another kind, expected a segmentation (SEG)"
            ),
            (
                .malformed(what: "a segment has no number", rule: "every one must have it"),
                "a segment has no number, but every one must have it; export it again from where it came"
            ),
            (
                .contourOffGrid(structure: "liver", distance: 1.23456),
                "a contour of 'liver' lies 1.235 mm from the next slice of the scan; give the scan that it was drawn on"
            ),
            (.framesOffGrid(difference: "d"), "its frames do not lie on the grid of the scan: d; give the scan that it was made from"),
            (.severalObjects(["a.dcm", "b.dcm"]), "it holds several segmentations or structure sets, expected one: 'a.dcm', 'b.dcm'; name one"),
            (.labelsNeeded(present: []), "it has the structures none, and nothing says which labels they are; give labels of these names"),
            (
                .noStructureNamed(wanted: ["liver"], present: (0..<22).map { "s\($0)" }),
                "no structure is called 'liver'; there are " + (0..<20).map { "'s\($0)'" }.joined(separator: ", ") + ", …; give labels of these names"
            ),
        ] as [(DICOMObjectProblem, String)])
    func `DICOM objects`(_ problem: DICOMObjectProblem, _ sentence: String) {
        #expect(problem.description == sentence)
        #expect(DICOMObjectError(path: "mask.dcm", problem: problem).description == "mask.dcm: \(sentence).")
    }

    @Test func `Labels of a file`() {
        #expect("\(LabelProblem.noLabels)" == "it has no field labels that is a table or a list of labels")
        #expect("\(LabelProblem.noName)" == "one of its labels has no name")
        #expect("\(LabelProblem.notNumbers(label: "a"))" == "its label a is neither a whole number nor a list of whole numbers")
    }
}
