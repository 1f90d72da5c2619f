extension AugmentationPlan {
    /// Checks every number, as is needed once after decoding.
    ///
    /// - Throws: `AugmentationError.plan` for a probability outside 0…1, a range that would divide by zero or lose the image, or an
    ///   axis that does not exist.
    public func validate() throws {
        for (name, probability) in probabilities where !(0...1).contains(probability) {
            throw AugmentationError.plan(field: name, expected: "a probability from 0 to 1", found: "\(probability)")
        }
        for (name, range, allowed) in ranges {
            guard allowed.contains(range.lowerBound), allowed.contains(range.upperBound) else {
                throw AugmentationError.plan(
                    field: name, expected: "within \(allowed.lowerBound)…\(allowed.upperBound)",
                    found: "\(range.lowerBound)…\(range.upperBound)")
            }
        }
        guard rotationDegrees.count == 3 else {
            throw AugmentationError.plan(field: "rotationDegrees", expected: "three ranges", found: "\(rotationDegrees.count)")
        }
        guard enlargementScale >= 0.1, enlargementScale <= 10 else {
            throw AugmentationError.plan(field: "enlargementScale", expected: "within 0.1…10", found: "\(enlargementScale)")
        }
        guard mirrorAxes.allSatisfy((0...2).contains), Set(mirrorAxes).count == mirrorAxes.count else {
            throw AugmentationError.plan(field: "mirrorAxes", expected: "different axes among 0, 1, 2", found: "\(mirrorAxes)")
        }
    }

    private var probabilities: [(String, Double)] {
        [
            ("rotationProbability", rotationProbability), ("scalingProbability", scalingProbability),
            ("noiseProbability", noiseProbability), ("blurProbability", blurProbability),
            ("blurChannelProbability", blurChannelProbability), ("brightnessProbability", brightnessProbability),
            ("contrastProbability", contrastProbability), ("lowResolutionProbability", lowResolutionProbability),
            ("lowResolutionChannelProbability", lowResolutionChannelProbability),
            ("invertedGammaProbability", invertedGammaProbability), ("gammaProbability", gammaProbability),
            ("mirrorProbability", mirrorProbability),
        ]
    }

    private var ranges: [(String, ClosedRange<Double>, ClosedRange<Double>)] {
        rotationDegrees.map { ("rotationDegrees", $0, -360...360) } + [
            ("scaling", scaling, 0.05...20), ("noiseDeviation", noiseDeviation, 0...1e6), ("blurDeviation", blurDeviation, 0.01...50),
            ("brightness", brightness, -1e6...1e6), ("contrast", contrast, -1e6...1e6),
            ("lowResolutionZoom", lowResolutionZoom, 0.01...1), ("gamma", gamma, 0.01...100),
        ]
    }
}
