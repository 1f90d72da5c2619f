import Foundation
import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

/// Rules of the format that the fixtures do not reach; the expected numbers are nibabel 5's for the same bytes.
@Suite struct NIfTIRuleTests {
    private func read(_ change: (inout NIfTIBytes) -> Void) throws -> (NIfTIHeader, Volume<Double>) {
        try Fixtures.withTemporaryFolder { folder in
            var file = NIfTIBytes()
            change(&file)
            let url = try file.write("scan.nii", in: folder)
            return (try NIfTI.readHeader(url), try NIfTI.readValues(url))
        }
    }

    @Test func theFirstAxisOfTheFileIsTheLastOfTheArray() throws {
        let (_, volume) = try read { $0.bytes[352 + 1 + 2 * (2 + 3 * 3)] = 99 }  // (i, j, k) = (1, 2, 3)
        #expect(volume.geometry.size == [4, 3, 2])
        #expect(volume.voxels[volume.offset(3, 2, 1)] == 99)
    }

    @Test func slopeAndInterceptScale() throws {
        let (_, volume) = try read {
            $0.set(112, Float(0.1)); $0.set(116, Float(-3))
        }
        // nibabel: float64(float32(0.1)) * 7 - 3
        #expect(volume.voxels[7] == 0.10000000149011612 * 7 - 3)
    }

    @Test(arguments: [0, Float.nan, .infinity, -.infinity])
    func aSlopeThatIsNoneMeansNoScaling(_ slope: Float) throws {
        let (header, volume) = try read {
            $0.set(112, slope); $0.set(116, Float(5))
        }
        #expect(header.scaling == nil)
        #expect(volume.voxels == (0..<24).map(Double.init))
    }

    @Test func sformComesBeforeQformAndBothBeforeSpacing() throws {
        func both(_ file: inout NIfTIBytes) {
            file.set(252, Int16(1))
            file.set(80, Float(2))
            file.set(84, Float(3))
            file.set(88, Float(4))
            file.set(76, Float(-1))  // qfac: k runs backwards
            file.set(256, Float(0.5))
            file.set(260, Float(0.5))
            file.set(264, Float(0.5))
            file.set(268, Float(10))
        }
        #expect(try read(both).0.affine == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
        let qform = try read {
            both(&$0); $0.set(254, Int16(0))
        }.0
        // Quaternion (½, ½, ½, ½) turns x → y → z → x; nibabel gives exactly these numbers.
        #expect(qform.affine == [[0, 0, -4, 10], [2, 0, 0, 0], [0, 3, 0, 0], [0, 0, 0, 1]])
        let neither = try read {
            both(&$0); $0.set(254, Int16(0)); $0.set(252, Int16(0))
        }.0
        #expect(neither.affine == [[-2, 0, 0, 1], [0, 3, 0, -3], [0, 0, 4, -6], [0, 0, 0, 1]])
        // A code the standard does not know counts as 0.
        #expect(
            try read {
                both(&$0); $0.set(254, Int16(9))
            }.0.affine == qform.affine)
    }

    @Test func spacingLosesItsSignAndIsNeverZero() throws {
        let (header, volume) = try read {
            $0.set(80, Float(-2)); $0.set(84, Float(0))
        }
        #expect(header.zooms == [2, 1, 1])
        #expect(volume.geometry.spacing == [1, 1, 2])
        #expect(header.pixdim[1] == -2)  // as stored, for writing
    }

    @Test func axesAfterTheThirdAreChannels() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = try NIfTIBytes(shape: [2, 1, 3, 1, 2]).write("vector.nii", in: folder)
            let scan = try NIfTI.readScan(url)
            #expect(scan.geometry.size == [3, 1, 2])
            #expect(scan.channels == 2)
            #expect(scan.channel(1).voxels == [6, 7, 8, 9, 10, 11])
        }
    }

    @Test func anOffsetOfZeroInASingleFileMeansAfterTheHeader() throws {
        #expect(try read { $0.set(108, Float(0)) }.1.voxels[5] == 5)
    }

    @Test func extensionsBeforeTheVoxelsArePassedOver() throws {
        let (_, volume) = try read { file in
            file.bytes[348] = 1
            file.bytes.insert(contentsOf: [UInt8](repeating: 7, count: 16), at: 352)
            file.set(108, Float(368))
        }
        #expect(volume.voxels == (0..<24).map(Double.init))
    }

    @Test func aGzippedFileMayLackTheEndingAndAPlainOneHaveIt() throws {
        try Fixtures.withTemporaryFolder { folder in
            let gzipped = try NIfTIBytes().write("scan.nii", in: folder, gzip: true)
            let plain = try NIfTIBytes().write("scan.nii.gz", in: folder)
            #expect(try NIfTI.readScan(gzipped).voxels == NIfTI.readScan(plain).voxels)
        }
    }

    @Test func aLinkIsReadAsTheFileItPointsTo() throws {
        try Fixtures.withTemporaryFolder { folder in
            let link = folder.appendingPathComponent("link.nii.gz")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: Fixtures.url("nifti/f32.nii.gz"))
            #expect(try NIfTI.readScan(link).geometry.size == [11, 11, 11])
            let dangling = folder.appendingPathComponent("dangling.nii")
            try FileManager.default.createSymbolicLink(at: dangling, withDestinationURL: folder.appendingPathComponent("gone.nii"))
            let error = #expect(throws: VolumeError.self) { _ = try NIfTI.readScan(dangling) }
            #expect(error!.description.contains("dangling.nii: cannot be opened"))
        }
    }

    @Test func theLargestIntegersAreRoundedAsNumPyRoundsThem() throws {
        let (_, volume) = try read { $0.setVoxels((0..<24).map { Int64.max - $0 }, datatype: 1024) }
        #expect(volume.voxels[0] == 0x1p63)
        let (_, unsigned) = try read { $0.setVoxels((0..<24).map { UInt64.max - $0 }, datatype: 1280) }
        #expect(unsigned.voxels[0] == 0x1p64)
        let (_, signed) = try read { $0.setVoxels((0..<24).map { Int8($0) - 20 }, datatype: 256) }
        #expect(signed.voxels[0] == -20)
    }

    @Test func voxelsThatAreNotFiniteAreCountedNotRefused() throws {
        try Fixtures.withTemporaryFolder { folder in
            var file = NIfTIBytes()
            file.setVoxels((0..<24).map { ($0 == 3 ? Float.nan : $0 == 9 ? -Float.infinity : 1).bitPattern }, datatype: 16)
            let url = try file.write("scan.nii", in: folder)
            #expect(try NIfTI.readScan(url).nonFiniteCount == 2)
        }
    }
}
