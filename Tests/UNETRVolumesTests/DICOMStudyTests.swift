import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRArchives
@testable import UNETRVolumes

@Suite struct DICOMStudyTests {
    @Test func `Series are found in nested folders beside other files, and chosen by number or UID`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2], in: folder, series: "1.1", prefix: "a/b/")
            try DICOMFileBytes.writeStack([0, 3, 6], in: folder, series: "1.2", prefix: "c/") { $1.set(0x0020, 0x0011, "IS", "7") }
            try Data("a report".utf8).write(to: folder.appending(path: "report.txt"))
            try Data().write(to: folder.appending(path: "empty"))
            let study = try DICOMStudy(contentsOf: folder)
            #expect(study.series.map(\.number) == [4, 7])
            #expect(study.series.map(\.summary) == ["4 CT, 4×3×2 voxels of 1.5×2.0×2.0 mm, UID 1.1", "7 CT, 4×3×3 voxels of 1.5×2.0×3.0 mm, UID 1.2"])
            let error = #expect(throws: DICOMError.self) { try VolumeFile.readScan(folder) }
            #expect(error!.problem == .severalSeries(study.series.map(\.summary)))
            #expect(try study.series("7").uid == "1.2")
            #expect(try study.series("1.1").order.map(\.file) == ["a/b/0.dcm", "a/b/1.dcm"])
            let absent = #expect(throws: DICOMError.self) { try study.series("9") }
            #expect(absent!.description.contains("no series has the number or UID 9; there are: 4 CT, 4×3×2 voxels"))
            #expect(try VolumeFile.readScan(study.url(of: study.series("7"))).geometry.size == [3, 3, 4])
        }
    }

    @Test func `A series of the wanted modality is preferred, and localizers are never meant`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2], in: folder, series: "1.1", prefix: "a") { $1.set(0x0008, 0x0060, "CS", "PT") }
            try DICOMFileBytes.writeStack([0, 2], in: folder, series: "1.2", prefix: "b") { $1.set(0x0008, 0x0008, "CS", "ORIGINAL\\PRIMARY\\LOCALIZER") }
            try DICOMFileBytes.writeStack([0, 2], in: folder, series: "1.3", prefix: "c")
            let study = try DICOMStudy(contentsOf: folder)
            #expect(throws: DICOMError.self) { try study.series(nil) }
            #expect(try study.series(nil, modalities: ["CT"]).uid == "1.3")
            #expect(try study.series(nil, modalities: ["PT", "NM"]).uid == "1.1")
            #expect(throws: DICOMError.self) { try study.series(nil, modalities: ["MR"]) }
        }
    }

    @Test func `An archive is read like its folder`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([2, 0], in: folder.appending(path: "study"))
            let archive = folder.appending(path: "study.zip")
            let writer = ZipWriter(try OutputFile(archive))
            for name in ["0.dcm", "1.dcm"] {
                try writer.write("inner/" + name, StoredBytes(Array(Data(contentsOf: folder.appending(path: "study/" + name)))))
            }
            try writer.finish()
            let (inside, outside) = (try VolumeFile.readScan(archive), try VolumeFile.readScan(folder.appending(path: "study")))
            #expect(inside.voxels == outside.voxels)
            #expect(inside.geometry == outside.geometry)
        }
    }

    @Test func `A file that is there twice counts once, one that claims the same name does not`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2], in: folder)
            try FileManager.default.copyItem(at: folder.appending(path: "1.dcm"), to: folder.appending(path: "copy.dcm"))
            #expect(try VolumeFile.readScan(folder).geometry.size == [2, 3, 4])
            var other = DICOMFileBytes(z: 2, first: 99, instance: "1.2.3.1")
            other.set(0x0008, 0x0018, "UI", "1.2.3.4.1.2.3.1")
            try other.write("other.dcm", in: folder)
            let error = #expect(throws: DICOMError.self) { try VolumeFile.readScan(folder) }
            #expect(error!.description.contains("lie at one position"))
        }
    }

    @Test func `A folder without images, a missing one and a file of something else are refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let empty = #expect(throws: DICOMError.self) { try VolumeFile.readScan(folder) }
            #expect(empty!.description == "\(folder.path): holds no files; give the folder of a study.")
            try Data("text".utf8).write(to: folder.appending(path: "a.txt"))
            try Data("text".utf8).write(to: folder.appending(path: "b.txt"))
            let text = #expect(throws: DICOMError.self) { try VolumeFile.readScan(folder) }
            #expect(text!.description.contains("none of 2 files is DICOM"))
            #expect(throws: VolumeError.self) { try VolumeFile.readScan(folder.appending(path: "a.txt")) }
            #expect(throws: VolumeError.self) { try VolumeFile.readScan(folder.appending(path: "none")) }
            var report = DICOMFileBytes()
            for element: UInt16 in [0x0010, 0x0011] { report.remove(0x0028, element) }
            report.remove(0x7FE0, 0x0010)
            try report.write("report.dcm", in: folder)
            let object = #expect(throws: DICOMError.self) { try VolumeFile.readScan(folder) }
            #expect(object!.problem == .noImage(objects: 1))
        }
    }

    @Test func `Files that change between header and voxels are noticed`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2], in: folder)
            let reader = try DICOMStudy(contentsOf: folder).series(nil).open()
            try DICOMFileBytes(z: 2, first: 500, instance: "x").write("1.dcm", in: folder)
            let error = #expect(throws: DICOMError.self) { try reader.scan() }
            #expect(error == DICOMError(path: folder.path, file: "1.dcm", problem: .changed))
        }
    }

    @Test func `Files that change before an object about them is made are noticed`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let geometry = Geometry(size: [3, 4, 5], affine: [[-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]], spacing: [2, 1, 1])
            try ObjectSeries(geometry: geometry).write(to: folder)
            let series = try DICOMStudy(contentsOf: folder).series(nil), file = folder.appending(path: "999.dcm")
            try (Data(contentsOf: file) + Data([0, 0])).write(to: file)
            let error = #expect(throws: DICOMError.self) { try DICOMReference(series) }
            #expect(error == DICOMError(path: folder.path, file: "999.dcm", problem: .changed))
        }
    }

    @Test func `A series of 5,000 slices is read, and refused where one is missing`() throws {
        try Fixtures.withTemporaryFolder { folder in
            for index in 0..<5000 {
                try DICOMFileBytes(z: Double(index) * 0.5, first: Int16(index % 3000), instance: "\(index)").write("\(4999 - index)", in: folder)
            }
            let scan = try VolumeFile.readScan(folder)
            #expect(scan.geometry.size == [5000, 3, 4])
            #expect(scan.geometry.spacing == [0.5, 2, 1.5])
            #expect((0..<5000).allSatisfy { scan.voxels[12 * $0 + 7] == Float($0 % 3000 + 7) })
            try FileManager.default.removeItem(at: folder.appending(path: "1234"))
            let error = #expect(throws: DICOMError.self) { try VolumeFile.readHeader(folder) }
            #expect(error?.description.contains("a slice is missing between 1235 and 1233") == true)
        }
    }

    @Test func `A damaged file is not left out silently`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2, 4], in: folder)
            let last = folder.appending(path: "2.dcm")
            let whole = try Data(contentsOf: last)
            // In its pixels, in its header, and before it says its series.
            for count in [whole.count - 3, whole.count - 100, 200] {
                try whole.prefix(count).write(to: last)
                let error = #expect(throws: DICOMError.self, "\(count) bytes") { try VolumeFile.readScan(folder) }
                #expect(error?.file == "2.dcm", "\(count) bytes: \(error?.description ?? "")")
                #expect(DICOMCase.words(for: error!) == ["truncated"])
            }
        }
    }
}
