import Foundation
import TestSupport
import Testing
import UNETRVolumes
import UNETRWork

struct WorkerLineTests {
    @Test func `Requests and events are the lines that the protocol says`() throws {
        let order = SegmentationOrder(
            job: "J", model: "m", scans: ["/a.nii"], mask: "/m.nii.gz", statistics: "/s.json", choices: .init(mirroring: false, precision: .float32))
        let line = try WorkerLine.encode(WorkerRequest.segment(order: order))
        #expect(
            String(decoding: line, as: UTF8.self)
                == #"{"segment":{"order":{"choices":{"mirroring":false,"precision":"float32"},"job":"J","mask":"/m.nii.gz","model":"m","scans":["/a.nii"],"series":[],"statistics":"/s.json"}}}"#
                + "\n")
        #expect(try WorkerLine.decode(WorkerRequest.self, from: line.dropLast()) == .segment(order: order))
        #expect(try WorkerLine.decode(WorkerRequest.self, from: Data(#"{"cancel":{"job":"J"}}"#.utf8)) == .cancel(job: "J"))
        let event = WorkerEvent.failed(job: "J", cause: .memory, reason: "too \"large\"\nby far")
        #expect(try WorkerLine.decode(WorkerEvent.self, from: WorkerLine.encode(event).dropLast()) == event)
        #expect(try WorkerLine.encode(event).filter { $0 == UInt8(ascii: "\n") }.count == 1)
    }
}

struct StructureReportTests {
    /// 5 × 4 × 3 voxels of 2 × 1 × 0.5 mm along x, y, z.
    private func mask(_ values: [(x: Int, y: Int, z: Int, value: Int16)]) -> LabelMap {
        let geometry = Geometry(size: [3, 4, 5], affine: [[2, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0.5, 0], [0, 0, 0, 1]], spacing: [0.5, 1, 2])
        var mask = LabelMap(geometry: geometry, voxels: Array(repeating: 0, count: 60))
        for (x, y, z, value) in values { mask.voxels[mask.offset(z, y, x)] = value }
        return mask
    }

    @Test func `Voxels, volumes, centers and boxes`() {
        let labels = LabelSet(definitions: [
            .init(name: "background", value: 0), .init(name: "bar", value: 1, color: "#FF0000"), .init(name: "ends", value: 2), .init(name: "none", value: 3),
        ])
        let report = StructureReport(mask([(1, 1, 0, 1), (2, 1, 0, 1), (3, 1, 0, 1), (0, 3, 2, 2), (4, 3, 2, 2), (4, 2, 2, 2)]), labels: labels)
        #expect(report.structures.map(\.voxels) == [3, 3, 0] && report.structures.map(\.milliliters) == [0.003, 0.003, 0])
        #expect(report.structures[0].center == [2, 1, 0] && report.structures[0].boundingBox == [[1, 1, 0], [3, 1, 0]])
        // The center of mass (2.67, 2.67, 2) is rounded to a voxel of the background.
        #expect(report.structures[1].center == [4, 3, 2] && report.structures[1].boundingBox == [[0, 2, 2], [4, 3, 2]])
        #expect(report.structures[2].center == nil && report.structures[2].boundingBox == nil)
        #expect(report.structures.map(\.color) == ["#ff0000", SegmentColor(label: 2).text, SegmentColor(label: 3).text])
    }

    @Test func `A region is all its values, and stands in masks for one`() {
        let labels = LabelSet(
            definitions: [.init(name: "background", value: 0), .init(name: "whole", values: [1, 2]), .init(name: "core", value: 2)], regionOrder: [1, 2])
        let report = StructureReport(mask([(0, 0, 0, 1), (1, 0, 0, 2), (2, 0, 0, 2), (3, 0, 0, 1)]), labels: labels)
        #expect(report.structures.map(\.value) == [1, 2] && report.structures.map(\.voxels) == [4, 2])
        #expect(report.structures[0].boundingBox == [[0, 0, 0], [3, 0, 0]] && report.structures[1].boundingBox == [[1, 0, 0], [2, 0, 0]])
    }
}
