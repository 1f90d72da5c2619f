import Foundation
import TestSupport
import Testing
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

@Suite struct DatasetTests {
    @Test func `A Decathlon folder is read from its training list`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try touch(
                folder, ["imagesTr/b.nii.gz", "imagesTr/a.nii.gz", "imagesTr/unlisted.nii.gz", "imagesTs/t.nii.gz", "labelsTr/a.nii.gz", "labelsTr/b.nii.gz"])
            try describe(
                folder,
                """
                {"name": "Hippo", "modality": {"0": "MRI"}, "labels": {"0": "background", "2": "Posterior", "1": "Anterior"},
                 "training": [{"image": "./imagesTr/b.nii.gz", "label": "./labelsTr/b.nii.gz"},
                              {"image": "./imagesTr/a.nii.gz", "label": "./labelsTr/a.nii.gz"}], "test": ["./imagesTs/t.nii.gz"]}
                """)
            let dataset = try Dataset(contentsOf: folder)
            #expect(dataset.name == "Hippo")
            #expect(dataset.channelNames == ["MRI"])
            #expect(dataset.labels.definitions.map(\.name) == ["background", "Anterior", "Posterior"])
            #expect(dataset.labels.definitions.map(\.values) == [[0], [1], [2]])
            #expect(dataset.cases.map(\.name) == ["a", "b"])
            #expect(dataset.cases[0].imageURLs.map(\.lastPathComponent) == ["a.nii.gz"])
            #expect(dataset.cases[0].labelURL?.lastPathComponent == "a.nii.gz")
            #expect(dataset.testCases.map(\.name) == ["t"])
        }
    }

    @Test func `An nnU-Net v1 list names cases whose channels are files of their own`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try touch(folder, ["imagesTr/p_1_0000.nii.gz", "imagesTr/p_1_0001.nii.gz", "labelsTr/p_1.nii.gz"])
            try describe(
                folder,
                """
                {"modality": {"1": "T2", "0": "T1"}, "labels": {"0": "background", "1": "x"},
                 "training": [{"image": "./imagesTr/p_1.nii.gz", "label": "./labelsTr/p_1.nii.gz"}]}
                """)
            let dataset = try Dataset(contentsOf: folder)
            #expect(dataset.channelNames == ["T1", "T2"])
            #expect(dataset.cases.map(\.name) == ["p_1"])
            #expect(dataset.cases[0].imageURLs.map(\.lastPathComponent) == ["p_1_0000.nii.gz", "p_1_0001.nii.gz"])
        }
    }

    @Test(arguments: [".nrrd", ".nhdr", ".mha", ".mhd", ".nii"])
    func `An nnU-Net v2 folder may have files of any known format`(ending: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            try touch(folder, ["imagesTr/c_0000\(ending)", "imagesTr/c_0001\(ending)", "imagesTr/other.txt", "labelsTr/c\(ending)"])
            try describe(
                folder, #"{"channel_names": {"0": "T1", "1": "T2"}, "labels": {"background": 0, "x": 1}, "numTraining": 1, "file_ending": "\#(ending)"}"#)
            let dataset = try Dataset(contentsOf: folder)
            #expect(dataset.cases.map(\.name) == ["c"])
            #expect(dataset.cases[0].imageURLs.map(\.lastPathComponent) == ["c_0000\(ending)", "c_0001\(ending)"])
            #expect(dataset.cases[0].labelURL?.lastPathComponent == "c\(ending)")
        }
    }

    @Test func `A file ending that no format has is refused with those that are known`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try touch(folder, ["imagesTr/c_0000.png", "labelsTr/c.png"])
            try describe(folder, #"{"channel_names": {"0": "T1"}, "labels": {"background": 0, "x": 1}, "file_ending": ".png"}"#)
            let error = #expect(throws: PreparationError.self) { _ = try Dataset(contentsOf: folder) }
            #expect(error!.description.contains("its file_ending is .png; known are .nii, .nii.gz"))
        }
    }

    @Test func `Channels in two formats are one scan, and labels in a third lie on it`() throws {
        let urls = ["itk-int16.nrrd", "itk-int16.mha", "itk-labels.nrrd"].map { Fixtures.url("formats/" + $0) }
        let one = DatasetCase(name: "c", imageURLs: Array(urls[..<2]), labelURL: urls[2])
        let scan = try one.readScan(channelNames: ["a", "b"])
        #expect(scan.channels == 2 && scan.geometry.size == [5, 6, 7])
        #expect(scan.channel(0).voxels == scan.channel(1).voxels)
        let labels = try #require(try one.readLabels(on: scan.geometry))
        #expect(labels.voxels == (try VolumeFile.readLabels(urls[2]).voxels))
    }

    @Test func `An nnU-Net v2 folder has regions, a label to ignore and an ending of its own`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try touch(folder, ["imagesTr/c_0000.nii", "imagesTr/c_0001.nii", "labelsTr/c.nii"])
            try describe(
                folder,
                """
                {"channel_names": {"0": "T1", "1": "FLAIR"}, "numTraining": 1, "file_ending": ".nii", "regions_class_order": [1, 2, 3],
                 "labels": {"background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing": 3, "ignore": 4}}
                """)
            let dataset = try Dataset(contentsOf: folder)
            #expect(dataset.labels.definitions.map(\.name) == ["background", "whole tumor", "tumor core", "enhancing"])
            #expect(dataset.labels.ignoreValue == 4)
            #expect(dataset.labels.hasRegions)
            #expect(dataset.labels.outputCount == 3)
            #expect(dataset.labels.decision == .regions(values: [1, 2, 3]))
            #expect(dataset.cases.map(\.imageURLs.count) == [2])
        }
    }

    @Test func `Plain folders of images and labels are paired by name`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try touch(folder, ["Images/x.nii.gz", "Images/y.nii.gz", "LABELS/x.nii.gz", "LABELS/y.nii.gz", "Images/notes.txt"])
            #expect(try Dataset(contentsOf: folder).cases.map(\.name) == ["x", "y"])
            try FileManager.default.removeItem(at: folder.appendingPathComponent("LABELS/y.nii.gz"))
            #expect(throws: PreparationError.self) { try Dataset(contentsOf: folder) }
        }
    }

    @Test(arguments: [
        ("[1, 2]", "not a JSON object"),
        (#"{"labels": {"0": "background"}}"#, "neither modality"),
        (#"{"modality": {"0": "CT", "2": "PET"}, "labels": {"0": "background", "1": "x"}}"#, "without gaps"),
        (#"{"modality": {"0": "CT"}}"#, "no labels"),
        (#"{"modality": {"0": "CT"}, "labels": {"background": 0, "liver": "many"}}"#, "neither a whole number"),
        (#"{"modality": {"0": "CT"}, "labels": {"0": "background"}}"#, "at least one structure"),
        (#"{"modality": {"0": "CT"}, "labels": {"0": "background", "1": "x"}, "training": [{"label": "a"}]}"#, "has no image"),
        (#"{"modality": {"0": "CT"}, "labels": {"0": "background", "1": "x"}, "training": [{"image": "imagesTr/a.nii.gz"}]}"#, "does not exist"),
    ])
    func `A description that makes no sense is refused with the reason`(text: String, reason: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            try describe(folder, text)
            let error = try #require(throws: PreparationError.self) { try Dataset(contentsOf: folder) }
            #expect(error.description.contains(reason), "\(error)")
        }
    }

    @Test func `A folder that is not there and one without data say so`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let empty = try #require(throws: PreparationError.self) { try Dataset(contentsOf: folder) }
            #expect(empty.description.contains("neither a dataset.json, nor folders"))
            let missing = try #require(throws: PreparationError.self) { try Dataset(contentsOf: folder.appendingPathComponent("no")) }
            #expect(missing.description.contains("no such folder"))
        }
    }

    private func touch(_ folder: URL, _ paths: [String]) throws {
        for path in paths {
            let url = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: url)
        }
    }

    private func describe(_ folder: URL, _ text: String) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent("dataset.json"))
    }
}
