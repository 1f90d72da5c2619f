import Foundation
import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

@Suite struct NIfTIWritingTests {
    private static let places = [
        "minimal.hdr", "minimal_extended_hdr.nii", "27/int64.nii", "reader/5D_small.nii", "reader/big.nii.gz",
        "reader/little.nii.gz", "f32.nii.gz",
    ]

    /// A label map on the grid of a header, with labels 0, 1, 2, 0, 1, 2, …
    private func labels(_ header: NIfTIHeader, scale: Int16 = 1) -> LabelMap {
        Volume(geometry: header.geometry, voxels: (0..<header.geometry.count).map { Int16($0 % 3) * scale })
    }

    @Test(arguments: places, [".nii", ".nii.gz"])
    func aMaskLiesWhereItsScanLies(_ place: String, _ ending: String) throws {
        let scan = try NIfTI.readHeader(Fixtures.url("nifti/" + place))
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("mask" + ending)
            let mask = labels(scan)
            try NIfTI.write(labels: mask, like: scan, to: url)
            let header = try NIfTI.readHeader(url)
            #expect(header.affine == scan.affine)
            #expect(header.geometry == scan.geometry)
            #expect(header.pixdim.map(\.bitPattern) == scan.pixdim.map(\.bitPattern))
            #expect(header.srow == scan.srow)
            #expect(header.quaternion == scan.quaternion)
            #expect(header.qoffset == scan.qoffset)
            #expect(header.sformCode == scan.sformCode)
            #expect(header.qformCode == scan.qformCode)
            #expect(header.units == scan.units)
            #expect(header.version == scan.version)
            #expect(header.datatype == .uint8)
            #expect(header.scaling?.slope == 1)
            #expect(header.shape == Array(scan.shape.prefix(3)))
            #expect(try NIfTI.readLabels(url).voxels == mask.voxels)
            let first = try Data(contentsOf: url).prefix(2)
            #expect((Array(first) == [0x1F, 0x8B]) == (ending == ".nii.gz"))
        }
    }

    @Test func nifti2StaysNifti2AndKeepsDoubles() throws {
        var scan = try NIfTI.readHeader(Fixtures.url("nifti/reader/air2.hdr.gz"))
        #expect(scan.version == .two)
        scan.srow[0][3] = 0.1  // not a float32
        scan.dim = [3, 2, 3, 4, 1, 1, 1, 1]
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("mask.nii")
            try NIfTI.write(labels: labels(scan), like: scan, to: url)
            let header = try NIfTI.readHeader(url)
            #expect(header.version == .two)
            #expect(header.srow[0][3] == 0.1)
            #expect(header.affine == scan.affine)
            #expect(try Data(contentsOf: url).count == 544 + 24)
        }
    }

    @Test func labelsThatAByteCannotHoldAreWrittenAsInt16() throws {
        let scan = try NIfTI.readHeader(Fixtures.url("nifti/27/int16.nii"))
        try Fixtures.withTemporaryFolder { folder in
            for scale: Int16 in [-1, 128] {
                let url = folder.appendingPathComponent("mask\(scale).nii.gz")
                let mask = labels(scan, scale: scale)
                try NIfTI.write(labels: mask, like: scan, to: url)
                #expect(try NIfTI.readHeader(url).datatype == .int16)
                #expect(try NIfTI.readLabels(url).voxels == mask.voxels)
            }
        }
    }

    @Test func aScanComesBackToTheBit() throws {
        try Fixtures.withTemporaryFolder { folder in
            let source = Fixtures.url("nifti/reader/5D_small.nii")
            let scan = try NIfTI.readScan(source)
            let url = folder.appendingPathComponent("copy.nii.gz")
            try NIfTI.write(scan: scan, like: try NIfTI.readHeader(source), to: url)
            let copy = try NIfTI.readScan(url)
            #expect(copy.voxels == scan.voxels)
            #expect(copy.channels == 3)
            #expect(copy.geometry == scan.geometry)
            #expect(try NIfTI.readHeader(url).shape == [1, 2, 3, 3])
        }
    }

    @Test func withoutAHeaderTheGeometryMakesOne() throws {
        // Exact in float32, left-handed, oblique.
        let geometry = Geometry(
            size: [4, 3, 2], affine: [[0, -1.5, 0, 10.25], [0, 0, 2, -3], [-0.5, 0, 0, 7], [0, 0, 0, 1]], spacing: [2, 1.5, 0.5])
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("made.nii")
            let scan = Scan(geometry: geometry, channels: 2, voxels: (0..<48).map { Float($0) / 7 })
            try NIfTI.write(scan: scan, to: url)
            let header = try NIfTI.readHeader(url)
            #expect(header.geometry == geometry)
            #expect(header.sformCode == 2)
            #expect(header.qformCode == 0)
            #expect(header.units == 2)
            #expect(header.shape == [2, 3, 4, 2])
            #expect(try NIfTI.readScan(url).voxels == scan.voxels)
        }
    }

    @Test func anAxisTooLongForNifti1MakesNifti2() throws {
        let geometry = Geometry(
            size: [1, 1, 40000], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("long.nii.gz")
            let mask = LabelMap(geometry: geometry, voxels: (0..<40000).map { Int16($0 % 2) })
            try NIfTI.write(labels: mask, to: url)
            #expect(try NIfTI.readHeader(url).version == .two)
            #expect(try NIfTI.readLabels(url).voxels == mask.voxels)
        }
    }

    @Test func theSameVoxelsGiveTheSameFile() throws {
        let scan = try NIfTI.readHeader(Fixtures.url("nifti/27/int16.nii"))
        try Fixtures.withTemporaryFolder { folder in
            let urls = ["a.nii.gz", "b.nii.gz"].map(folder.appendingPathComponent)
            for url in urls { try NIfTI.write(labels: labels(scan), like: scan, to: url) }
            let (first, second) = (try Data(contentsOf: urls[0]), try Data(contentsOf: urls[1]))
            #expect(first == second)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(files.count == 2)
        }
    }

    @Test func voxelsOfAnotherGridAreRefused() throws {
        let scan = try NIfTI.readHeader(Fixtures.url("nifti/27/int16.nii"))
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("mask.nii")
            var moved = labels(scan)
            moved.geometry.affine[1][3] += 0.5
            let error = #expect(throws: VolumeError.self) { try NIfTI.write(labels: moved, like: scan, to: url) }
            #expect(error!.description.contains("affine's row 2 is [0.0, 1.0, 0.0, 0.5], expected [0.0, 1.0, 0.0, 0.0]"))
            #expect(throws: VolumeError.unknownExtension(path: folder.path + "/mask.hdr", allowed: [".nii", ".nii.gz"])) {
                try NIfTI.write(labels: labels(scan), like: scan, to: folder.appendingPathComponent("mask.hdr"))
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left == [])
        }
    }
}
