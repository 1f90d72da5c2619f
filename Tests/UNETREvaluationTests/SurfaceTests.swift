import Testing
import UNETREvaluation
import UNETRSupport
import UNETRVolumes

/// Reference numbers: the tools' own output on the stored pairs. MONAI computes in float32: 1e-6 relative.
@Suite struct SurfaceTests {
    private func surfaces(
        _ pair: ReferencePair, _ definition: MetricDefinition, unit: MetricDefinition.Unit = .millimeters, tolerances: [Double] = [1, 2]
    ) throws -> [(SurfaceMetrics, [String: ReferencePair.Figures])] {
        var definition = definition
        definition.unit = unit
        let evaluator = Evaluator(definition: definition, classes: pair.tools.keys.map { LabelDefinition($0) }, tolerances: tolerances)
        let metrics = try evaluator.evaluate(pair.prediction, against: pair.reference, case: pair.name)
        return try pair.tools.map { label, tools in (try #require(metrics.classes["\(label)"]?.surface), tools) }
    }

    /// The two units, and how the fixtures name them.
    private static let units: [(MetricDefinition.Unit, String)] = [(.millimeters, "spacing"), (.voxels, "voxels")]

    @Test("medpy: Hausdorff, pooled HD95 and average distances, in mm and in voxels", arguments: ReferencePair.all)
    func medpy(_ pair: ReferencePair) throws {
        for (definition, tool) in [(MetricDefinition.medpy, "medpy"), (.medpy04, "medpy_0.4.0")] {
            for (unit, suffix) in Self.units {
                for (surface, tools) in try surfaces(pair, definition, unit: unit) {
                    let expected = try #require(tools["\(tool).\(suffix)"])
                    #expect(agrees(surface.hd, expected["hd"], within: 1e-12))
                    #expect(agrees(surface.hd95, expected["hd95"], within: 1e-12))
                    #expect(agrees(surface.assd, expected["assd"], within: 1e-12))
                    #expect(agrees(surface.predictionToReference, expected["asd_pred_to_ref"], within: 1e-12))
                    #expect(agrees(surface.referenceToPrediction, expected["asd_ref_to_pred"], within: 1e-12))
                }
            }
            for (surface, tools) in try surfaces(pair, definition) {
                let nsd = try #require(tools["unetr_pp.surface_dice.normalized_surface_dice"])
                #expect(agrees(surface.nsd[0].value, nsd["1.0"], within: 1e-12))
                #expect(agrees(surface.nsd[1].value, nsd["2.0"], within: 1e-12))
            }
        }
    }

    @Test("MONAI: the larger directed percentile, pooled surface Dice, in mm and in voxels", arguments: ReferencePair.all)
    func monai(_ pair: ReferencePair) throws {
        for (unit, suffix) in Self.units {
            for (surface, tools) in try surfaces(pair, .monai, unit: unit) {
                let expected = try #require(tools["monai.\(suffix)"])
                #expect(agrees(surface.hd, expected["hd"], within: 1e-6))
                #expect(agrees(surface.hd95, expected["hd95"], within: 1e-6))
                #expect(agrees(surface.assd, expected["assd"], within: 1e-6))
                #expect(agrees(surface.predictionToReference, expected["asd_pred_to_ref"], within: 1e-6))
                #expect(agrees(surface.nsd[0].value, expected["surface_dice_1"], within: 1e-6))
                #expect(agrees(surface.nsd[1].value, expected["surface_dice_2"], within: 1e-6))
            }
        }
    }

    @Test("SimpleITK: distances of all voxels of the masks", arguments: ReferencePair.all)
    func simpleITK(_ pair: ReferencePair) throws {
        for (surface, tools) in try surfaces(pair, .simpleITK) {
            let expected = try #require(tools["simpleitk"])
            guard !expected.values.isEmpty else {
                #expect(surface.hd == nil && surface.assd == nil)  // the filter stops: a mask is empty
                continue
            }
            #expect(agrees(surface.hd, expected["hausdorff"], within: 1e-6))
            #expect(agrees(surface.assd, expected["average_hausdorff"], within: 1e-6))
        }
    }

    @Test("surface-distance: area-weighted marching-cubes elements", arguments: ReferencePair.all)
    func surfaceDistance(_ pair: ReferencePair) throws {
        for (surface, tools) in try surfaces(pair, .surfaceDistance) {
            let expected = try #require(tools["surface_distance"])
            #expect(agrees(surface.hd, expected["robust_hausdorff_100"], within: 1e-9))
            #expect(agrees(surface.hd95, expected["robust_hausdorff_95"], within: 1e-9))
            #expect(agrees(surface.nsd[0].value, expected["surface_dice_1mm"], within: 1e-9))
            #expect(agrees(surface.nsd[1].value, expected["surface_dice_2mm"], within: 1e-9))
            let averages = try #require(expected.values["average_ref_to_pred_and_pred_to_ref"] as? [Any])
            #expect(agrees(surface.referenceToPrediction, ReferencePair.Figures.number(averages[0]), within: 1e-9))
            #expect(agrees(surface.predictionToReference, ReferencePair.Figures.number(averages[1]), within: 1e-9))
        }
    }

    @Test("UNETR++'s script: voxel units, and a missed organ counts as a distance of 0", arguments: ReferencePair.all)
    func script(_ pair: ReferencePair) throws {
        let evaluator = Evaluator(definition: .unetrPlusPlusScript, classes: pair.tools.keys.map { LabelDefinition($0) })
        let metrics = try evaluator.evaluate(pair.prediction, against: pair.reference, case: pair.name)
        for (label, tools) in pair.tools {
            let (figures, expected) = try (#require(metrics.classes["\(label)"]), #require(tools["unetr_pp.inference_synapse"]))
            #expect(agrees(figures.dice, expected["dice"], within: 1e-12))
            #expect(agrees(figures.surface?.hd95, expected["hd95"], within: 1e-12))
        }
    }

    @Test("The default: mm, larger directed percentile, image diagonal for a missed structure, nothing where there is nothing")
    func defaultDefinition() throws {
        let shifted = try #require(try surfaces(.named("aniso_shift"), .default).first)
        #expect(agrees(shifted.0.hd95, shifted.1["monai.spacing"]?["hd95"], within: 1e-6))
        #expect(agrees(shifted.0.hd, shifted.1["medpy.spacing"]?["hd"], within: 1e-12))
        let missed = try Evaluator().evaluate(
            labelMap([2, 3, 4], spacing: [3, 2, 1]) { _, _, _ in 0 },
            against: labelMap([2, 3, 4], spacing: [3, 2, 1]) { d, h, w in d + h + w == 0 ? 1 : 0 }, case: "missed")
        let diagonal = (6.0 * 6 + 6 * 6 + 4 * 4).squareRoot()
        #expect(missed.classes["1"]?.surface?.hd95 == diagonal)
        #expect(missed.classes["1"]?.surface?.assd == diagonal)
        #expect(missed.classes["1"]?.surface?.nsd.map(\.value) == [0, 0])
        #expect(missed.classes["1"]?.dice == 0)
        let neither = try surfaces(.named("both_lack_class3"), .default)[0].0
        #expect(neither.hd == nil && neither.hd95 == nil && neither.assd == nil && neither.nsd[0].value == nil)
    }

    @Test("Metrics Reloaded: two empty masks are a right answer, one is undefined")
    func metricsReloaded() throws {
        let neither = try surfaces(.named("both_lack_class3"), .metricsReloaded)[0].0
        #expect(neither.hd == 0 && neither.hd95 == 0 && neither.assd == 0 && neither.nsd[0].value == 1)
        let missed = try Evaluator(definition: .metricsReloaded).evaluate(
            labelMap([1, 1, 2], [0, 0]), against: labelMap([1, 1, 2], [0, 1]), case: "missed")
        #expect(missed.classes["1"]?.surface?.hd == .some(nil))
        #expect(missed.classes["1"]?.dice == 0)
    }

    @Test("The figures do not depend on the number of threads")
    func threads() throws {
        let pair = ReferencePair.named("other_subject")
        for definition in [MetricDefinition.default, .surfaceDistance] {
            let one = try Evaluator(definition: definition, threads: 1).evaluate(pair.prediction, against: pair.reference, case: "a")
            let four = try Evaluator(definition: definition, threads: 4).evaluate(pair.prediction, against: pair.reference, case: "a")
            #expect(one == four)
        }
    }

    @Test("Any tolerance may be asked for, 0 too, and has its own key")
    func tolerances() throws {
        let pair = ReferencePair.named("shift1")
        let nsd = try surfaces(pair, .default, tolerances: [0, 0.5, 1, 3])[0].0.nsd
        #expect(nsd.map(\.key) == ["0", "0.5", "1", "3"])
        #expect(nsd.map { $0.value! } == nsd.map { $0.value! }.sorted())
        #expect(nsd[0].value == nsd[1].value && nsd[0].value! > 0 && nsd[0].value! < nsd[2].value!)
    }
}
