import Testing
import UNETRSupport

@testable import UNETRAugmentation

/// The rule of every number of a plan, at its ends, and what is said about those beyond.
@Suite struct PlanRangeTests {
    private func problem(_ change: (inout AugmentationPlan) -> Void) -> String? {
        var plan = AugmentationPlan.published()
        change(&plan)
        do { try plan.validate() } catch { return "\(error)" }
        return nil
    }

    private static let probabilities: [(String, any WritableKeyPath<AugmentationPlan, Double> & Sendable)] = [
        ("rotationProbability", \.rotationProbability), ("scalingProbability", \.scalingProbability), ("noiseProbability", \.noiseProbability),
        ("blurProbability", \.blurProbability), ("blurChannelProbability", \.blurChannelProbability), ("brightnessProbability", \.brightnessProbability),
        ("contrastProbability", \.contrastProbability), ("lowResolutionProbability", \.lowResolutionProbability),
        ("lowResolutionChannelProbability", \.lowResolutionChannelProbability), ("invertedGammaProbability", \.invertedGammaProbability),
        ("gammaProbability", \.gammaProbability), ("mirrorProbability", \.mirrorProbability),
    ]

    @Test func `Every probability is from 0 to 1`() {
        for (name, path) in Self.probabilities {
            for value in [0.0, 1] { #expect(problem { $0[keyPath: path] = value } == nil, "\(name)") }
            for value in [-0.001, 1.001, .infinity, -.infinity, .nan] {
                #expect(
                    problem { $0[keyPath: path] = value } == "Augmentation plan: \(name) must be a probability from 0 to 1, found \(value); correct the plan.")
            }
        }
    }

    private static let ranges: [(String, any WritableKeyPath<AugmentationPlan, ClosedRange<Double>> & Sendable, ClosedRange<Double>)] = [
        ("scaling", \.scaling, 0.05...20), ("noiseDeviation", \.noiseDeviation, 0...1e6), ("blurDeviation", \.blurDeviation, 0.01...50),
        ("brightness", \.brightness, -1e6...1e6), ("contrast", \.contrast, -1e6...1e6), ("lowResolutionZoom", \.lowResolutionZoom, 0.01...1),
        ("gamma", \.gamma, 0.01...100), ("rotationDegrees", \.rotationDegrees[1], -360...360),
    ]

    @Test func `Every range lies within one of its own`() {
        for (name, path, allowed) in Self.ranges {
            #expect(problem { $0[keyPath: path] = allowed } == nil, "\(name)")
            for range in [allowed.lowerBound...allowed.upperBound.nextUp, allowed.lowerBound.nextDown...allowed.upperBound, -Double.infinity...Double.infinity]
            {
                #expect(
                    problem { $0[keyPath: path] = range }
                        == "Augmentation plan: \(name) must be within \(allowed.lowerBound)…\(allowed.upperBound), found "
                        + "\(range.lowerBound)…\(range.upperBound); correct the plan.")
            }
        }
    }

    @Test func `The other numbers have their rules`() {
        let start = "Augmentation plan: ", end = "; correct the plan."
        #expect(problem { $0.rotationDegrees = [-1...1] } == "\(start)rotationDegrees must be three ranges, found 1\(end)")
        for value in [0.1, 10] { #expect(problem { $0.enlargementScale = value } == nil) }
        for value in [0.099, 10.1, .nan] {
            #expect(problem { $0.enlargementScale = value } == "\(start)enlargementScale must be within 0.1…10, found \(value)\(end)")
        }
        for axes in [[], [2], [2, 0, 1]] { #expect(problem { $0.mirrorAxes = axes } == nil) }
        for axes in [[3], [-1, 0], [1, 1]] {
            #expect(problem { $0.mirrorAxes = axes } == "\(start)mirrorAxes must be different axes among 0, 1, 2, found \(axes)\(end)")
        }
    }

    @Test func `A case whose arrays do not have its size is refused with both numbers`() {
        func problem(image: Int, channels: Int = 2, labels: Int, size: Size3 = [2, 3, 4]) -> String? {
            do {
                _ = try ArraySource(
                    image: [Float](repeating: 0, count: image), channels: channels, labels: [Int16](repeating: 0, count: labels), size: size)
            } catch { return "\(error)" }
            return nil
        }
        #expect(problem(image: 48, labels: 24) == nil)
        #expect(problem(image: 47, labels: 24) == "Case number 0: its image should hold 48 values but holds 47; prepare the case again.")
        #expect(problem(image: 48, labels: 25) == "Case number 0: its labels should hold 24 values but holds 25; prepare the case again.")
        #expect(problem(image: 0, labels: 0, size: [2, 0, 4]) == "Case: expected at least one voxel and channel, found 2 × 2×0×4; choose another size.")
        #expect(problem(image: 0, channels: 0, labels: 24) == "Case: expected at least one voxel and channel, found 0 × 2×3×4; choose another size.")
    }

    @Test func `Every voxel of every label above 0 is foreground, by ascending label`() throws {
        let labels: [Int16] = [0, 3, -1, 1, 3, 0, 1, 1]
        #expect(ForegroundClass.all(in: labels) == [.init(label: 1, voxels: [3, 6, 7]), .init(label: 3, voxels: [1, 4])])
        #expect(ForegroundClass.all(in: [0, -1]).isEmpty)
        let source = try ArraySource(image: [Float](repeating: 0, count: 8), channels: 1, labels: labels, size: [2, 2, 2])
        #expect(source.foreground == ForegroundClass.all(in: labels))
        // Without foreground every sample is a plain one.
        let empty = try ArraySource(image: [Float](repeating: 0, count: 8), channels: 1, labels: labels, size: [2, 2, 2], foreground: [])
        var one = CounterGenerator(seed: 1), other = CounterGenerator(seed: 1)
        let sampler = PatchSampler(patch: [1, 1, 1], enlarged: [1, 1, 1])
        for _ in 0..<20 { #expect(sampler.origin(in: empty, foreground: true, using: &one) == sampler.origin(in: empty, foreground: false, using: &other)) }
    }

    @Test(
        arguments: [
            (\.batchSize, 0, "batchSize must be at least 1, found 0."), (\.batchesPerEpoch, 0, "batchesPerEpoch must be at least 1, found 0."),
            (\.ahead, 0, "ahead must be at least 1, found 0."), (\.worldSize, 0, "worldSize must be at least 1, found 0."),
            (\.threads, 1025, "threads must be at most 1024, found 1025."), (\.worldSize, 1 << 21, "worldSize must be at most 1048576, found 2097152."),
            (\.rank, -1, "rank must be 0 to 0, found -1."),
        ] as [(any WritableKeyPath<BatchLoader.Configuration, Int> & Sendable, Int, String)])
    func `Settings of a loader beyond their limits are refused`(
        _ path: any WritableKeyPath<BatchLoader.Configuration, Int> & Sendable, _ value: Int, _ rule: String
    ) throws {
        var configuration = BatchLoader.Configuration(seed: 1, batchSize: 1, batchesPerEpoch: 1, levels: [[2, 2, 2]])
        configuration[keyPath: path] = value
        let source = try ArraySource(image: [Float](repeating: 0, count: 8), channels: 1, labels: [Int16](repeating: 0, count: 8), size: [2, 2, 2])
        let error = #expect(throws: AugmentationError.self) {
            try BatchLoader(sources: [source], augmenter: Augmenter(plan: .none, patch: [2, 2, 2]), configuration: configuration)
        }
        #expect(error?.description == "Batch loader: " + rule)
        configuration[keyPath: path] = path == \.rank ? 0 : 1
        configuration.foregroundShare = 1.5
        let share = #expect(throws: AugmentationError.self) {
            try BatchLoader(sources: [source], augmenter: Augmenter(plan: .none, patch: [2, 2, 2]), configuration: configuration)
        }
        #expect(share?.description == "Batch loader: foregroundShare must be 0 to 1, found 1.5.")
    }
}
