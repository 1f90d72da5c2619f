import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

@Suite struct DICOMGeometryTests {
    /// The sentence that a stack is refused with.
    private func refusal(_ heights: [Double], _ change: (Int, inout DICOMFileBytes) -> Void = { _, _ in }) throws -> String {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack(heights, in: folder, change)
            let error = #expect(throws: DICOMError.self) { try VolumeFile.readScan(folder) }
            return (error?.description ?? "").replacingOccurrences(of: folder.path, with: "STUDY")
        }
    }

    @Test func `A stack is sorted along its normal and lies where its positions say`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([4, 0, 2], in: folder)
            let scan = try VolumeFile.readScan(folder)
            #expect(scan.geometry.size == [3, 3, 4])
            #expect(scan.geometry.spacing == [2, 2, 1.5])
            #expect(scan.geometry.affine == [[-1.5, 0, 0, -10], [0, -2, 0, -20], [0, 0, 2, 0], [0, 0, 0, 1]])
            #expect(scan.voxels == ([12..<24, 24..<36, 0..<12] as [Range<Int>]).flatMap { $0.map { Float($0) } })
            #expect(VolumeFile.maskEnding(for: folder) == ".nii.gz")
        }
    }

    @Test func `Slope and intercept belong to their slice, in double precision`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2], in: folder) { index, file in
                file.set(0x0028, 0x1053, "DS", index == 0 ? "1" : "0.1")
                file.set(0x0028, 0x1052, "DS", index == 0 ? "-1024" : "0.3")
            }
            let scan = try VolumeFile.readScan(folder)
            #expect(scan.voxels[5] == 5 - 1024)
            #expect(scan.voxels[12 + 5] == Float(17.0 * 0.1 + 0.3))
        }
    }

    @Test func `Whatever is no even stack is refused with a sentence that names the files`() throws {
        #expect(
            try refusal([0, 2, 6, 8])
                == "STUDY: a slice is missing between 1.dcm and 2.dcm, which are 4.0 mm apart, expected 2.0 mm; export the series again.")
        #expect(try refusal([0, 2, 8, 10, 12]).contains("2 slices are missing between 1.dcm and 2.dcm"))
        #expect(
            try refusal([0, 2, 5, 7])
                == "STUDY: the slices 1.dcm and 2.dcm are 3.0 mm apart, expected 2.0 mm as between the others; export a series with even spacing.")
        #expect(try refusal([0, 2, 2, 4]).contains("1.dcm and 2.dcm lie at one position, expected one slice at each; take out what is there twice"))
        let tilted = try refusal([0, 2, 4]) { $1.set(0x0020, 0x0032, "DS", "10\\\(20 + 0.07 * Double($0))\\\(2 * $0)") }
        #expect(tilted.contains("pushed sideways by 2.005 degrees"))
        let crooked = try refusal([0, 2, 4, 6]) { if $0 == 1 { $1.set(0x0020, 0x0032, "DS", "11\\20\\2") } }
        #expect(crooked.contains("1.dcm lies 1.0 mm beside the line"))
        let turned = try refusal([0, 2]) { if $0 == 1 { $1.set(0x0020, 0x0037, "DS", "0.9986\\0.0523\\0\\-0.0523\\0.9986\\0") } }
        #expect(turned.contains("1.dcm has another orientation or pixel spacing than 0.dcm"))
        let larger = try refusal([0, 2]) {
            guard $0 == 1 else { return }
            $1.set(0x0028, 0x0010, "US", short: 2)
        }
        #expect(larger.contains("1.dcm has 4 × 2 pixels, expected 4 × 3 as in 0.dcm"))
        #expect(try refusal([0, 2]) { $1.set(0x0020, 0x0052, "UI", "1.2.\($0)") }.contains("1.dcm lies in another frame of reference than 0.dcm"))
        #expect(try refusal([0, 2]) { $1.remove(0x0020, 0x0032) }.contains("0.dcm: it has no ImagePositionPatient (0020,0032), so nobody can tell"))
        #expect(try refusal([0, 2]) { $1.set(0x0028, 0x0004, "CS", "RGB") }.contains("the pixels are colors (RGB)"))
    }

    @Test func `A little rounding in the positions is none of that`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2.007, 3.995, 6.001], in: folder)
            #expect(abs(try VolumeFile.readScan(folder).geometry.spacing[0] - 6.001 / 3) < 1e-12)
        }
    }

    @Test func `A single slice is a volume of one, as thick as it says`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var file = DICOMFileBytes()
            let one = try VolumeFile.readScan(file.write("one", in: folder))
            #expect(one.geometry.spacing == [1, 2, 1.5])
            file.set(0x0018, 0x0050, "DS", "5")
            let two = try VolumeFile.readScan(file.write("two", in: folder))
            #expect(two.geometry.spacing == [5, 2, 1.5])
        }
    }

    @Test func `Phases of one series are offered and can be chosen`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2, 0, 2], in: folder) { $1.set(0x0020, 0x0012, "IS", $0 < 2 ? "10" : "9") }
            let error = #expect(throws: DICOMError.self) { try VolumeFile.readScan(folder) }
            #expect(error!.description.contains("by AcquisitionNumber the series is 2 volumes: choose one as SERIES/1 to SERIES/2"))
            let study = try DICOMStudy(contentsOf: folder)
            // By number, not by letters: 9 before 10.
            let second = try study.series("4/2")
            #expect(try second.open().scan().voxels == (0..<24).map { Float($0) })
            #expect(try VolumeFile.readScan(study.url(of: second)).voxels == (0..<24).map { Float($0) })
            #expect(throws: DICOMError.self) { try study.series("4/3") }
        }
    }
}
