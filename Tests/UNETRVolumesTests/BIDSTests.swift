import Foundation
import TestSupport
import Testing
import UNETRVolumes

@Suite struct BIDSTests {
    @Test func `A name is taken apart into entities and suffix`() throws {
        let name = try #require(BIDSName("sub-01_ses-pre_run-2_T1w"))
        #expect(name.entities.map(\.text) == ["sub-01", "ses-pre", "run-2"] && name.suffix == "T1w" && name["ses"] == "pre" && name["acq"] == nil)
        #expect(name.entityText == "sub-01_ses-pre_run-2" && name.text(suffix: "dseg") == "sub-01_ses-pre_run-2_dseg")
    }

    @Test(arguments: [
        "", "T1w", "sub-01", "sub-_T1w", "sub-01__T1w", "sub-01_T1w_", "ses-1_sub-01_T1w", "sub-01_sub-02_T1w", "sub-01_acq_T1w", "sub-a-b_T1w", "sub-0/1_T1w",
        "sub-..__T1w", "sub-.._T1w", "sub-é_T1w", "sub-01_T 1w", "sub-01\u{0}_T1w", "sub-01_" + String(repeating: "a", count: 200),
    ])
    func `What breaks the rules is no name`(_ text: String) { #expect(BIDSName(text) == nil) }

    @Test func `Entities are put where the standard wants them`() throws {
        let name = try #require(BIDSName("sub-01_run-2_res-hi_desc-preproc_T1w"))
        #expect(name.setting("seg", to: "m").setting("space", to: "orig").entityText == "sub-01_run-2_space-orig_seg-m_res-hi_desc-preproc")
        #expect(name.setting("res", to: "lo").removing(["desc", "run"]).entityText == "sub-01_res-lo")
        #expect(name.comes(from: try #require(BIDSName("sub-01_run-2_T2w"))))
        for other in ["sub-01_run-1_T1w", "sub-01_ses-1_T1w"] { #expect(!name.comes(from: try #require(BIDSName(other)))) }
        #expect(BIDSName.label("my model/../2+") == "mymodel2" && BIDSName.label("…") == nil)
    }

    private func make(_ files: [String], in folder: URL, description: String = #"{"Name": "Test", "BIDSVersion": "1.9.0"}"#) throws {
        for file in files {
            let url = folder.appending(path: file)
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: url)
        }
        try Data(description.utf8).write(to: folder.appending(path: "dataset_description.json"))
    }

    @Test func `The images of participants and sessions are found, and nothing else`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try make(
                [
                    "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz", "sub-01/ses-1/anat/sub-01_ses-1_T1w.json", "sub-01/anat/sub-01_T2w.nii",
                    "sub-02/anat/sub-02_T1w.nii.gz", "sub-02/anat/notes.nii.gz", "derivatives/x/sub-02/anat/sub-02_T1w.nii.gz", "code/sub-03_T1w.nii.gz",
                    "sub-02/sub-02_scans.tsv", "sub-02/anat/sub-02_dseg.nii.gz",
                ], in: folder)
            let dataset = try #require(try BIDSFolder(folder))
            #expect(
                dataset.images.map { "\($0.folder) \($0.name.entityText) \($0.name.suffix)" } == [
                    "sub-01/anat sub-01 T2w", "sub-01/ses-1/anat sub-01_ses-1 T1w", "sub-02/anat sub-02 T1w", "sub-02/anat sub-02 dseg",
                ])
            #expect(dataset.scanCounts.map { "\($0.suffix) \($0.count)" } == ["T1w 2", "T2w 1"] && dataset.segmentations.count == 1)
            #expect(try dataset.suffixes([], channels: ["t2W"]) == ["T2w"])
            #expect(try dataset.suffixes(["T1w"], channels: ["MRI"]) == ["T1w"])
            #expect(try dataset.suffixes([], channels: ["T2w", "T1w"]) == ["T2w", "T1w"])
            #expect(throws: BIDSError.suffixNeeded(folder: folder.path, channels: ["MRI"], present: ["T1w (2)", "T2w (1)"])) {
                try dataset.suffixes([], channels: ["MRI"])
            }
            #expect(throws: BIDSError.suffixCount(given: ["T1w", "T1w"], channels: ["a", "b"])) { try dataset.suffixes(["T1w", "T1w"], channels: ["a", "b"]) }
            #expect(throws: BIDSError.noScans(folder: folder.path, suffix: "FLAIR", present: ["T1w (2)", "T2w (1)"])) {
                try dataset.suffixes(["FLAIR"], channels: ["MRI"])
            }
            let mask = try #require(BIDSName("sub-01_ses-1_space-orig_seg-m_dseg"))
            #expect(dataset.scan(of: mask, suffix: "T1w")?.url.lastPathComponent == "sub-01_ses-1_T1w.nii.gz")
            #expect(dataset.scan(of: mask, suffix: "FLAIR") == nil)
        }
    }

    @Test func `A folder with volumes of its own, without participants or without a description is no data set; a broken one is refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            func check(_ name: String, _ files: [String], description: String = #"{"BIDSVersion": "1.9.0"}"#) throws -> BIDSFolder? {
                let place = folder.appending(path: name)
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                try make(files, in: place, description: description)
                return try BIDSFolder(place)
            }
            let none = try [
                check("volumes", ["a.nii", "sub-01/anat/sub-01_T1w.nii"]), check("nobody", ["anat/sub-01_T1w.nii"]), BIDSFolder(folder),
            ]
            #expect(none.compactMap(\.self).isEmpty)
            for description in ["{", "[]", #"{"Name": "x"}"#] {
                #expect(throws: BIDSError.self) { try check("broken", ["sub-01/anat/sub-01_T1w.nii"], description: description) }
            }
            let wrong = folder.appending(path: "moved/sub-01/anat/sub-02_T1w.nii").path
            #expect(throws: BIDSError.misplaced(path: wrong)) { _ = try check("moved", ["sub-01/anat/sub-02_T1w.nii"]) }
            #expect(throws: BIDSError.self) { _ = try check("session", ["sub-01/ses-1/anat/sub-01_T1w.nii"]) }
        }
    }
}
