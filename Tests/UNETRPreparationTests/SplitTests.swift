import Foundation
import TestSupport
import Testing
import UNETRPlanning
import UNETRPreparation
import UNETRSupport

struct SplitTests {
    private let names = (1...6).flatMap { ["patient\($0)_frame01", "patient\($0)_frame02"] }
    private let apart = (1...10).map { "img\($0 + 1000)" }

    private func split(_ request: SplitRequest, of names: [String], _ folder: URL = URL(fileURLWithPath: "/nowhere"), _ benchmark: Benchmark? = nil) throws
        -> Split
    {
        try Split(request, of: names, folder: folder, benchmark: benchmark)
    }

    private func withFile(_ text: String, named name: String = "mine.json", _ body: (URL) throws -> Void) throws {
        try Fixtures.withTemporaryFolder { folder in
            try FileManager.default.createDirectory(at: folder.appendingPathComponent(name).deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: folder.appendingPathComponent(name))
            try body(folder)
        }
    }

    /// nnU-Net's form: the first validates patient 1, the second tears patient 2.
    private var file: String {
        let first = names.dropFirst(2), second = names.filter { $0 != "patient2_frame01" }
        return """
            [{"train": \(Array(first)), "val": ["patient1_frame02", "patient1_frame01"]}, {"train": \(second), "val": ["patient2_frame01"]}]
            """
    }

    @Test func `Without groups a fold is nnU-Net's and there is nothing to tell`() throws {
        let plain = try split(SplitRequest(fold: "3"), of: apart)
        #expect(try plain.fold == CrossValidation.folds(apart)[3])
        #expect(plain.notes == [] && plain.warnings == [] && plain.origin.groups == [:] && plain.origin.grouping == nil)
    }

    @Test func `Patients in names are kept together, and it is told and recorded`() throws {
        let grouped = try split(SplitRequest(), of: names)
        #expect(try grouped.fold == CrossValidation.folds(CaseGroups(statedBy: names))[0])
        #expect(
            grouped.notes == [
                """
                12 cases are 6 groups by the patients in their names, such as patient1_frame01, patient1_frame02; a group lies on one side of a fold
                """
            ])
        #expect(grouped.origin.grouping == "the patients in their names" && grouped.origin.groups["patient3"] == ["patient3_frame01", "patient3_frame02"])
        let data = try JSONEncoder().encode(grouped.origin)
        #expect(try JSONDecoder().decode(SplitOrigin.self, from: data) == grouped.origin)
    }

    @Test func `No groups can be wished, and then nothing is joined but a warning remains`() throws {
        let plain = try split(SplitRequest(group: "none"), of: names)
        #expect(try plain.fold == CrossValidation.folds(names)[0] && plain.warnings == [])
        let side = try #require(plain.fold.training.first), other = try #require(plain.fold.validation.first)
        let knowing = try plain.knowing(copies: [[side, other]])
        #expect(knowing.fold == plain.fold && knowing.warnings.count == 1)
    }

    @Test func `Copies of a scan come to one side`() throws {
        let plain = try split(SplitRequest(), of: apart)
        let copies = [plain.fold.training[0], plain.fold.validation[0]]
        let knowing = try plain.knowing(copies: [copies])
        #expect(CaseGroups(each: apart).joined(by: [copies]).torn(by: knowing.fold) == [])
        #expect(knowing.origin.groups == [copies.sorted().joined(separator: " + "): copies.sorted()])
        #expect(knowing.origin.grouping == "equal voxels of one scan under several names")
        let all = try split(SplitRequest(fold: "all"), of: apart).knowing(copies: [copies])
        #expect(all.fold.training == apart && all.notes == [])
    }

    @Test func `A file of splits is used, its torn groups are told`() throws {
        try withFile(file) { folder in
            let path = folder.appendingPathComponent("mine.json").path
            let first = try split(SplitRequest(splits: path), of: names)
            #expect(first.fold == Fold(training: Array(names.dropFirst(2)), validation: ["patient1_frame01", "patient1_frame02"]))
            #expect(first.warnings == [] && first.origin.source == "split 0 of \(path)")
            let second = try split(SplitRequest(fold: "1", splits: path), of: names)
            #expect(second.warnings.count == 1 && second.warnings[0].contains("cases of 1 group on both sides: patient2;"))
            #expect(try split(SplitRequest(fold: "1", splits: path), of: names + ["z"]).notes.contains { $0.contains("leaves out 1 case of the data set: z") })
        }
        try withFile(#"{"training": ["img1001"], "validation": ["img1002"]}"#) { folder in
            let one = try split(SplitRequest(splits: folder.appendingPathComponent("mine.json").path), of: apart)
            #expect(one.fold == Fold(training: ["img1001"], validation: ["img1002"]))
        }
    }

    @Test(arguments: ["data/splits_final.json", "data/splits.json", "nnUNet_preprocessed/data/splits_final.json"])
    func `The file that comes with a data set is found, and refused where it tears a patient`(place: String) throws {
        try withFile(file, named: place) { root in
            let folder = root.appendingPathComponent(place.hasPrefix("nnUNet") ? "nnUNet_raw/data" : "data")
            let found = try split(SplitRequest(), of: names, folder)
            #expect(found.fold.validation == ["patient1_frame01", "patient1_frame02"])
            #expect(found.notes.first?.hasPrefix("The cases are divided by split 0 of ") == true)
            #expect { try split(SplitRequest(fold: "1"), of: names, folder) } throws: { "\($0)".contains("on both sides: patient2;") }
            #expect(try split(SplitRequest(fold: "1", splits: "none"), of: names, folder).fold == CrossValidation.folds(CaseGroups(statedBy: names))[1])
            #expect(throws: SplitError.self) { try split(SplitRequest(fold: "2"), of: names, folder) }
        }
    }

    @Test(arguments: [
        ("train", "it is not JSON"), ("[]", "it has no split"), ("[3]", "its split 0 is not an object"), (#"{"val": ["img1001"]}"#, "has no member train"),
        (#"{"train": "img1001", "val": []}"#, "a member train that is not a list of case names"),
        (#"{"train": ["img1001"], "val": [2]}"#, "a member val that is not a list of case names"),
        (#"{"train": ["img1001"], "val": []}"#, "has no case in val"),
        (#"{"train": ["x", "y"], "val": ["img1002"]}"#, "names 2 cases in train that the data set lacks: x, y"),
        (#"{"train": ["img1001", "img1001"], "val": ["img1002"]}"#, "names img1001 more than once in train"),
        (#"{"train": ["img1001", "img1003"], "val": ["img1001"]}"#, "has 1 case on both sides: img1001"),
    ])
    func `Whatever is wrong in a file of splits is told with its place`(text: String, words: String) throws {
        try withFile(text) { folder in
            let path = folder.appendingPathComponent("mine.json").path
            #expect { try split(SplitRequest(splits: path), of: apart) } throws: { "\($0)".hasPrefix(path) && "\($0)".contains(words) }
        }
    }

    @Test func `Folds that are not there are refused`() throws {
        #expect(throws: SplitError.noSuchFold("7", expected: "0 to 4, all or published")) { try split(SplitRequest(fold: "7"), of: apart) }
        #expect(throws: PreparationError.noPublishedSplit(benchmark: nil)) { try split(SplitRequest(fold: "published"), of: apart) }
        #expect(throws: FileError.self) { try split(SplitRequest(splits: "/nowhere/splits.json"), of: apart) }
    }

    @Test func `The published split of ACDC tears no patient`() throws {
        let fold = try #require(CrossValidation.publishedFold(.acdc))
        let published = try split(SplitRequest(fold: "published"), of: fold.training + fold.validation, URL(fileURLWithPath: "/nowhere"), .acdc)
        #expect(published.fold == fold && published.warnings == [])
    }
}
