import Testing
import UNETRSupport

@testable import UNETRAugmentation

/// Intensity operations with fixed parameters against the reference's numbers.
@Suite struct IntensityTests {
    private static let size = Size3(18, 20, 22)
    /// Operations are done in float on values below 2.3 in size; the reference's own mean over 7920 floats is good to 1e-6 or so.
    private static let tolerance: Float = 4e-6

    @Test("Blurring equals the reference", arguments: [("0.5", 0.5), ("0.8", 0.8), ("1", 1.0)], AugmentationRule.allCases)
    func blur(_ deviation: (name: String, value: Double), _ rule: AugmentationRule) throws {
        try check("blur.\(deviation.name)", rule) { Intensity.blur($0, Self.size, deviation: deviation.value, Scratch()) }
    }

    @Test("Gamma equals the reference, inverted or not", arguments: [("0.7", Float(0.7)), ("1.5", 1.5)], AugmentationRule.allCases)
    func gamma(_ exponent: (name: String, value: Float), _ rule: AugmentationRule) throws {
        let count = Self.size.voxels
        for inverted in [false, true] {
            try check("gamma.\(exponent.name)\(inverted ? ".inverted" : "")", rule) {
                Intensity.gamma($0, count, exponent: exponent.value, inverted: inverted, rule: rule)
            }
        }
        try check("gamma_nostats.\(exponent.name)", rule) {
            Intensity.gamma($0, count, exponent: exponent.value, inverted: false, rule: rule, keepsStatistics: false)
        }
    }

    @Test("Contrast and brightness equal the reference", arguments: [("0.75", Float(0.75)), ("1.25", 1.25)], AugmentationRule.allCases)
    func contrastAndBrightness(_ factor: (name: String, value: Float), _ rule: AugmentationRule) throws {
        let count = Self.size.voxels
        try check("contrast.\(factor.name)", rule) { Intensity.contrast($0, count, factor: factor.value) }
        try check("brightness_mult.\(factor.name)", rule) { Intensity.scale($0, count, by: factor.value) }
    }

    @Test("Lowered resolution equals the reference", arguments: [("0.5", 0.5), ("0.77", 0.77), ("1", 1.0)], AugmentationRule.allCases)
    func lowResolution(_ zoom: (name: String, value: Double), _ rule: AugmentationRule) throws {
        try check("lowres.\(zoom.name)", rule) {
            Intensity.lowResolution($0, Self.size, zoom: zoom.value, keepsDepth: false, Scratch())
        }
        let reduced = Intensity.reduced(Self.size, zoom: zoom.value, keepsDepth: false)
        var small = [Float](repeating: 0, count: reduced.voxels)
        NearestReduction(from: Self.size, to: reduced).apply(try Reference("intensity").floats("input"), to: &small)
        let expected = try Reference(rule == .modern ? "intensity.bg0255" : "intensity").values("lowres_mid.\(zoom.name)")
        #expect(largestDifference(small, expected) == 0)
    }

    @Test("In-plane, lowering the resolution leaves the D-axis alone")
    func lowResolutionInPlane() {
        #expect(Intensity.reduced(Size3(7, 20, 22), zoom: 0.5, keepsDepth: true) == Size3(7, 10, 11))
        // Planes of constant value stay what they are when only the plane is interpolated.
        var values = (0..<(7 * 20 * 22)).map { Float($0 / 440 % 2) }
        let before = values
        Intensity.lowResolution(&values, Size3(7, 20, 22), zoom: 0.5, keepsDepth: true, Scratch())
        #expect(largestDifference(values, before.enumerated().map { ($0.offset, $0.element) }) < 1e-6)
    }

    @Test("Noise has the deviation asked for, no mean, and normal tails")
    func noise() {
        let count = 40_001
        var values = [Float](repeating: 0, count: count)
        var generator = CounterGenerator(seed: 5)
        Intensity.addNoise(&values, count, deviation: 0.1, using: &generator)
        let mean = Statistics.mean(values, count)
        let deviation = Statistics.deviation(values, count, mean: mean)
        // Four standard errors: 0.1/√n and 0.1/√(2n).
        #expect(abs(mean) < 4 * 0.1 / 200)
        #expect(abs(deviation - 0.1) < 4 * 0.1 / 283)
        // P(|x| > 2σ) = 0.0455; four standard deviations of the count are 0.0042 of it.
        let far = Double(values.count { abs($0) > 0.2 }) / Double(count)
        #expect(abs(far - 0.0455) < 0.0042)
    }

    private func check(
        _ name: String, _ rule: AugmentationRule, _ location: SourceLocation = #_sourceLocation,
        _ operation: (UnsafeMutablePointer<Float>) -> Void
    ) throws {
        var values = try Reference("intensity").floats("input")
        operation(&values)
        let expected = try Reference(rule == .modern ? "intensity.bg0255" : "intensity").values(name)
        #expect(largestDifference(values, expected) < Self.tolerance, "\(name)", sourceLocation: location)
    }
}
