import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

/// What a scan is said to be, in every format.
@Suite struct ScanReportTests {
    private let geometry = Geometry(size: [2, 3, 4], affine: [[-1.5, 0, 0, 5], [0, -2, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1]], spacing: [3, 2, 1.5])

    @Test(arguments: [("a.nii.gz", "NIfTI"), ("a.nrrd", "NRRD"), ("a.mha", "MetaImage")])
    func `Grid, directions and intensities are told along the file's axes`(_ name: String, _ format: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: name)
            try VolumeFile.write(scan: Scan(geometry: geometry, voxels: (0..<24).map { Float($0) - 3.5 }), to: url)
            let report = try ScanReport(of: url)
            #expect(report.path == url.path && report.format == format && report.size == [4, 3, 2] && report.channels == 1 && report.spacing == [1.5, 2, 3])
            #expect(report.orientation == "LPS" && report.affine == geometry.affine && report.modality == nil && report.series.isEmpty)
            // −3.5 … 19.5: their mean is 8.
            #expect(report.intensities == .init(minimum: -3.5, maximum: 19.5, mean: 8) && report.warnings.isEmpty)
            let header = try ScanReport(of: url, readsVoxels: false)
            #expect(header.intensities == nil && header.size == [4, 3, 2] && header.affine == geometry.affine)
        }
    }

    @Test func `Voxels that are no finite numbers are counted and left out`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "a.nii")
            var voxels = [Float](repeating: 2, count: 24)
            (voxels[0], voxels[1], voxels[2], voxels[3]) = (.nan, .infinity, -.infinity, 24)
            try VolumeFile.write(scan: Scan(geometry: geometry, voxels: voxels), to: url)
            let report = try ScanReport(of: url)
            #expect(report.intensities == .init(minimum: 2, maximum: 24, mean: Double(20 * 2 + 24) / 21))
            #expect(report.warnings == ["3 voxels are not finite numbers"])
            try VolumeFile.write(scan: Scan(geometry: geometry, voxels: voxels.map { _ in .nan }), to: url)
            #expect(try ScanReport(of: url).intensities == nil && ScanReport(of: url).warnings == ["24 voxels are not finite numbers"])
        }
    }

    @Test(arguments: [1, 7, 8, 9, 27, 20_000]) func `Range and mean are those of all voxels, however many there are`(_ count: Int) throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "a.nii"), geometry = Geometry(size: [1, 1, count], affine: geometry.affine, spacing: [3, 2, 1.5])
            // The extremes lie at the end, the smallest in front of the last.
            var voxels = (0..<count).map { Float(($0 * 7) % 13) }
            voxels[count - 1] = 100
            if count > 1 { voxels[count - 2] = -50 }
            try VolumeFile.write(scan: Scan(geometry: geometry, voxels: voxels), to: url)
            let mean = voxels.reduce(0) { $0 + Double($1) } / Double(count)
            #expect(try ScanReport(of: url).intensities == .init(minimum: count > 1 ? -50 : 100, maximum: 100, mean: mean))
        }
    }

    @Test func `Channels are counted, and a singular affine has no directions`() throws {
        try Fixtures.withTemporaryFolder { folder in
            var file = NIfTIBytes(shape: [2, 3, 4, 2])
            for row in 0..<3 { for column in 0..<3 { file.set(280 + 16 * row + 4 * column, Float(1)) } }
            let report = try ScanReport(of: file.write("a.nii", in: folder))
            #expect(report.channels == 2 && report.size == [2, 3, 4] && report.orientation == nil)
            #expect(report.warnings == ["the affine is singular, so directions are unknown"])
            #expect(report.intensities == .init(minimum: 0, maximum: 47, mean: 23.5))
        }
    }

    @Test func `A DICOM study lists its series, and describes the one that is meant`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2, 4], in: folder, series: "1.2.3", prefix: "a") { $1.set(0x0008, 0x103E, "LO", "thin") }
            var object = DICOMFileBytes()
            for element: UInt16 in [0x0010, 0x0011] { object.remove(0x0028, element) }
            object.remove(0x7FE0, 0x0010)
            try object.write("object.dcm", in: folder)
            let report = try ScanReport(of: folder)
            #expect(report.format == "DICOM" && report.size == [4, 3, 3] && report.spacing == [1.5, 2, 2] && report.modality == "CT" && report.channels == 1)
            #expect(report.orientation == "LPS" && report.intensities == .init(minimum: 0, maximum: 35, mean: 17.5))
            #expect(report.warnings == ["1 DICOM file without an image beside the series"])
            let series = ScanReport.Series(
                number: 4, uid: "1.2.3", modality: "CT", description: "thin", images: 3, size: [4, 3, 3], spacing: [1.5, 2, 2], problem: nil)
            #expect(report.series == [series])

            // With a second series, which is none, nobody knows which one is meant; each can be named.
            try DICOMFileBytes.writeStack([0, 2, 5, 7], in: folder, series: "1.2.4", prefix: "b") { $1.set(0x0020, 0x0011, "IS", "5") }
            let both = try ScanReport(of: folder)
            #expect(both.size == nil && both.intensities == nil && both.series.map(\.uid) == ["1.2.3", "1.2.4"] && both.series[1].size == nil)
            #expect(both.series[1].problem?.contains("the slices b1.dcm and b2.dcm are 3.0 mm apart, expected 2.0 mm") == true)
            #expect(both.warnings.count == 2 && both.warnings[1] == both.series[1].problem)
            let study = try DICOMStudy(contentsOf: folder), chosen = try ScanReport(of: study.url(of: study.series("4")))
            #expect(chosen.size == [4, 3, 3] && chosen.intensities == report.intensities)
            #expect(throws: DICOMError.self) { try ScanReport(of: study.url(of: study.series("5"))) }
        }
    }

    @Test func `What is nobody's UID, and slices that were made straight, are told`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2, 4], in: folder) {
                $1.remove(0x0020, 0x000E)
                $1.set(0x0020, 0x0032, "DS", "\(10 - 1.5 * Double($0))\\20\\\(2 * $0)")
            }
            let study = try DICOMStudy(contentsOf: folder), series = try study.series(nil).correctingTilt()
            // atan(1.5 / 2) is 36.87 degrees.
            #expect(
                try ScanReport(of: study.url(of: series)).warnings == [
                    "the series has no UID, so no DICOM object can refer to it",
                    "the slices were pushed sideways by 36.87 degrees; they are moved straight, which resamples them",
                ])
        }
    }

    @Test func `A report is written with the names of its fields, without what is not known`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "a.nii")
            try VolumeFile.write(scan: Scan(geometry: geometry, voxels: [Float](repeating: 1, count: 24)), to: url)
            let json = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(ScanReport(of: url)))
            #expect(
                json.object?.keys.sorted() == ["affine", "channels", "format", "intensities", "orientation", "path", "series", "size", "spacing", "warnings"])
            #expect(json["intensities"] == ["minimum": 1, "maximum": 1, "mean": 1] && json["size"]?.ints == [4, 3, 2] && json["series"] == [])
        }
    }
}
