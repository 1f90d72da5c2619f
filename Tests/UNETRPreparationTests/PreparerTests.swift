import Foundation
import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETRPlanning
@testable import UNETRPreparation

@Suite struct PreparerTests {
    @Test func `A prepared case survives writing and reading`() throws {
        let reference = try StageReference("bratslike_resampled")
        let plan = try reference.plan(normalization: "data_norm.nonCT.nonzero")
        let prepared = try Preparer(plan: plan).prepare(reference.scan(), labels: reference.labels(), name: "case 1")
        try Fixtures.withTemporaryFolder { folder in
            #expect(!PreparedCase.isComplete("case 1", in: folder, plan: plan))
            try prepared.write(to: folder)
            #expect(PreparedCase.isComplete("case 1", in: folder, plan: plan))
            #expect(try PreparedCase(named: "case 1", in: folder) == prepared)
            var other = plan
            other.targetSpacing[0] += 0.5
            #expect(!PreparedCase.isComplete("case 1", in: folder, plan: other))
        }
    }

    @Test func `Files that do not belong together are refused`() throws {
        let plan = try plan()
        try Fixtures.withTemporaryFolder { folder in
            try Preparer(plan: plan).prepare(scan([4, 4, 4]), name: "a").write(to: folder)
            try Preparer(plan: plan).prepare(scan([4, 4, 5]), name: "b").write(to: folder)
            let (a, b) = (PreparedCase.urls(of: "a", in: folder), PreparedCase.urls(of: "b", in: folder))
            try FileManager.default.removeItem(at: a.arrays)
            try FileManager.default.copyItem(at: b.arrays, to: a.arrays)
            let error = try #require(throws: PreparationError.self) { try PreparedCase(named: "a", in: folder) }
            #expect(error.description.contains("float32 [1, 4, 4, 4] is expected"))
        }
    }

    @Test func `A prediction of the prepared labels leads back to the labels`() throws {
        // Axes in another order, a crop, other spacing: where nothing is lost in between, everything must come back in place.
        var plan = try plan()
        plan.axisOrder = try AxisOrder([2, 0, 1])
        plan.targetSpacing = [1, 1, 1]
        let size = Size3(6, 7, 9)
        var scan = scan(size), labels = LabelMap(geometry: scan.geometry, voxels: [Int16](repeating: 0, count: scan.geometry.count))
        for d in 0..<6 {
            for h in 0..<7 {
                for w in 0..<9 {
                    let index = (d * 7 + h) * 9 + w
                    if d == 0 || w > 6 { scan.voxels[index] = 0 } else if (d + h * w) % 3 == 0 { labels.voxels[index] = 1 }
                }
            }
        }
        let preparer = Preparer(plan: plan)
        let prepared = try preparer.prepare(scan, labels: labels, name: "there and back")
        #expect(prepared.properties.cropBox == CropBox(lower: [1, 0, 0], upper: [6, 7, 7]))
        #expect(prepared.properties.size == [7, 5, 7])
        let inside = prepared.labels!.map { $0 == 1 ? Float(1) : 0 }
        let restored = try preparer.restore(inside.map { 1 - $0 } + inside, of: prepared.properties)
        #expect(restored.voxels == labels.voxels)
    }

    @Test func `The number of threads does not change a bit`() throws {
        let reference = try StageReference("bratslike_resampled")
        let plan = try reference.plan(normalization: "data_norm.nonCT.nonzero")
        let one = try Preparer(plan: plan, threads: 1).prepare(reference.scan(), labels: reference.labels(), name: "x")
        let four = try Preparer(plan: plan, threads: 4).prepare(reference.scan(), labels: reference.labels(), name: "x")
        #expect(one == four)
    }

    @Test func `Where three labels meet the modern rule takes the most and the old one none`() {
        // Halving a 2×2×2 block: four voxels of label 1 would be half; here labels have 3, 3 and 2 of 8 voxels.
        let labels: [Int16] = [1, 1, 1, 2, 2, 2, 3, 3]
        let grid = ResamplingGrid(from: [2, 2, 2], to: [1, 1, 1])
        #expect(LabelResampling.resample(labels, grid: grid, compatibility: .unetrPlusPlus) == [0])
        #expect(LabelResampling.resample(labels, grid: grid, compatibility: .modern) == [1])
        #expect(LabelResampling.resample([1, 1, 1, 1, 2, 2, 2, 2], grid: grid, compatibility: .unetrPlusPlus) == [2])
    }

    @Test func `Scans that cannot be worked on are refused with a sentence`() throws {
        let preparer = Preparer(plan: try plan())
        func sentence(_ scan: Scan, _ labels: LabelMap? = nil) throws -> String {
            try #require(throws: PreparationError.self) { try preparer.prepare(scan, labels: labels, name: "S") }.description
        }
        let good = scan([3, 3, 3])
        var scan = good
        scan.voxels[5] = .nan
        #expect(try sentence(scan).contains("1 voxel that are not a finite number"))
        scan.voxels = [Float](repeating: 0, count: 27)
        #expect(try sentence(scan).contains("nothing but zeros"))
        scan.voxels = [Float](repeating: 3, count: 27)
        #expect(try sentence(scan).contains("3.0 everywhere"))
        scan = good
        scan.geometry.spacing = [1, .nan, 1]
        #expect(try sentence(scan).contains("above 0"))
        scan.geometry.spacing = [1, 1e9, 1]
        #expect(try sentence(scan).contains("from 0.0001 to 1000.0"))
        scan = good
        scan.geometry.affine[1] = scan.geometry.affine[0]
        #expect(try sentence(scan).contains("axes fall together"))
        #expect(try sentence(self.scan([3, 3, 1])).contains("3 × 3 × 1; a scan needs three axes"))
        let double = Scan(geometry: good.geometry, channels: 2, voxels: good.voxels + good.voxels)
        #expect(try sentence(double).contains("has 2 channels, the plan expects 1 (MRI)"))
        let labels = LabelMap(geometry: good.geometry, voxels: [Int16](repeating: 0, count: 26) + [7])
        #expect(try sentence(good, labels).contains("label 7 in 1 voxel"))
        let small = LabelMap(geometry: Geometry(size: [3, 3, 2], affine: [], spacing: [1, 1, 1]), voxels: [Int16](repeating: 0, count: 18))
        #expect(try sentence(good, small).contains("3 × 3 × 2 voxels, but 3 × 3 × 3"))
    }

    @Test func `One broken scan among many does not stop the others, and a second run resumes`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("unetrpp-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let good = Fixtures.url("preparation/stages/input/bratslike_0000.nii.gz"), bad = folder.appendingPathComponent("bad.nii.gz")
        try Data("no scan".utf8).write(to: bad)
        let cases = [("a", good), ("b", bad), ("c", good)].map { DatasetCase(name: $0.0, imageURLs: [$0.1]) }
        let job = PreparationJob(preparer: Preparer(plan: try plan()), cases: cases, folder: folder.appendingPathComponent("out"))
        func summary() async throws -> PreparationJob.Summary? {
            var last: PreparationJob.Event?
            for try await event in job.events() { last = event }
            if case .finished(let summary) = last { return summary } else { return nil }
        }
        let first = try #require(try await summary())
        #expect(first.prepared == ["a", "c"])
        #expect(first.failed.map(\.name) == ["b"])
        #expect(first.failed.first?.problem.contains("bad.nii.gz") == true)
        try Data().write(to: PreparedCase.urls(of: "c", in: job.folder).properties)
        let second = try #require(try await summary())
        #expect(second.alreadyThere == ["a"] && second.prepared == ["c"])
    }

    @Test func `A folder that cannot be written to is reported for every case`() async throws {
        let blocked = FileManager.default.temporaryDirectory.appendingPathComponent("unetrpp-test-\(UUID().uuidString)")
        try Data("a file where the folder should be".utf8).write(to: blocked)
        defer { try? FileManager.default.removeItem(at: blocked) }
        let scan = DatasetCase(name: "a", imageURLs: [Fixtures.url("preparation/stages/input/bratslike_0000.nii.gz")])
        let job = PreparationJob(preparer: Preparer(plan: try plan()), cases: [scan], folder: blocked.appendingPathComponent("out"))
        var summary: PreparationJob.Summary?
        for try await event in job.events() { if case .finished(let last) = event { summary = last } }
        #expect(summary?.prepared == [] && summary?.failed.map(\.name) == ["a"])
        #expect(summary?.failed.first?.problem.isEmpty == false)
        #expect(try Data(contentsOf: blocked).count == 33, "what was there is untouched")
    }

    private func plan() throws -> Plan {
        try Plan(
            dataset: "test", channelNames: ["MRI"],
            labels: LabelSet(definitions: [LabelDefinition(name: "background", value: 0), LabelDefinition(name: "one", value: 1)]),
            targetSpacing: [1, 1, 1], patchSize: [8, 8, 8], normalization: [IntensityNormalization(scheme: .zScore)])
    }

    private func scan(_ size: Size3) -> Scan {
        let count = size.voxels
        let geometry = Geometry(size: size, affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
        return Scan(geometry: geometry, voxels: (0..<count).map { Float($0 % 11 + 1) })
    }
}
