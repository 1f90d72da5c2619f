import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

@Suite struct StructureSetTests {
    @Test(arguments: ObjectMask.all)
    func `Contours filled back are the very mask, by the even-odd rule and as a union`(name: String) throws {
        let mask = try ObjectMask(name)
        try Fixtures.withTemporaryFolder { folder in
            let series = ObjectSeries(geometry: mask.labels.geometry), url = folder.appending(path: "rt.dcm")
            let result = try DICOMObjectWriter(series.reference(in: folder), mask.labelSet).writeStructureSet(mask.labels, to: url)
            let set = try DICOMStructureSet(contentsOf: url)
            #expect(set.structures.map(\.name) == mask.present.map { mask.labelSet.definition(of: $0)?.name })
            #expect(set.seriesUIDs == [ObjectSeries.seriesUID])
            #expect(result == .written(structures: mask.present.count, parts: set.structures.reduce(0) { $0 + $1.contourCount }))
            let filled = try set.labels(on: mask.labels.geometry, as: mask.labelSet)
            #expect(filled.labels.voxels == mask.labels.voxels)
            #expect(filled.notes.isEmpty)

            // Each contour by itself, joined with the others: what readers do that know no holes.
            let inPlane = mask.labels.geometry.size[1] * mask.labels.geometry.size[2]
            for (structure, label) in zip(set.structures, mask.present) {
                var joined = [Bool](repeating: false, count: mask.labels.geometry.count), overlap = 0
                for contour in structure.contours {
                    let indices = contour.map { mask.labels.geometry.index(x: -$0.x, y: -$0.y, z: $0.z)! }
                    let slice = Int(indices[0].k.rounded())
                    #expect(indices.allSatisfy { abs($0.k - Double(slice)) < 0.01 })
                    var filling = ContourFilling(width: mask.labels.geometry.size[2], height: mask.labels.geometry.size[1])
                    filling.add(indices.map { ($0.i, $0.j) })
                    filling.forEachInside { index in
                        if joined[slice * inPlane + index] { overlap += 1 }
                        joined[slice * inPlane + index] = true
                    }
                }
                #expect(overlap == 0)
                #expect(zip(joined, mask.labels.voxels).allSatisfy { $0 == ($1 == Int16(label)) })
            }
        }
    }

    @Test func `Contours refer to their images and are decimal strings as short as they must be`() throws {
        let mask = try ObjectMask("oblique_A")
        try Fixtures.withTemporaryFolder { folder in
            let series = ObjectSeries(geometry: mask.labels.geometry), url = folder.appending(path: "rt.dcm")
            _ = try DICOMObjectWriter(series.reference(in: folder), mask.labelSet).writeStructureSet(mask.labels, to: url)
            let object = try ReadObject(url)
            for item in object.elements.sequences[.structureContours] ?? [] {
                #expect(item.texts(.structureColor).compactMap { UInt8($0) }.count == 3)
                for contour in item.sequences[.contours] ?? [] {
                    let data = contour.texts(.contourData)
                    #expect(data.allSatisfy { $0.utf8.count <= 16 && Double($0) != nil && !$0.contains("e") })
                    #expect(try contour.integer(.contourPointCount) == data.count / 3)
                    #expect(data.count >= 12)
                    #expect(contour.text(.contourKind) == "CLOSED_PLANAR")
                    let image = contour.item(.contourImages)
                    let place = mask.labels.geometry.index(x: -Double(data[0])!, y: -Double(data[1])!, z: Double(data[2])!)!
                    #expect(image?.text(.referencedInstance) == series.instance(Int(place.k.rounded())))
                }
            }
        }
    }

    @Test func `Where a contour is too long for explicit lengths the file is implicit`() throws {
        // A comb of teeth that no contour can leave out.
        let geometry = Geometry(size: [2, 200, 200], affine: [[-1.1, 0, 0, 3], [0, -1.3, 0, 5], [0, 0, 2, 7], [0, 0, 0, 1]], spacing: [2, 1.3, 1.1])
        var mask = LabelMap(geometry: geometry, voxels: [Int16](repeating: 0, count: geometry.count))
        for j in 0..<200 {
            for i in 0..<200 where (j.isMultiple(of: 2) ? i == 0 : true) || (j % 8 == 2 && !i.isMultiple(of: 2)) { mask.voxels[j * 200 + i] = 3 }
        }
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "rt.dcm")
            _ = try DICOMObjectWriter(ObjectSeries(geometry: geometry).reference(in: folder), nil).writeStructureSet(mask, to: url)
            let object = try ReadObject(url)
            #expect(object.syntax == .native(.implicit))
            let contours = object.elements.item(.structureContours)?.sequences[.contours] ?? []
            #expect(contours.contains { ($0.values[.contourData]?.count ?? 0) > 0xFFFF })
            let filled = try DICOMStructureSet(contentsOf: url).labels(on: geometry)
            #expect(filled.labels.voxels == mask.voxels.map { $0 == 3 ? 1 : 0 })
            #expect(filled.labelSet.definitions.map(\.name) == ["background", "Label 3"])
        }
    }

    // MARK: Files of others

    /// A structure set of one structure on a grid of 1 mm.
    private func set(_ contours: [(kind: String, points: [(Double, Double, Double)])], name: String = "GTV", in folder: URL) throws -> DICOMStructureSet {
        var file = DICOMElements()
        file.set(.sopClass, DICOMStructureSet.sopClass)
        file.set(.modality, "RTSTRUCT")
        file.set(.structures) { item in
            item.set(.structureNumber, 12)
            item.set(.structureName, name)
        }
        file.set(.structureContours) { item in
            item.set(.referencedStructure, 12)
            item.set(
                .contours,
                items: contours.map { contour in
                    var item = DICOMElements()
                    item.set(.contourKind, contour.kind)
                    item.set(.contourData, contour.points.map { "\($0.0)\\ \($0.1)\\+\($0.2) " }.joined(separator: "\\"))
                    return item
                })
        }
        let url = folder.appending(path: "\(UUID()).dcm")
        try DICOMObjectFile.write(file, class: DICOMStructureSet.sopClass, instance: "2.25.1", to: url)
        return try DICOMStructureSet(contentsOf: url)
    }

    private let grid = Geometry(size: [3, 10, 10], affine: [[-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])

    private func square(_ low: Double, _ high: Double, _ z: Double, backward: Bool = false) -> [(Double, Double, Double)] {
        let points = [(low, low, z), (high, low, z), (high, high, z), (low, high, z)]
        return backward ? points.reversed() : points
    }

    @Test func `Holes may be loops in any direction, and edges through centers belong to one side`() throws {
        try Fixtures.withTemporaryFolder { folder in
            for backward in [false, true] {
                let set = try set([("CLOSED_PLANAR", square(0.5, 8.5, 1)), ("CLOSED_PLANAR", square(2.5, 4.5, 1, backward: backward))], in: folder)
                let filled = try set.labels(on: grid)
                #expect(filled.labels.voxels.count { $0 == 1 } == 64 - 4)
                #expect(filled.labels.voxels[100 + 33] == 0)
            }
            // From center to center: the first is in, the last is not, so that neighbors share nothing.
            let left = try set([("CLOSED_PLANAR", square(1, 4, 0))], in: folder).labels(on: grid)
            #expect(left.labels.voxels.count { $0 == 1 } == 9)
            #expect(left.labels.voxels[11] == 1)
            #expect(left.labels.voxels[44] == 0)
        }
    }

    @Test func `Repeated points, points, lines and slices outside are read or told`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let closed = square(0.5, 2.5, 2.009) + [(0.5, 0.5, 2.009)]
            let set = try set(
                [
                    ("CLOSED_PLANAR", closed), ("POINT", [(5, 5, 1)]), ("OPEN_PLANAR", square(3, 7, 1)), ("CLOSED_PLANAR", [(1, 1, 1), (2, 2, 1)]),
                    ("CLOSED_PLANAR", square(1, 3, 9)), ("CLOSEDPLANAR_XOR", square(5.5, 7.5, 0)),
                ], in: folder)
            let filled = try set.labels(on: grid)
            #expect(filled.labels.voxels.count { $0 == 1 } == 8)
            #expect(filled.notes == [.skipped(structure: "GTV", contours: 3), .outside(structure: "GTV", contours: 1)])
            #expect(filled.notes.map { "\($0)" } == ["3 contours of 'GTV' enclose nothing and were left out.", "1 contour of 'GTV' lies outside the scan."])
        }
    }

    @Test func `Contours between slices are refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let set = try set([("CLOSED_PLANAR", square(0.5, 2.5, 1.4))], in: folder)
            let error = #expect(throws: DICOMObjectError.self) { try set.labels(on: grid) }
            #expect(
                error?.problem
                    == .contourOffGrid(structure: "GTV", distance: error.flatMap { if case .contourOffGrid(_, let d) = $0.problem { d } else { nil } } ?? 0))
            #expect(error!.description.contains("a contour of 'GTV' lies 0.4 mm from the next slice of the scan"))
        }
    }

    @Test func `Contours lie on another axis of the grid where that is the one across`() throws {
        try Fixtures.withTemporaryFolder { folder in
            // In a plane of constant x.
            let points = [(2.0, 0.5, 0.5), (2, 4.5, 0.5), (2, 4.5, 1.5), (2, 0.5, 1.5)]
            let filled = try set([("CLOSED_PLANAR", points)], in: folder).labels(on: grid)
            let inside = filled.labels.voxels.indices.filter { filled.labels.voxels[$0] == 1 }
            #expect(inside == (1...4).map { 100 + $0 * 10 + 2 })
        }
    }

    @Test func `Structures become the labels of their names`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let set = try set([("CLOSED_PLANAR", square(0.5, 2.5, 1))], name: "Left_Kidney", in: folder)
            let labels = LabelSet(definitions: [LabelDefinition(name: "background", value: 0), LabelDefinition(name: "left kidney", value: 7)])
            #expect(try set.labels(on: grid, as: labels).labels.voxels.count { $0 == 7 } == 4)
            let others = LabelSet(definitions: [LabelDefinition(name: "spleen", value: 7)])
            let error = #expect(throws: DICOMObjectError.self) { try set.labels(on: grid, as: others) }
            #expect(error?.problem == .noStructureNamed(wanted: ["spleen"], present: ["Left_Kidney"]))
        }
    }

    @Test func `What is no structure set, or a broken one, is refused`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let series = ObjectSeries(geometry: grid)
            try series.write(to: folder)
            #expect(throws: DICOMObjectError.self) { try DICOMStructureSet(contentsOf: folder.appending(path: "1000.dcm")) }
            #expect(throws: (any Error).self) { try DICOMStructureSet(contentsOf: folder.appending(path: "none.dcm")) }
            let text = folder.appending(path: "text.dcm")
            try Data("no DICOM".utf8).write(to: text)
            #expect(throws: DICOMError.self) { try DICOMStructureSet(contentsOf: text) }
            #expect(throws: DICOMObjectError.self) { try set([("CLOSED_PLANAR", [(.infinity, 0, 0), (1, 1, 1), (2, 2, 2)])], in: folder) }
            #expect(throws: DICOMObjectError.self) { try set([("CLOSED_PLANAR", [(1e12, 0, 0), (1, 1, 1), (2, 2, 2)])], in: folder) }
        }
    }
}
