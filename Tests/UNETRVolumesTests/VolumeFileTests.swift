import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

@Suite struct VolumeFileTests {
    @Test(arguments: [
        ("case_0000.nii.gz", "case_0000", ".nii.gz"), ("case.nii", "case", ".nii"), ("A.B.NII.GZ", "A.B", ".NII.GZ"), ("old.hdr", "old", ".hdr"),
    ])
    func `A name is a stem and an ending`(name: String, stem: String, ending: String) {
        #expect(VolumeName(name)?.stem == stem)
        #expect(VolumeName(name)?.ending == ending)
    }

    @Test(arguments: ["case.img", "case.txt", ".nii.gz", ".hidden.nii", "nii", "case.nii.gz.tmp"])
    func `Other names, hidden ones and the voxels of a header are no volumes`(name: String) {
        #expect(VolumeName(name) == nil)
    }

    @Test func `A given ending is taken as it is written`() {
        #expect(VolumeName("case.png", ending: ".png")?.stem == "case")
        #expect(VolumeName("case.PNG", ending: ".png") == nil)
        #expect(VolumeName(".png", ending: ".png") == nil)
        #expect(VolumeName(output: "mask.nii")?.stem == "mask")
        #expect(VolumeName(output: "mask.hdr") == nil)
    }

    @Test func `The front door reads and writes what the format itself does`() throws {
        let url = Fixtures.url("nifti/reader/little.nii.gz")
        #expect(try VolumeFile.readValues(url).voxels == NIfTI.readValues(url).voxels)
        #expect(try VolumeFile.readHeader(url) as? NIfTIHeader == NIfTI.readHeader(url))
        #expect(VolumeFile.maskEnding(for: url) == ".nii.gz")
        try Fixtures.withTemporaryFolder { folder in
            let scan = try VolumeFile.readScan(url), header = try NIfTI.readHeader(url)
            let (one, other) = (folder.appendingPathComponent("one.nii"), folder.appendingPathComponent("other.nii"))
            try VolumeFile.write(scan: scan, like: header, to: one)
            try NIfTI.write(scan: scan, like: header, to: other)
            #expect(try Data(contentsOf: one) == Data(contentsOf: other))
        }
    }

    @Test func `A name of no known ending is refused with those that are known`() throws {
        let url = URL(fileURLWithPath: "/nowhere/scan.png")
        let error = #expect(throws: VolumeError.self) { try VolumeFile.readScan(url) }
        #expect(error!.description.hasPrefix("/nowhere/scan.png: the name must end in .nii, .nii.gz, .hdr, .hdr.gz"))
        #expect(throws: VolumeError.unknownExtension(path: url.path, allowed: VolumeFormats.outputEndings)) {
            try VolumeFile.write(labels: LabelMap(geometry: Geometry(size: [1, 1, 1], affine: [], spacing: []), voxels: [0]), to: url)
        }
    }
}
