import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

@Suite struct MaskWriterTests {
    @Test func `A name tells a form and a stem`() {
        #expect(MaskForm(object: "a.seg.dcm") == .dicomSegmentation)
        #expect(MaskForm(object: "A.RTSTRUCT.DCM") == .structureSet)
        for name in ["a.dcm", ".seg.dcm", "a.seg.nrrd", "a.nii.gz"] { #expect(MaskForm(object: name) == nil) }
        for form in MaskForm.allCases { #expect(MaskForm.stem(of: "case 1\(form.ending)") == "case 1") }
        #expect(MaskForm.stem(of: "case.dcm") == nil)
        #expect(MaskForm.stem(of: "folder") == nil)
        #expect(MaskForm(rawValue: "dicom-seg") == .dicomSegmentation)
        for (name, forms) in [
            ("a.nii", [MaskForm.nifti]), ("a.seg.nrrd", [.nrrd]), ("a.mhd", [.mha]), ("a.dcm", [.dicomSegmentation, .structureSet]),
            ("a.rtstruct.dcm", [.structureSet]), ("a", []),
        ] {
            #expect(MaskForm.allCases.filter { $0.fits(name) } == forms)
        }
    }

    @Test func `One mask goes into all forms and comes back from each`() throws {
        let mask = try ObjectMask("small_B")
        try Fixtures.withTemporaryFolder { folder in
            let series = folder.appending(path: "series")
            try FileManager.default.createDirectory(at: series, withIntermediateDirectories: true)
            try ObjectSeries(geometry: mask.labels.geometry).write(to: series)
            let writer = MaskWriter(labels: mask.labelSet, algorithm: DICOMAlgorithm(name: "test", version: "1"), seed: 1)
            let files = MaskForm.allCases.map { MaskFile(folder.appending(path: "case\($0.ending)"), form: $0) }
            #expect(files.map { MaskFile($0.url) } == files)
            #expect(MaskFile(like: series, named: "case", in: folder) == files[3])
            for ending in [".nrrd", ".mha", ".nii.gz"] {
                let scan = folder.appending(path: "scan\(ending)")
                #expect(MaskFile(like: scan, named: "case", in: folder) == MaskFile(folder.appending(path: "case\(ending)")))
            }
            let reference = try DICOMReference(scan: series), header = try VolumeFile.readHeader(series)
            #expect(try writer.write(mask.labels, like: header, reference: reference, to: files) == [])
            for file in files where file.object == nil {
                #expect(try VolumeFile.readLabels(file.url).voxels == mask.labels.voxels)
                #expect(try VolumeFile.readLabels(file.url).geometry.isApproximatelyEqual(to: mask.labels.geometry))
                if !file.url.path.hasSuffix("mha") { #expect(try VolumeFile.readLabelSet(file.url) == mask.labelSet) }
            }
            let contours = folder.appending(path: "case.rtstruct.dcm")
            #expect(DICOMStructures.recognizes(contours))
            #expect(DICOMStructures.recognizes(folder.appending(path: "case.seg.dcm")))
            #expect(!DICOMStructures.recognizes(folder.appending(path: "case.nii.gz")))
            #expect(try VolumeFile.readLabels(contours, on: mask.labels.geometry, as: mask.labelSet).voxels == mask.labels.voxels)
            let error = #expect(throws: DICOMObjectError.self) { try VolumeFile.readLabels(contours, on: mask.labels.geometry) }
            #expect(error?.problem == .labelsNeeded(present: ["Body", "Spleen", "Right kidney"]))

            let empty = LabelMap(geometry: mask.labels.geometry, voxels: [Int16](repeating: 0, count: mask.labels.geometry.count))
            let others = MaskForm.allCases.map { MaskFile(folder.appending(path: "empty\($0.ending)"), form: $0) }
            #expect(try writer.write(empty, like: header, reference: reference, to: others).compactMap(\.object) == [.dicomSegmentation, .structureSet])
            #expect(throws: DICOMObjectError(path: files[3].url.path, problem: .noSeries)) {
                try writer.write(mask.labels, like: header, reference: nil, to: [files[3]])
            }
            let volume = folder.appending(path: "case.nii.gz")
            #expect(throws: DICOMObjectError(path: volume.path, problem: .noSeries)) { try DICOMReference(scan: volume) }
        }
    }

    @Test func `Labels have the definition of their value, also where regions overlap`() {
        let regions = LabelSet(
            definitions: [
                LabelDefinition(name: "background", value: 0), LabelDefinition(name: "whole tumor", values: [1, 2, 3]),
                LabelDefinition(name: "tumor core", values: [2, 3]), LabelDefinition(name: "enhancing tumor", value: 3),
            ], regionOrder: [1, 2, 3])
        #expect((1...3).map { regions.definition(of: $0)?.name } == ["whole tumor", "tumor core", "enhancing tumor"])
        let plain = LabelSet(definitions: [LabelDefinition(name: "background", value: 0), LabelDefinition(name: "a", value: 4)])
        #expect(plain.definition(of: 4)?.name == "a")
        #expect(plain.definition(of: 5) == nil)
    }
}
