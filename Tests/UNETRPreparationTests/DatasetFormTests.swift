import Foundation
import TestSupport
import Testing
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// Folders in the forms that people keep them in, and what is said of those that are nearly so.
struct DatasetFormTests {
    private func withFiles(_ paths: [String], _ description: String? = nil, _ body: (URL) throws -> Void) throws {
        try Fixtures.withTemporaryFolder { root in
            let folder = root.appending(path: "Task 7 Köpfe")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for path in paths {
                let url = folder.appending(path: path)
                try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data().write(to: url)
            }
            if let description { try Data(description.utf8).write(to: folder.appending(path: "dataset.json")) }
            // Paths in errors are those without links.
            try body(folder.standardizedFileURL)
        }
    }

    private func sentence(_ folder: URL) throws -> String { "\(try #require(throws: PreparationError.self) { try Dataset(contentsOf: folder) })" }

    // MARK: nnU-Net v2

    private static let second = #"{"channel_names": {"0": "T1", "1": "T2"}, "labels": {"background": 0, "x": 1}, "file_ending": ".nii.gz""#

    @Test func `A case of nnU-Net v2's list names its files, wherever they lie`() throws {
        try withFiles(["a/t1.nii.gz", "a/t2.nii.gz", "seg/a.nii.gz", "b 1.nii.gz", "b 2.nii.gz", "b seg.nii.gz"]) { folder throws in
            let list = """
                , "dataset": {"second": {"images": ["./b 1.nii.gz", "b 2.nii.gz"], "label": "b seg.nii.gz"},
                "first": {"images": ["\(folder.path)/a/t1.nii.gz", "a/t2.nii.gz"], "label": "seg/a.nii.gz"}}}
                """
            try Data((Self.second + list).utf8).write(to: folder.appending(path: "dataset.json"))
            let dataset = try Dataset(contentsOf: folder)
            #expect(dataset.cases.map(\.name) == ["first", "second"] && dataset.name == "Task 7 Köpfe")
            #expect(dataset.cases[0].imageURLs.map(\.path) == ["\(folder.path)/a/t1.nii.gz", "\(folder.path)/a/t2.nii.gz"])
            #expect(dataset.cases[1].imageURLs.map(\.lastPathComponent) == ["b 1.nii.gz", "b 2.nii.gz"])
            #expect(dataset.cases.map { $0.labelURL?.lastPathComponent } == ["a.nii.gz", "b seg.nii.gz"])
        }
    }

    @Test(arguments: [
        (#"{"images": [], "label": "l.nii.gz"}"#, "has no images or no label"), (#"{"images": ["i.nii.gz"]}"#, "has no images or no label"),
        (#"{"images": "i.nii.gz", "label": "l.nii.gz"}"#, "has no images or no label"), ("3", "has no images or no label"),
    ])
    func `An entry of the list without images or label is named`(entry: String, words: String) throws {
        try withFiles(["i.nii.gz", "l.nii.gz"], Self.second + #", "dataset": {"c 1": \#(entry)}}"#) { folder throws in
            #expect(try sentence(folder) == "\(folder.path)/dataset.json: its dataset entry c 1 \(words)")
        }
    }

    @Test func `A file that a list names and that is not there is told with the case`() throws {
        for (present, missing) in [(["i.nii.gz"], "l.nii.gz"), (["l.nii.gz"], "i.nii.gz")] {
            try withFiles(present, Self.second + #", "dataset": {"c": {"images": ["i.nii.gz"], "label": "l.nii.gz"}}}"#) { folder throws in
                #expect(try sentence(folder) == "\(folder.path)/\(missing) does not exist, but the case c of \(folder.path)/dataset.json needs it")
            }
        }
        try withFiles(["imagesTr/c_0000.nii.gz", "imagesTr/c_0001.nii.gz"], Self.second + "}") { folder throws in
            #expect(try sentence(folder) == "\(folder.path)/labelsTr/c.nii.gz does not exist, but the case c needs it")
        }
        try withFiles(["imagesTr/notes.txt"], Self.second + "}") { folder throws in
            #expect(try sentence(folder) == "\(folder.path) is no data set: it has no training cases")
        }
    }

    // MARK: The Decathlon and nnU-Net v1

    private static func first(_ training: String) -> String {
        #"{"modality": {"0": "MRI"}, "labels": {"0": "background", "1": "x"}, "training": \#(training)}"#
    }

    @Test(arguments: [
        (#"{"image": "a"}"#, "its training is not a list"), ("[3]", "entry 0 of its training list has no image"),
        (#"["imagesTr/a.nii.gz", {"picture": "b"}]"#, "entry 1 of its training list has no image"),
        (#"["imagesTr/a.png"]"#, "its training list names imagesTr/a.png, which is no scan by its name"),
    ])
    func `A training list that is none is refused with the entry`(training: String, problem: String) throws {
        try withFiles(["imagesTr/a.nii.gz", "labelsTr/a.nii.gz"], Self.first(training)) { folder throws in
            #expect(try sentence(folder) == "\(folder.path)/dataset.json: \(problem)")
        }
    }

    @Test func `An image alone finds its labels by its name, and its channels by their numbers`() throws {
        try withFiles(["imagesTr/a_0000.nii.gz", "labelsTr/a.nii.gz"], Self.first(#"["imagesTr/a.nii.gz"]"#)) { folder throws in
            let only = try Dataset(contentsOf: folder).cases[0]
            #expect(only.name == "a" && only.imageURLs.map(\.lastPathComponent) == ["a_0000.nii.gz"] && only.labelURL?.lastPathComponent == "a.nii.gz")
        }
        try withFiles(["imagesTr/a_0000.nii.gz", "labelsTr/a.nii.gz"], Self.first(#"[{"image": "imagesTr/a_0000.nii.gz"}]"#)) { folder throws in
            #expect(try Dataset(contentsOf: folder).cases.map(\.name) == ["a"])
        }
    }

    @Test func `A case that is listed twice is refused`() throws {
        try withFiles(["imagesTr/a.nii.gz", "labelsTr/a.nii.gz"], Self.first(#"["imagesTr/a.nii.gz", "./imagesTr/a.nii.gz"]"#)) { folder throws in
            #expect(try sentence(folder) == "the case a occurs twice; give every case a name of its own")
        }
    }

    @Test func `Test scans are found in their folder, channels together`() throws {
        try withFiles(
            ["imagesTr/a.nii.gz", "labelsTr/a.nii.gz", "imagesTs/q_0000.nii.gz", "imagesTs/q_0001.nii.gz", "imagesTs/p.nii.gz", "imagesTs/z_0003.nii.gz"],
            Self.first(#"["imagesTr/a.nii.gz"]"#)
        ) { folder throws in
            let tests = try Dataset(contentsOf: folder).testCases
            #expect(tests.map(\.name) == ["p", "q", "z_0003"] && tests.map(\.imageURLs.count) == [1, 2, 1] && tests.allSatisfy { $0.labelURL == nil })
        }
    }

    @Test func `Channel numbers with a gap are names of their own`() throws {
        try withFiles(["images/a_0000.nii", "images/a_0002.nii", "labels/a_0000.nii", "labels/a_0002.nii"]) { folder throws in
            #expect(try Dataset(contentsOf: folder).cases.map(\.name) == ["a_0000", "a_0002"])
        }
    }

    // MARK: Plain folders

    @Test func `Plain folders say what keeps them from being a data set`() throws {
        try withFiles(["images/notes.txt", "labels/a.nii"]) { folder throws in
            #expect(try sentence(folder) == "\(folder.path) is no data set: its folder images holds no scans")
        }
        try withFiles(["scans/a.nii.gz", "masks/b.nii.gz"]) { folder throws in
            #expect(try sentence(folder) == "\(folder.path)/masks/a.nii.gz does not exist, but the image a in scans needs it")
        }
        try withFiles(["img/a_0000.nii", "img/a_0001.nii", "img/b.nii", "mask/a.nii", "mask/b.nii"]) { folder throws in
            #expect(try sentence(folder) == "\(folder.path) is no data set: b has 1 channel files and others have 2")
        }
    }

    @Test func `Files of several channels are one case of a plain folder, hidden files none`() throws {
        try withFiles(["image/a_0000.nii", "image/a_0001.nii", "image/.b.nii", "segmentations/a.mha"]) { folder throws in
            let dataset = try Dataset(contentsOf: folder)
            #expect(dataset.channelNames == ["channel 0", "channel 1"] && dataset.cases.map(\.name) == ["a"])
            #expect(dataset.cases[0].labelURL?.lastPathComponent == "a.mha" && dataset.labels.definitions.map(\.name) == ["background"])
        }
    }

    @Test func `Of several data sets below a folder one must be named`() throws {
        try withFiles(["one/images/a.nii", "one/labels/a.nii", "deep/er/two/images/b.nii", "deep/er/two/labels/b.nii"]) { folder throws in
            #expect(Dataset.folders(in: folder).map(\.lastPathComponent) == ["two", "one"])
            #expect(
                try sentence(folder) == "\(folder.path) is no data set: it holds 2 of them; name one: \(folder.path)/deep/er/two, \(folder.path)/one")
            try FileManager.default.removeItem(at: folder.appending(path: "one"))
            #expect(try Dataset(contentsOf: folder).cases.map(\.name) == ["b"])
        }
        // Five levels down is too far.
        try withFiles(["1/2/3/4/5/images/a.nii", "1/2/3/4/5/labels/a.nii"]) { folder in #expect(Dataset.folders(in: folder).isEmpty) }
    }
}
