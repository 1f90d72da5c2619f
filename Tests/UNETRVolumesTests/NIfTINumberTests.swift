import Foundation
import TestSupport
import Testing
import UNETRVolumes

/// Numbers in headers that no scan has.
@Suite struct NIfTINumberTests {
    private func sentence(gzip: Bool = false, _ change: (inout NIfTIBytes) -> Void) throws -> String {
        try Fixtures.withTemporaryFolder { folder in
            var file = NIfTIBytes()
            change(&file)
            let url = try file.write("scan.nii", in: folder, gzip: gzip)
            let error = try #require(throws: VolumeError.self) { _ = try NIfTI.readScan(url) }
            return error.description.replacingOccurrences(of: folder.path + "/", with: "")
        }
    }

    @Test(arguments: [
        (Float(1e30), "1e+30"), (1e20, "1e+20"), (1001, "1001.0"), (9e-5, "9"), (1e-9, "e-"), (-1e30, "-1e+30"), (.leastNonzeroMagnitude, "e-45"),
    ])
    func `A spacing below a tenth of a micrometer or above a meter is refused with value and range`(_ spacing: Float, _ shown: String) throws {
        for axis in 1...3 {
            let message = try sentence { $0.set(76 + 4 * axis, spacing) }
            #expect(message.hasPrefix("scan.nii: header field pixdim[\(axis)] is ") && message.contains(shown), "\(message)")
            #expect(message.contains("but spacing is from 0.0001 to 1000.0 mm"))
        }
    }

    @Test(arguments: [Float(0.00011), 1000, -1, 0])
    func `Spacings inside the range are read, without sign, and 0 as 1`(_ spacing: Float) throws {
        try Fixtures.withTemporaryFolder { folder in
            var file = NIfTIBytes()
            file.set(84, spacing)
            let scan = try NIfTI.readScan(file.write("scan.nii", in: folder))
            #expect(scan.geometry.spacing[1] == (spacing == 0 ? 1 : Double(abs(spacing))))
        }
    }

    @Test func `A position farther than any patient is refused`() throws {
        #expect(try sentence { $0.set(292, Float(1e20)) }.contains("affine row 1 is 1e+20, but positions lie within 1000000000.0 mm"))
    }

    @Test(arguments: [(Float.nan, "nan"), (.infinity, "inf"), (1e30, "1e+30"), (-352, "-352"), (-1e30, "-1e+30")])
    func `An offset that is no number of bytes is shown as it is`(_ offset: Float, _ shown: String) throws {
        #expect(
            try sentence { $0.set(108, offset) }
                == "scan.nii: header field vox_offset is \(shown), but the voxels begin at a whole number of bytes from the file's start; "
                + "write the file again with the program it came from.")
    }

    @Test func `An offset behind the end of the file is not blamed on the voxels`() throws {
        #expect(
            try sentence { $0.set(108, Float(1 << 40)) }.contains(
                "header field vox_offset is 1099511627776, but a file of 376 bytes ends before that byte"))
        #expect(try sentence(gzip: true) { $0.set(108, Float(1 << 40)) }.contains("vox_offset is 1099511627776, but a compressed file of"))
        // 24 bytes of voxels from byte 360 on end at 384.
        #expect(
            try sentence { $0.set(108, Float(360)) }.contains(
                "the header promises 24 bytes of voxels from byte 360 on, but a file of 376 bytes cannot hold them"))
    }

    @Test func `A named pipe is not waited for`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let pipe = folder.appending(path: "scan.nii")
            #expect(mkfifo(pipe.path, 0o600) == 0)
            let error = try #require(throws: VolumeError.self) { _ = try NIfTI.readScan(pipe) }
            #expect(error.description.contains("is a named pipe, not a regular file"))
        }
    }
}
