import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

@Suite struct VolumePartWriterTests {
    private let geometry = Geometry(size: [3, 4, 5], affine: [[-1, 0, 0, 2], [0, 1, 0, 3], [0, 0, 2, 4], [0, 0, 0, 1]], spacing: [2, 1, 1])

    @Test func `Parts in any order make the file that is written at once; what is left out is 0`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var scan = Scan(geometry: geometry, channels: 2, voxels: (0..<120).map { Float($0) / 3 })
            let (whole, parts) = (folder.appendingPathComponent("whole.nii"), folder.appendingPathComponent("parts.nii"))
            for index in 40..<50 { scan.voxels[index] = 0 }
            try NIfTI.write(scan: scan, to: whole)
            try NIfTI.writeParts(channels: 2, geometry: geometry, to: parts) { file in
                for range in [50..<120, 0..<13, 13..<40] {
                    try Array(scan.voxels[range]).withUnsafeBufferPointer { try file.write($0, at: range.lowerBound) }
                }
            }
            #expect(try Data(contentsOf: whole) == Data(contentsOf: parts))
        }
    }

    @Test func `A file whose writing stops does not appear, and compressed ones are refused`() throws {
        struct Stop: Error {}
        try Fixtures.withTemporaryFolder { folder in
            #expect(throws: Stop.self) {
                try NIfTI.writeParts(channels: 1, geometry: geometry, to: folder.appendingPathComponent("a.nii")) { _ in throw Stop() }
            }
            #expect(throws: VolumeError.self) {
                try NIfTI.writeParts(channels: 1, geometry: geometry, to: folder.appendingPathComponent("a.nii.gz")) { _ in }
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(left.isEmpty)
        }
    }

    #if os(Linux)
        /// The system's device that is always full.
        @Test(arguments: [true, false])
        func `A full disk is told with path and reason`(compress: Bool) throws {
            let writer = try GzipWriter(path: "/dev/full", compress: compress, shownAs: "mask.nii.gz")
            let error = #expect(throws: VolumeError.self) {
                let noise = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
                try noise.withUnsafeBytes(writer.write)
                try writer.finish()
            }
            #expect(error == .cannotWrite(path: "mask.nii.gz", reason: "No space left on device"))
            #expect(error?.description == "mask.nii.gz: cannot be written (No space left on device); make room or name another place.")
        }
    #endif
}
