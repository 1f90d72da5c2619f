import Testing
import UNETRSupport

@testable import UNETRAugmentation

/// The augmentations together: what is drawn how often, in which order, and that nothing else happens.
@Suite struct AugmenterTests {
    private static let size = Size3(8, 9, 10)
    private static let patch = Size3(4, 5, 6)

    /// Noise everywhere, labels that differ from voxel to voxel, none below 0.
    private static func source(channels: Int = 1) throws -> ArraySource {
        var generator = CounterGenerator(seed: 77)
        let image = (0..<(channels * size.voxels)).map { _ in Float(generator.uniform(-1, 1)) }
        return try ArraySource(image: image, channels: channels, labels: (0..<size.voxels).map { Int16($0) }, size: size)
    }

    private static let plain: AugmentationPlan = {
        var plan = AugmentationPlan.none
        // Keeps the crop enlarged whatever else a test asks for.
        plan.rotationProbability = 1e-300
        return plan
    }()

    private func sample(_ plan: AugmentationPlan, _ source: ArraySource, stream: UInt64 = 0) throws -> Sample {
        var generator = CounterGenerator(seed: 4, stream: stream)
        return try Augmenter(plan: plan, patch: Self.patch).augment(source, at: [0, 0, 0], using: &generator)
    }

    @Test("Without augmentation a sample is the middle of the crop, as it is")
    func plainCrop() throws {
        let source = try Self.source()
        let augmenter = try Augmenter(plan: Self.plain, patch: Self.patch)
        let enlarged = augmenter.enlarged
        #expect(enlarged == Size3(7, 8, 8))
        let result = try sample(Self.plain, source)
        // The middle begins ⌊(7 − 4)/2⌋, ⌊(8 − 5)/2⌋, ⌊(8 − 6)/2⌋ = 1, 1, 1 behind the crop.
        let expected = (0..<Self.patch.voxels).map { index -> Int16 in
            let (d, h, w) = (index / 30 + 1, index / 6 % 5 + 1, index % 6 + 1)
            return Int16((d * 9 + h) * 10 + w)
        }
        #expect(result.labels == expected)
        let image = try source.withImage { Array($0) }
        #expect(result.image == expected.map { image[Int($0)] })
    }

    @Test("Beyond the case the image is 0 and the label 0")
    func padding() throws {
        var generator = CounterGenerator(seed: 4)
        let augmenter = try Augmenter(plan: .none, patch: Self.patch)
        let result = try augmenter.augment(try Self.source(), at: [-2, 6, 9], using: &generator)
        for index in 0..<Self.patch.voxels {
            let (d, h, w) = (index / 30 - 2, index / 6 % 5 + 6, index % 6 + 9)
            let isInside = d >= 0 && h < 9 && w < 10
            #expect(result.labels[index] == (isInside ? Int16((d * 9 + h) * 10 + w) : 0))
            #expect((result.image[index] == 0) == !isInside)
        }
    }

    @Test("Intensities are changed in the published order")
    func order() throws {
        let source = try Self.source()
        var plan = Self.plain
        plan.noiseProbability = 1
        plan.noiseDeviation = 0...0
        plan.blurProbability = 1
        plan.blurChannelProbability = 1
        plan.blurDeviation = 0.6...0.6
        plan.brightnessProbability = 1
        plan.brightness = 1.2...1.2
        plan.contrastProbability = 1
        plan.contrast = 1.25...1.25
        plan.lowResolutionProbability = 1
        plan.lowResolutionChannelProbability = 1
        plan.lowResolutionZoom = 0.6...0.6
        plan.invertedGammaProbability = 1
        plan.gammaProbability = 1
        plan.gamma = 1.4...1.4
        plan.mirrorProbability = 1
        plan.mirrorAxes = [0, 2]
        let start = try sample(Self.plain, source)
        var (image, labels) = (start.image, start.labels)
        let count = Self.patch.voxels
        Intensity.blur(&image, Self.patch, deviation: 0.6, Scratch())
        Intensity.scale(&image, count, by: 1.2)
        Intensity.contrast(&image, count, factor: 1.25)
        Intensity.lowResolution(&image, Self.patch, zoom: 0.6, keepsDepth: false, Scratch())
        Intensity.gamma(&image, count, exponent: 1.4, inverted: true, rule: plan.rule)
        Intensity.gamma(&image, count, exponent: 1.4, inverted: false, rule: plan.rule)
        for axis in [0, 2] {
            Mirroring.flip(&image, Self.patch, axis: axis)
            Mirroring.flip(&labels, Self.patch, axis: axis)
        }
        let result = try sample(plan, source)
        #expect(result.image == image)
        #expect(result.labels == labels)
    }

    @Test("Mirroring reverses one axis and no other")
    func mirroring() {
        for axis in 0..<3 {
            var values = (0..<Self.patch.voxels).map { Int16($0) }
            Mirroring.flip(&values, Self.patch, axis: axis)
            for index in 0..<Self.patch.voxels {
                var position = [index / 30, index / 6 % 5, index % 6]
                position[axis] = Self.patch[axis] - 1 - position[axis]
                #expect(values[index] == Int16((position[0] * 5 + position[1]) * 6 + position[2]))
            }
        }
    }

    /// An augmentation alone, with the probability that it changes a sample of one channel.
    struct Draw: CustomTestStringConvertible {
        var testDescription: String
        var probability: Double
        var keep: @Sendable (inout AugmentationPlan, AugmentationPlan) -> Void

        init(_ name: String, _ probability: Double, _ keep: @escaping @Sendable (inout AugmentationPlan, AugmentationPlan) -> Void) {
            testDescription = name
            self.probability = probability
            self.keep = keep
        }
    }

    @Test(
        "Every augmentation happens as often as published",
        arguments: [
            Draw("rotation", 0.2) { $0.rotationProbability = $1.rotationProbability },
            Draw("scaling", 0.2) { $0.scalingProbability = $1.scalingProbability },
            Draw("noise", 0.1) { $0.noiseProbability = $1.noiseProbability },
            Draw("blur", 0.2 * 0.5) { $0.blurProbability = $1.blurProbability },
            Draw("brightness", 0.15) { $0.brightnessProbability = $1.brightnessProbability },
            Draw("contrast", 0.15) { $0.contrastProbability = $1.contrastProbability },
            // Zooms from 11/12 on round to the full size along all of 4, 5 and 6 voxels: a sixth of the range.
            Draw("low resolution", 0.25 * 0.5 * 5 / 6) { $0.lowResolutionProbability = $1.lowResolutionProbability },
            Draw("inverted gamma", 0.1) { $0.invertedGammaProbability = $1.invertedGammaProbability },
            Draw("gamma", 0.3) { $0.gammaProbability = $1.gammaProbability },
            Draw("mirroring about any axis", 1 - 0.125) { ($0.mirrorProbability, $0.mirrorAxes) = ($1.mirrorProbability, $1.mirrorAxes) },
            Draw("mirroring about the last axis", 0.5) { ($0.mirrorProbability, $0.mirrorAxes) = ($1.mirrorProbability, [2]) },
            Draw("in-plane rotation", 0.2) { ($0.rotationProbability, $0.inPlane) = ($1.rotationProbability, true) },
        ])
    func probability(_ draw: Draw) throws {
        var plan = Self.plain
        draw.keep(&plan, .published())
        let source = try Self.source()
        let before = try sample(
            {
                var plain = Self.plain; plain.inPlane = plan.inPlane; return plain
            }(), source)
        let count = 600
        let changed = try (0..<count).count { try sample(plan, source, stream: UInt64($0)).image != before.image }
        let expected = draw.probability * Double(count)
        // Four standard deviations of a binomial count; the seed is fixed, so this passes always or never.
        #expect(abs(Double(changed) - expected) < 4 * (expected * (1 - draw.probability)).squareRoot())
    }

    @Test("Factors are drawn from their range, as often below 1 as above")
    func factors() throws {
        var plan = Self.plain
        plan.contrastProbability = 1
        plan.scalingProbability = 1
        plan.scaling = 0.7...1.4
        var factors: [Double] = []
        for stream in 0..<1000 {
            var generator = CounterGenerator(seed: 8, stream: UInt64(stream))
            factors.append(try #require(SpatialTransform.draw(plan, using: &generator)).factor)
        }
        #expect(factors.allSatisfy { (0.7...1.4).contains($0) })
        // 4 standard deviations of a fair coin: 63.
        #expect(abs(factors.count { $0 < 1 } - 500) < 63)
        #expect(factors.min()! < 0.71 && factors.max()! > 1.39)
        var generator = CounterGenerator(seed: 1)
        #expect((0..<50).allSatisfy { _ in (0.5...0.9).contains(generator.factor(in: 0.5...0.9)) })
    }

    @Test("Angles are drawn about all three axes, or one in-plane")
    func angles() throws {
        var plan = AugmentationPlan.published()
        plan.rotationProbability = 1
        var generator = CounterGenerator(seed: 2)
        let draws = try (0..<300).map { _ in try #require(SpatialTransform.draw(plan, using: &generator)).angles }
        for axis in 0..<3 {
            let values = draws.map { $0[axis] * 180 / .pi }
            #expect(values.min()! >= -30 && values.min()! < -28 && values.max()! <= 30 && values.max()! > 28)
        }
        plan = .published(inPlane: true)
        plan.rotationProbability = 1
        let flat = try (0..<300).map { _ in try #require(SpatialTransform.draw(plan, using: &generator)).angles }
        #expect(flat.allSatisfy { $0.y == 0 && $0.z == 0 })
        #expect(flat.map(\.x).max()! > 3)
    }

    @Test("Channels share geometry and noise's strength, but have factors of their own")
    func channelsAreApart() throws {
        let single = try Self.source()
        let image = try single.withImage { Array($0) }
        let source = try ArraySource(
            image: image + image, channels: 2, labels: try single.withLabels { Array($0) }, size: Self.size)
        var plan = AugmentationPlan.none
        plan.rotationProbability = 1
        plan.mirrorProbability = 0.5
        plan.mirrorAxes = [0, 1, 2]
        let turned = try sample(plan, source)
        let half = Self.patch.voxels
        #expect(Array(turned.image[..<half]) == Array(turned.image[half...]))
        plan.brightnessProbability = 1
        let scaled = try sample(plan, source)
        let ratios = (0..<half).filter { abs(scaled.image[$0]) > 0.1 }.map { scaled.image[half + $0] / scaled.image[$0] }
        #expect(ratios.count > 20)
        // One ratio for all voxels up to float's rounding, and it is not 1.
        #expect(ratios.max()! - ratios.min()! < 1e-5)
        #expect(abs(ratios[0] - 1) > 1e-3)
    }

    @Test("Voxels outside of the mask become 0 in the channels normalized within it, after all else")
    func outsideMask() throws {
        let labels = (0..<Self.size.voxels).map { Int16($0 % 3) - 1 }
        let image = [Float](repeating: 2, count: 2 * Self.size.voxels)
        let source = try ArraySource(image: image, channels: 2, labels: labels, size: Self.size)
        var plan = Self.plain
        plan.noiseProbability = 1
        plan.noiseDeviation = 0.01...0.01
        let without = try sample(plan, source)
        #expect(without.image.allSatisfy { $0 > 1 })
        plan.zeroOutsideMask = [false, true]
        let masked = try sample(plan, source)
        let half = Self.patch.voxels
        #expect(masked.image[..<half].allSatisfy { $0 > 1 })
        // A third of the voxels has label −1; the label itself has become 0.
        #expect(masked.image[half...].count { $0 == 0 } == half / 3)
        #expect(Set(masked.labels) == [0, 1])
    }

    @Test("A plan that makes no sense is refused")
    func planIsChecked() throws {
        func error(_ change: (inout AugmentationPlan) -> Void) -> String {
            var plan = AugmentationPlan.published()
            change(&plan)
            do {
                try plan.validate()
                return "nothing"
            } catch { return "\(error)" }
        }
        #expect(error { _ in } == "nothing")
        #expect(
            error { $0.gammaProbability = 1.5 }
                == "Augmentation plan: gammaProbability must be a probability from 0 to 1, found 1.5; correct the plan.")
        #expect(error { $0.noiseProbability = .nan }.contains("noiseProbability"))
        #expect(error { $0.scaling = 0...1 }.contains("scaling must be within 0.05…20.0, found 0.0…1.0"))
        #expect(error { $0.mirrorAxes = [0, 3] }.contains("mirrorAxes"))
        #expect(error { $0.mirrorAxes = [1, 1] }.contains("mirrorAxes"))
        #expect(error { $0.rotationDegrees = [] }.contains("rotationDegrees"))
        #expect(error { $0.enlargementScale = 0 }.contains("enlargementScale"))
        #expect(throws: AugmentationError.self) { try Augmenter(plan: .none, patch: Size3(0, 4, 4)) }
    }
}
