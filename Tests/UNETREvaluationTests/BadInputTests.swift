import Testing
import UNETREvaluation
import UNETRSupport
import UNETRVolumes

@Suite struct BadInputTests {
    private let map = labelMap([2, 3, 4], spacing: [3, 1, 1]) { d, _, _ in Int16(d) }

    @Test("Different shapes are refused with both of them")
    func shapes() throws {
        let other = labelMap([2, 3, 5]) { _, _, _ in 0 }
        let error = try #require(throws: EvaluationError.self) { try Evaluator().evaluate(other, against: map, case: "liver_7") }
        #expect(error == .shapesDiffer(case: "liver_7", prediction: [2, 3, 5], reference: [2, 3, 4]))
        #expect(
            error.description.contains("liver_7") && error.description.contains("2×3×5") && error.description.lowercased().contains("resample the prediction"))
    }

    @Test("A grid that lies elsewhere is refused, whether moved, scaled or turned")
    func geometries() throws {
        var moved = map
        moved.geometry.affine[0][3] = 5
        var scaled = map
        scaled.geometry.spacing = [2, 1, 1]
        var turned = map
        turned.geometry.affine[1][1] = -1
        for other in [moved, scaled, turned] {
            let error = try #require(throws: EvaluationError.self) { try Evaluator().evaluate(other, against: map, case: "a") }
            guard case .geometriesDiffer(case: "a", _) = error else { throw error }
            #expect(error.description.lowercased().contains("resample the prediction"))
        }
    }

    @Test("A volume with an axis of no length, or without positions, is refused")
    func unusable() throws {
        var flat = map
        flat.geometry.affine[2] = [0, 0, 0, 0]
        var nothing = map
        nothing.geometry.spacing = [0, 1, 1]
        for bad in [flat, nothing] {
            let error = try #require(throws: EvaluationError.self) { try Evaluator().evaluate(bad, against: bad, case: "a") }
            guard case .unusableGeometry = error else { throw error }
        }
    }

    @Test("Labels never declared are named with their file")
    func undeclared() throws {
        let strange = labelMap([1, 1, 4], [0, 1, 77, 9])
        let plain = labelMap([1, 1, 4], [0, 1, 1, 0])
        let evaluator = Evaluator(declaredLabels: [1, 2])
        let error = try #require(throws: EvaluationError.self) { try evaluator.evaluate(strange, against: plain, case: "a") }
        #expect(error == .undeclaredLabels(file: "a (prediction)", labels: [9, 77], declared: [0, 1, 2]))
        #expect(throws: EvaluationError.undeclaredLabels(file: "a (reference)", labels: [9, 77], declared: [0, 1, 2])) {
            try evaluator.evaluate(plain, against: strange, case: "a")
        }
        #expect(throws: Never.self) { try evaluator.evaluate(plain, against: plain, case: "a") }
    }

    @Test("A scan in place of a label map is refused")
    func scan() throws {
        let scan = labelMap([1, 50, 60]) { _, h, w in Int16(h * 60 + w) }
        #expect(throws: EvaluationError.tooManyLabels(case: "a", count: 3000, limit: 2048)) {
            try Evaluator().evaluate(scan, against: scan, case: "a")
        }
    }

    @Test("Several channels, and tolerances that are no lengths, are refused")
    func arguments() throws {
        let two = LabelMap(geometry: map.geometry, channels: 2, voxels: map.voxels + map.voxels)
        #expect(throws: EvaluationError.severalChannels(file: "a (prediction)", channels: 2)) {
            try Evaluator().evaluate(two, against: map, case: "a")
        }
        for tolerance in [-1, Double.nan, .infinity] {
            #expect(throws: EvaluationError.self) { try Evaluator(tolerances: [tolerance]).evaluate(map, against: map, case: "a") }
        }
    }

    @Test("Resampling takes the nearest voxel in the patient, 0 outside")
    func resampling() throws {
        // Half the slice distance, begun a quarter of a slice earlier, columns reversed.
        var fine = map.geometry
        fine.size = [4, 3, 4]
        fine.spacing = [1.5, 1, 1]
        fine.affine = [[-1, 0, 0, 3], [0, 1, 0, 0], [0, 0, 1.5, -0.75], [0, 0, 0, 1]]
        let resampled = try LabelResampling.nearest(labelMap([2, 3, 4], spacing: [3, 1, 1]) { d, _, w in Int16(10 * d + w) }, to: fine, case: "a")
        // Slice centers at −0.75, 0.75, 2.25, 3.75 mm of slices at 0 and 3 mm.
        #expect((0..<4).map { resampled.voxels[$0 * 12] } == [3, 3, 13, 13])
        #expect(Array(resampled.voxels[0..<4]) == [3, 2, 1, 0])
        var far = fine
        far.affine[0][3] = 100
        #expect(try LabelResampling.nearest(map, to: far, case: "a").voxels.allSatisfy { $0 == 0 })
        let metrics = try Evaluator().evaluate(resampled, against: resampled, case: "a")
        #expect(metrics.classes["13"]?.dice == 1)
    }
}
