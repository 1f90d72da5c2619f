import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// Grids along the patient's axes, against nibabel and SciPy (Tests/Fixtures/preparation/patient_grid/make_patient_grid.py).
struct PatientGridTests {
    struct Case: Decodable, CustomTestStringConvertible, Sendable {
        var name: String, affine: [[Double]], spacing: [Double], target: [Double], size: Size3, resampledSize: Size3, resampledAffine: [[Double]]
        var testDescription: String { name }
        var geometry: Geometry { Geometry(size: size, affine: affine, spacing: spacing.reversed()) }
    }

    private static let cases =
        (try? JSONDecoder().decode([Case].self, from: Data(contentsOf: Fixtures.url("preparation/patient_grid/cases.json")))) ?? []

    private func array(_ name: String) throws -> StoredArray {
        try SafetensorsFile(contentsOf: Fixtures.url("preparation/patient_grid/cases.safetensors")).array(name)
    }

    @Test func `The reference is complete`() { #expect(Self.cases.map(\.name) == ["axial", "sagittal", "oblique", "same", "fine"]) }

    @Test("A scan is turned and resampled as TotalSegmentator does, and a mask comes back", arguments: cases, [1, 2])
    func both(_ known: Case, threads: Int) throws {
        let grid = try PatientGrid(of: known.geometry, spacing: known.target, scan: known.name)
        #expect(grid.geometry.size == known.resampledSize && grid.geometry.orientation == "RAS")
        for (found, expected) in zip(grid.geometry.affine.joined(), known.resampledAffine.joined()) { #expect(abs(found - expected) < 1e-5) }
        let scan = Scan(geometry: known.geometry, voxels: try array("\(known.name).scan").floats())
        // Equal in every voxel: whole numbers.
        let resampled = try array("\(known.name).resampled").floats()
        #expect(grid.scan(scan, threads: threads).voxels == resampled)
        let mask = LabelMap(geometry: grid.geometry, voxels: try array("\(known.name).mask").ints().map { Int16($0) })
        let back = grid.labels(mask, threads: threads), expected = try array("\(known.name).back").ints().map { Int16($0) }
        #expect(back.geometry == known.geometry && back.voxels == expected)
    }

    @Test func `Channels are resampled each by itself`() throws {
        let known = try #require(Self.cases.first), grid = try PatientGrid(of: known.geometry, spacing: known.target, scan: "s")
        let one = try array("axial.scan").floats(), two = one.map { 100 - $0 }
        let both = grid.scan(Scan(geometry: known.geometry, channels: 2, voxels: one + two))
        #expect(both.channels == 2 && both.channel(0).voxels == grid.scan(Scan(geometry: known.geometry, voxels: one)).voxels)
        #expect(both.channel(1).voxels == grid.scan(Scan(geometry: known.geometry, voxels: two)).voxels)
    }

    @Test func `A scan without orientation and one that would be too large are refused`() {
        let flat = Geometry(size: [4, 4, 4], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
        #expect(throws: PreparationError.singularAffine(scan: "flat")) { try PatientGrid(of: flat, spacing: [1, 1, 1], scan: "flat") }
        let coarse = Geometry(size: [4000, 4000, 4000], affine: [[900, 0, 0, 0], [0, 900, 0, 0], [0, 0, 900, 0], [0, 0, 0, 1]], spacing: [900, 900, 900])
        #expect(throws: GridTooLarge.self) { try PatientGrid(of: coarse, spacing: [1.5, 1.5, 1.5], scan: "coarse") }
    }
}
