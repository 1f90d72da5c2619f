import Foundation
import TestSupport
import Testing
import UNETRInference
import UNETRPreparation
import UNETRVolumes

/// Files and folders that a user names, and the cases they are.
struct NamedScanTests {
    /// Files without content: names are all that is looked at.
    private func withFiles(_ paths: [String], _ body: (URL) throws -> Void) throws {
        try Fixtures.withTemporaryFolder { folder in
            for path in paths {
                let url = folder.appending(path: path)
                try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data().write(to: url)
            }
            try body(folder)
        }
    }

    /// Each case as its name and its files' names.
    private func cases(_ folder: URL, _ names: [String], channels: Int = 1) throws -> [String] {
        try ScanCollection.cases(in: names.map { folder.appending(path: $0) }, channels: channels).map { found in
            "\(found.name): \(found.imageURLs.map(\.lastPathComponent).joined(separator: " "))"
        }
    }

    private func refusal(_ folder: URL, _ names: [String], channels: Int = 1) throws -> ScanCollectionError {
        try #require(throws: ScanCollectionError.self) { try cases(folder, names, channels: channels) }
    }

    @Test func `Files and the scans of folders are cases in the order of their names`() throws {
        try withFiles(["z/b.nii.gz", "z/a 1.nrrd", "z/notes.txt", "z/.hidden.nii", "c.mha", "z/deeper/d.nii"]) { folder throws in
            #expect(try cases(folder, ["z", "c.mha"]) == ["a 1: a 1.nrrd", "b: b.nii.gz", "c: c.mha"])
            #expect(try cases(folder, ["c.mha"]) == ["c: c.mha"])
        }
    }

    @Test func `For one channel _0000 is no part of the name, other numbers are`() throws {
        try withFiles(["a_0000.nii.gz", "patient_0017.nii.gz", "b_000.nii.gz"]) { folder throws in
            #expect(try cases(folder, ["."]) == ["a: a_0000.nii.gz", "b_000: b_000.nii.gz", "patient_0017: patient_0017.nii.gz"])
        }
    }

    @Test func `For several channels the files of one name are one case, in the order of their numbers`() throws {
        try withFiles(["b_0001.nii.gz", "b_0000.nii.gz", "a.nii.gz", "c_0002.nii.gz", "x/b_0002.nii.gz"]) { folder throws in
            let expected = ["a: a.nii.gz", "b: b_0000.nii.gz b_0001.nii.gz b_0002.nii.gz", "c: c_0002.nii.gz"]
            #expect(try cases(folder, [".", "x"], channels: 3) == expected)
            #expect(try cases(folder, ["x/b_0002.nii.gz", "b_0000.nii.gz", "b_0001.nii.gz"], channels: 3) == [expected[1]], "whatever the order of the words")
        }
    }

    @Test func `Two scans that would get one mask are refused with both`() throws {
        try withFiles(["a.nii", "a.nii.gz", "x/b.mha", "y/b.nrrd", "c_0000.nii", "c.mha"]) { folder throws in
            func path(_ name: String) -> String { folder.appending(path: name).path }
            #expect(try refusal(folder, ["a.nii", "a.nii.gz"]) == .sameName(name: "a", first: path("a.nii"), second: path("a.nii.gz")))
            #expect(try refusal(folder, ["x", "y"]) == .sameName(name: "b", first: path("x/b.mha"), second: path("y/b.nrrd")))
            #expect(try refusal(folder, ["c.mha", "c_0000.nii"]) == .sameName(name: "c", first: path("c.mha"), second: path("c_0000.nii")))
            // Of several channels these are two: a file without a number is the first.
            #expect(try refusal(folder, ["c.mha", "c_0000.nii"], channels: 2) == .sameName(name: "c", first: path("c.mha"), second: path("c_0000.nii")))
        }
    }

    @Test func `What is not there, no scan by its name, and a folder of nothing are refused in a sentence`() throws {
        try withFiles(["notes.txt", "empty/readme.md"]) { folder throws in
            let endings = VolumeFormats.endings.joined(separator: ", ")
            #expect(
                "\(try refusal(folder, ["notes.txt"]))"
                    == "\(folder.path)/notes.txt: a scan's name ends in \(endings), or it is a DICOM study (folder, zip archive or file); convert other formats "
                    + "first")
            #expect(try refusal(folder, ["gone.nii"]) == .missing(path: "\(folder.path)/gone.nii"))
            let empty = try refusal(folder, ["empty"])
            #expect(empty == .emptyFolder(path: "\(folder.path)/empty") && "\(empty)".hasPrefix("\(folder.path)/empty: the folder holds no scans"))
        }
    }
}
