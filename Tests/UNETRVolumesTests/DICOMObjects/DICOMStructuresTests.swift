import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

/// Objects that highdicom and pydicom wrote (Tests/Fixtures/dicom-structures), and our own.
@Suite struct DICOMStructuresTests {
    private static func fixture(_ name: String) -> URL { Fixtures.url("dicom-structures/\(name)") }

    private func mask() throws -> LabelMap { try VolumeFile.readLabels(Self.fixture("mask.nii.gz")) }

    private let labels = LabelSet(definitions: [
        LabelDefinition(name: "background", value: 0), LabelDefinition(name: "TUMOR", value: 4), LabelDefinition(name: "left_kidney", value: 5),
        LabelDefinition(name: "liver", value: 6), LabelDefinition(name: "Spleen", value: 7),
    ])

    @Test(arguments: ["binary", "fractional", "fractional_rle", "labelmap", "turned", "contours"])
    func `Objects of others become their mask`(name: String) throws {
        let mask = try mask(), object = try DICOMStructures(contentsOf: Self.fixture("\(name).dcm"))
        #expect(object.names == ["Liver", "Left kidney", "Tumor"])
        #expect(object.seriesUIDs == ["2.25.881000"])
        let filled = try object.labels(on: mask.geometry)
        #expect(filled.labels.voxels == mask.voxels)
        #expect(filled.labelSet.definitions.map(\.name) == ["background", "Liver", "Left kidney", "Tumor"])
        #expect(filled.notes.isEmpty)
        // By name, whatever the case of letters and the signs between them.
        let named = try VolumeFile.readLabels(Self.fixture("\(name).dcm"), on: mask.geometry, as: labels)
        #expect(named.voxels == mask.voxels.map { [0, 6, 5, 4][Int($0)] })
    }

    @Test func `A segmentation on a grid that runs otherwise is put where its frames say`() throws {
        let mask = try mask()
        // i and k exchanged, j counted backward.
        let a = mask.geometry.affine, size = mask.geometry.size
        var affine = [[Double]](repeating: [0, 0, 0, 1], count: 4)
        for row in 0..<3 { affine[row] = [a[row][2], -a[row][1], a[row][0], a[row][3] + a[row][1] * Double(size[1] - 1)] }
        let grid = Geometry(size: [size[2], size[1], size[0]], affine: affine, spacing: [1.5, 2, 2.5])
        for name in ["binary.dcm", "turned.dcm", "contours.dcm"] {
            let filled = try DICOMStructures(contentsOf: Self.fixture(name)).labels(on: grid).labels
            #expect(try filled.placed(on: mask.geometry).voxels == mask.voxels, "\(name)")
        }
    }

    @Test func `What does not lie on the grid is refused`() throws {
        var shifted = try mask().geometry, finer = shifted, smaller = shifted
        shifted.affine[0][3] += 0.3
        finer.affine[0][0] = -1
        smaller.size = [3, 12, 10]
        for grid in [shifted, finer, smaller] {
            let error = #expect(throws: DICOMObjectError.self) { try DICOMStructures(contentsOf: Self.fixture("binary.dcm")).labels(on: grid) }
            #expect(error?.description.contains("its frames do not lie on the grid of the scan") == true)
        }
    }

    @Test(arguments: ObjectMask.all)
    func `Our own segmentations are read back, binary and fractional`(name: String) throws {
        let mask = try ObjectMask(name), geometry = mask.labels.geometry
        try Fixtures.withTemporaryFolder { folder in
            let writer = try DICOMObjectWriter(ObjectSeries(geometry: geometry).reference(in: folder), mask.labelSet), url = folder.appending(path: "a.seg.dcm")
            _ = try writer.writeSegmentation(mask.labels, to: url)
            #expect(try VolumeFile.readLabels(url, on: geometry, as: mask.labelSet).voxels == mask.labels.voxels)
            // Fractions from a file, a slice at a time, are those from memory.
            let file = folder.appending(path: "p.nii"), fractions = [folder.appending(path: "1.dcm"), folder.appending(path: "2.dcm")]
            let values: [Float] = mask.present.flatMap { value -> [Float] in mask.labels.voxels.map { $0 == Int16(value) ? 0.9 : 0.1 } }
            let volume = Volume<Float>(geometry: geometry, channels: mask.present.count, voxels: values)
            try VolumeFile.write(scan: volume, to: file)
            #expect(
                try writer.writeSegmentation(probabilities: volume, of: mask.present, to: fractions[0])
                    == writer.writeSegmentation(probabilities: file, of: mask.present, to: fractions[1]))
            #expect(try Data(contentsOf: fractions[0]) == Data(contentsOf: fractions[1]))
            #expect(try VolumeFile.readLabels(fractions[0], on: geometry, as: mask.labelSet).voxels == mask.labels.voxels)
        }
    }

    @Test func `Where numbers say nothing names are asked for, and several objects in one folder are told`() throws {
        let grid = try mask().geometry
        let error = #expect(throws: DICOMObjectError.self) { try VolumeFile.readLabels(Self.fixture("binary.dcm"), on: grid) }
        #expect(error?.problem == .labelsNeeded(present: ["Liver", "Left kidney", "Tumor"]))
        let wrong = LabelSet(definitions: [LabelDefinition(name: "Heart", value: 1)])
        #expect(throws: DICOMObjectError.self) { try VolumeFile.readLabels(Self.fixture("binary.dcm"), on: grid, as: wrong) }
        let several = #expect(throws: DICOMObjectError.self) { try DICOMStructures(contentsOf: Fixtures.url("dicom-structures")) }
        #expect(several?.description.contains("several segmentations or structure sets, expected one: 'binary.dcm'") == true)
        #expect(!DICOMStructures.recognizes(Fixtures.url("dicom/06b_negative_slope")))
    }

    @Test func `Masks beside the images are no scan`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2, 4], in: folder)
            for name in ["binary.dcm", "fractional.dcm", "contours.dcm"] {
                try FileManager.default.copyItem(at: Self.fixture(name), to: folder.appending(path: "object-\(name)"))
            }
            let study = try DICOMStudy(contentsOf: folder)
            #expect(study.series.map(\.uid) == ["1.2.3"])
            #expect(study.objectCount == 3)
        }
    }

    @Test func `Damaged objects are refused without a crash`() throws {
        let grid = try mask().geometry
        try Fixtures.withTemporaryFolder { folder in
            for name in ["binary.dcm", "fractional_rle.dcm", "labelmap.dcm", "contours.dcm"] {
                let whole = Array(try Data(contentsOf: Self.fixture(name))), url = folder.appending(path: name)
                for step in 0..<400 {
                    var bytes = whole
                    if step.isMultiple(of: 4) {
                        bytes.removeLast(step * whole.count / 500)
                    } else {
                        bytes[132 + (step * 7919) % (whole.count - 132)] &+= UInt8(step % 251 + 1)
                    }
                    try Data(bytes).write(to: url)
                    _ = try? DICOMStructures(contentsOf: url).labels(on: grid)
                }
            }
        }
    }
}
