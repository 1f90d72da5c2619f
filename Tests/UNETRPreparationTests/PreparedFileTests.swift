import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRSupport
import UNETRVolumes

@testable import UNETRPlanning
@testable import UNETRPreparation

/// The two files of a prepared case, and what is said of those that were changed or cut off.
struct PreparedFileTests {
    private static let geometry = Geometry(
        size: [3, 3, 3], affine: (0..<4).map { row in (0..<4).map { row == $0 ? 1 : 0 } }, spacing: [1, 1, 1])

    private static let properties = CaseProperties(
        name: "c", geometry: geometry, channels: 1, cropBox: CropBox(lower: [0, 0, 0], upper: [3, 3, 3]), axisOrder: .identity, size: [3, 3, 3],
        spacing: [1, 1, 1], compatibility: .modern, planDigest: "d")

    private static let prepared = PreparedCase(
        properties: properties, image: (0..<27).map(Float.init), labels: (0..<27).map { Int16($0 % 3) - 1 },
        foreground: ForegroundLocations(voxels: [1: [2, 5], 4: []]))

    private func withCase(_ body: (URL) throws -> Void) throws {
        try Fixtures.withTemporaryFolder { folder in
            try Self.prepared.write(to: folder)
            try body(folder)
        }
    }

    private func sentence(_ folder: URL) throws -> String {
        "\(try #require(throws: PreparationError.self) { _ = try PreparedCaseFile(named: "c", in: folder).foreground() })"
    }

    @Test func `What is written is read, labels and places of the foreground included`() throws {
        try withCase { folder in
            #expect(try PreparedCase(named: "c", in: folder) == Self.prepared)
            let file = try PreparedCaseFile(named: "c", in: folder)
            #expect(file.image.shape == [1, 3, 3, 3] && file.labels?.ints().prefix(3) == [-1, 0, 1])
            #expect(try Fixtures.files(below: folder) == ["c.json", "c.safetensors"])
        }
    }

    /// What is put in place of something in a sound `c.json`, and what is said then.
    private static let broken: [(good: String, bad: String, problem: String)] = [
        (#""spacing" : [1"#, #""spacing" : [0"#, "its spacing is [0.0, 1.0, 1.0], from 0.0001 to 1000.0 mm are possible"),
        (#""spacing" : [1,1,1]"#, #""spacing" : [1,1]"#, "sizes, spacings and the crop box need three numbers each"),
        (#""channels" : 1"#, #""channels" : 0"#, "sizes, spacings and the crop box need three numbers each"),
        (#""channels" : 1"#, #""channels" : 1025"#, "it has 1025 channels of [3, 3, 3] voxels, but at most 1024 of less than 2³¹ are possible"),
        (#""lower" : [0"#, #""lower" : [3"#, "the crop box does not lie inside the scan, or a size is out of range"),
        (#""lower" : [0"#, #""lower" : [-1"#, "the crop box does not lie inside the scan, or a size is out of range"),
        (#""upper" : [3"#, #""upper" : [4"#, "the crop box does not lie inside the scan, or a size is out of range"),
        (#""compatibility" : "modern""#, #""compatibility" : "older""#, "compatibility is \"older\", which is not one of the words that may stand there"),
        (#""name" : "c""#, #""flippedAxes" : [0,3], "name" : "c""#, "its flippedAxes are [0, 3], but may hold each of 0, 1, 2 at most once"),
        (#""name" : "c""#, #""flippedAxes" : [2,2], "name" : "c""#, "its flippedAxes are [2, 2], but may hold each of 0, 1, 2 at most once"),
        (#""name" : "c""#, #""mane" : "c""#, "the field name is missing"),
        ("{", "", "the file is not JSON (it may be cut off or not the file you meant)"),
    ]

    @Test(arguments: broken)
    func `Properties that make no sense are refused with what they are`(good: String, bad: String, problem: String) throws {
        try withCase { folder in
            let file = folder.appending(path: "c.json")
            // Lists on one line, as they are looked for.
            let text = try String(contentsOf: file, encoding: .utf8).replacing(/\[[^\[\]{}]*\]/) { $0.0.filter { !$0.isWhitespace } }
            // The last is that of the prepared volume, not of the scan.
            let range = try #require(text.range(of: good, options: good == "{" ? [] : .backwards), "\(good) is not in \(text)")
            try Data(text.replacingCharacters(in: range, with: bad).utf8).write(to: file)
            #expect(try sentence(folder) == "\(file.path): \(problem); prepare the case again")
            let plan = try Self.plan()
            #expect(!PreparedCase.isComplete("c", in: folder, plan: plan))
        }
    }

    private static func plan() throws -> Plan {
        try Plan(
            dataset: "test", channelNames: ["MRI"],
            labels: LabelSet(definitions: [LabelDefinition(name: "background", value: 0), LabelDefinition(name: "one", value: 1)]),
            targetSpacing: [1, 1, 1], patchSize: [8, 8, 8], normalization: [IntensityNormalization(scheme: .noNorm)])
    }

    @Test func `Files that are not there, and folders in their place, are told`() throws {
        try withCase { folder in
            let file = folder.appending(path: "c.json")
            try FileManager.default.removeItem(at: file)
            #expect(try sentence(folder) == "\(file.path): the file cannot be read: No such file or directory; prepare the case again")
            try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
            #expect(try sentence(folder).hasPrefix("\(file.path): the file is a folder"))
        }
        try withCase { folder in
            try FileManager.default.removeItem(at: folder.appending(path: "c.safetensors"))
            #expect(throws: (any Error).self) { try PreparedCase(named: "c", in: folder) }
        }
    }

    @Test func `Arrays of another form than the properties say are refused with both`() throws {
        let image = StoredArray([Float](repeating: 0, count: 27), shape: [1, 3, 3, 3])
        func places(_ place: Int32) -> StoredArray { StoredArray([place], shape: [1]) }
        let table: [(arrays: [(name: String, array: StoredArray)], problem: String)] = [
            (
                [("image", StoredArray([Float](repeating: 0, count: 27), shape: [1, 9, 3, 1]))],
                "the image is float32 [1, 9, 3, 1], but float32 [1, 3, 3, 3] is expected"
            ),
            (
                [("image", StoredArray([Int16](repeating: 0, count: 27), shape: [1, 3, 3, 3]))],
                "the image is int16 [1, 3, 3, 3], but float32 [1, 3, 3, 3] is expected"
            ),
            (
                [("image", image), ("labels", StoredArray([Int16](repeating: 0, count: 9), shape: [1, 3, 3]))],
                "the labels are int16 [1, 3, 3], but int16 [3, 3, 3] is expected"
            ),
            (
                [("image", image), ("labels", StoredArray([Float](repeating: 0, count: 27), shape: [3, 3, 3]))],
                "the labels are float32 [3, 3, 3], but int16 [3, 3, 3] is expected"
            ),
            ([("image", image), ("foreground.1", places(27))], "the array foreground.1 is not a list of voxels of the image"),
            ([("image", image), ("foreground.1", places(-1))], "the array foreground.1 is not a list of voxels of the image"),
            ([("image", image), ("foreground.x", places(0))], "the array foreground.x is not a list of voxels of the image"),
        ]
        for (arrays, problem) in table {
            try withCase { folder in
                let file = folder.appending(path: "c.safetensors")
                try Safetensors.write(arrays, to: file)
                #expect(try sentence(folder) == "\(file.path): \(problem); prepare the case again")
            }
        }
    }

    @Test func `A case is complete only with both files, its own name and the same plan`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let plan = try Self.plan()
            var mine = Self.prepared
            mine.properties.planDigest = plan.preparationDigest
            try mine.write(to: folder)
            #expect(PreparedCase.isComplete("c", in: folder, plan: plan) && !PreparedCase.isComplete("d", in: folder, plan: plan))
            // A file that was renamed is of another case.
            for ending in ["json", "safetensors"] {
                try FileManager.default.copyItem(at: folder.appending(path: "c.\(ending)"), to: folder.appending(path: "d.\(ending)"))
            }
            #expect(!PreparedCase.isComplete("d", in: folder, plan: plan))
            try FileManager.default.removeItem(at: folder.appending(path: "c.safetensors"))
            #expect(!PreparedCase.isComplete("c", in: folder, plan: plan))
        }
    }

    // MARK: The job

    @Test func `A job that is stopped says what is ready, one that is forced does all again`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let scan = Scan(geometry: Self.geometry, voxels: (1...27).map(Float.init))
            let cases = try ["a", "b", "c"].map { name in
                let file = folder.appending(path: "\(name).nii")
                try NIfTI.write(scan: scan, to: file)
                return DatasetCase(name: name, imageURLs: [file])
            }
            let preparer = Preparer(plan: try Self.plan()), output = folder.appending(path: "out")
            let job = PreparationJob(preparer: preparer, cases: cases, folder: output)
            let cancellation = Cancellation()
            let stopped = try Cancellation.$current.withValue(cancellation) {
                try job.run { event in if case .prepared("a", _) = event { cancellation.cancel() } }
            }
            #expect(stopped == PreparationJob.Summary(prepared: ["a"], wasCancelled: true))
            let rest = try job.run { _ in }
            #expect(rest == PreparationJob.Summary(prepared: ["b", "c"], alreadyThere: ["a"]))
            var forced = job
            forced.force = true
            var events: [PreparationJob.Event] = []
            #expect(try forced.run { events.append($0) }.prepared == ["a", "b", "c"] && events.count == 3)
            // A reader that throws ends it.
            struct Enough: Error {}
            #expect(throws: Enough.self) { try forced.run { _ in throw Enough() } }
        }
    }
}
