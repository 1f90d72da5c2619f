import Testing
import UNETREvaluation
import UNETRSupport
import UNETRVolumes

/// Reference numbers: UNETR++'s metrics module and medpy, stored with the pairs. Ratios of the same whole numbers: 1e-12 is rounding.
@Suite struct OverlapTests {
    @Test("Counts, ratios and volumes equal the reference's for every pair and class", arguments: ReferencePair.all)
    func ratios(_ pair: ReferencePair) throws {
        let evaluator = Evaluator(classes: pair.tools.keys.sorted().map { LabelDefinition($0) }, surfaces: false)
        let metrics = try evaluator.evaluate(pair.prediction, against: pair.reference, case: pair.name)
        for (label, tools) in pair.tools {
            let figures = try #require(metrics.classes["\(label)"])
            let counts = try #require(tools["counts"])
            #expect(Double(figures.counts.truePositives) == counts["TP"])
            #expect(Double(figures.counts.falsePositives) == counts["FP"])
            #expect(Double(figures.counts.falseNegatives) == counts["FN"])
            #expect(Double(figures.counts.trueNegatives) == counts["TN"])
            let module = try #require(tools["unetr_pp.evaluation.metrics"])
            #expect(agrees(figures.dice, module["dice"], within: 1e-12))
            #expect(agrees(figures.jaccard, module["jaccard"], within: 1e-12))
            #expect(agrees(figures.precision, module["precision"], within: 1e-12))
            #expect(agrees(figures.recall, module["recall"], within: 1e-12))
            #expect(agrees(figures.specificity, module["specificity"], within: 1e-12))
            #expect(agrees(figures.accuracy, module["accuracy"], within: 1e-12))
            let volumes = try #require(tools["volume_ml"])
            #expect(agrees(figures.predictionVolume, volumes["prediction"], within: 1e-12))
            #expect(agrees(figures.referenceVolume, volumes["reference"], within: 1e-12))
            // A difference of two volumes of a few ml: their rounding, not the difference's.
            #expect(abs(figures.volumeDifference - volumes["difference"]!) < 1e-12)
        }
    }

    @Test("Dice and Jaccard of empty masks follow each tool", arguments: ReferencePair.all)
    func emptyMasks(_ pair: ReferencePair) throws {
        for (definition, tool) in [(MetricDefinition.medpy, "medpy.spacing"), (.medpy04, "medpy_0.4.0.spacing")] {
            let evaluator = Evaluator(definition: definition, classes: pair.tools.keys.map { LabelDefinition($0) }, surfaces: false)
            let metrics = try evaluator.evaluate(pair.prediction, against: pair.reference, case: pair.name)
            for (label, tools) in pair.tools {
                let (figures, expected) = try (#require(metrics.classes["\(label)"]), #require(tools[tool]))
                #expect(agrees(figures.dice, expected["dc"], within: 1e-12))
                #expect(agrees(figures.jaccard, expected["jc"], within: 1e-12))
                #expect(agrees(figures.precision, expected["precision"], within: 1e-12))
                #expect(agrees(figures.recall, expected["recall"], within: 1e-12))
            }
        }
    }

    @Test("A region is the union of its labels, whatever they are called in the prediction")
    func regions() throws {
        let reference = labelMap([1, 1, 6], [0, 1, 2, 3, 1, 0])
        let prediction = labelMap([1, 1, 6], [0, 2, 2, 1, 0, 3])
        let metrics = try Evaluator(classes: LabelDefinition.bratsRegions).evaluate(prediction, against: reference, case: "tumor")
        let whole = try #require(metrics.classes["1+2+3"])
        #expect(whole.counts == OverlapCounts(truePositives: 3, falsePositives: 1, falseNegatives: 1, trueNegatives: 1))
        #expect(whole.dice == 0.75)
        let core = try #require(metrics.classes["2+3"])
        #expect(core.counts == OverlapCounts(truePositives: 1, falsePositives: 2, falseNegatives: 1, trueNegatives: 2))
        #expect(metrics.classes["3"]?.dice == 0)
        #expect(LabelDefinition.bratsRegions[0].nnUNetKey == "(1, 2, 3)")
    }

    @Test("Voxels whose reference is the ignored label count nowhere, in distances neither")
    func ignoredLabel() throws {
        let reference = labelMap([1, 1, 8], [0, 1, 1, 9, 9, 9, 0, 0])
        let prediction = labelMap([1, 1, 8], [0, 1, 1, 1, 1, 0, 0, 0])
        let metrics = try Evaluator(ignoredLabel: 9).evaluate(prediction, against: reference, case: "a")
        let figures = try #require(metrics.classes["1"])
        #expect(figures.counts == OverlapCounts(truePositives: 2, trueNegatives: 3))
        #expect(figures.surface?.hd == 0)
        #expect(metrics.classes["9"] == nil)
        // Without the ignored label the same prediction overshoots by two voxels.
        let strict = try Evaluator(classes: [LabelDefinition(1)]).evaluate(prediction, against: reference, case: "a")
        #expect(strict.classes["1"]?.counts.falsePositives == 2)
        #expect(strict.classes["1"]?.surface?.hd == 2)
    }

    @Test("Volume similarity compares sizes and nothing else")
    func volumeSimilarity() throws {
        let apart = OverlapCounts(truePositives: 0, falsePositives: 5, falseNegatives: 5, trueNegatives: 0)
        #expect(apart.volumeSimilarity == 1)
        #expect(apart.dice == 0)
        let half = OverlapCounts(truePositives: 5, falsePositives: 0, falseNegatives: 5, trueNegatives: 0)
        #expect(half.volumeSimilarity == 1 - 5.0 / 15)
        #expect(OverlapCounts(trueNegatives: 3).volumeSimilarity == nil)
    }
}
