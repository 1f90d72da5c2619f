import Foundation
import TestSupport
import Testing
import UNETREngines
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

@testable import UNETRInference

/// A locator that sees the blocks of a scan as they are, and a model whose windows disagree where they overlap.
struct LocatedSegmenterTests {
    /// How the model prepares scans, beside the plan of `ThresholdEngine`.
    enum Preparation: CaseIterable {
        case asStored, resampled, turned, logits, regions

        func plan() throws -> Plan {
            var plan = try ThresholdEngine.plan()
            switch self {
            case .asStored: break
            case .resampled: plan.targetSpacing = [1.3, 0.8, 1.1]
            case .turned: (plan.targetSpacing, plan.axisOrder, plan.orientation) = ([0.9, 1.2, 1], try AxisOrder([1, 2, 0]), AxisCodes("RAS"))
            case .logits: (plan.targetSpacing, plan.inference.aggregation) = ([1.2, 1, 1], .logits)
            case .regions:
                plan.labels = LabelSet(
                    definitions: [
                        .init(name: "background", value: 0), .init(name: "a", values: [1, 4]), .init(name: "b", values: [4]), .init(name: "c", values: [2]),
                    ], regionOrder: [1, 4, 2])
            }
            return plan
        }
    }

    private static let block = CropBox(lower: [14, 9, 20], upper: [18, 13, 25])

    /// Noise everywhere, and a block that only thresholds tell from it.
    private static let scan: Scan = {
        let size = Size3(30, 26, 33)
        let geometry = Geometry(size: size, affine: [[-1, 0, 0, 9], [0, 1, 0, -8], [0, 0, 1, 7], [0, 0, 0, 1]], spacing: [1, 1, 1])
        let rule = ParityRule("located")
        let voxels = (0..<size.voxels).map { index -> Float in
            let place = [index / (size[1] * size[2]), index / size[2] % size[1], index % size[2]]
            let isInside = (0..<3).allSatisfy { (block.lower[$0]..<block.upper[$0]).contains(place[$0]) }
            return isInside ? 15 : 1 + Float(rule.unit(index))
        }
        return Scan(geometry: geometry, voxels: voxels)
    }()

    private static func locator() throws -> Segmenter {
        Segmenter(
            engines: [ThresholdEngine()], plan: try ThresholdEngine.plan(), memory: ThresholdEngine.memory, options: SegmenterOptions(mirroring: false))
    }

    private static func model(_ plan: Plan, _ engine: any PatchEngine = PlaceEngine()) -> Segmenter {
        Segmenter(engines: [engine], plan: plan, memory: ThresholdEngine.memory, options: SegmenterOptions(mirroring: false))
    }

    private static func segment(_ segmenter: any ScanSegmenter, _ scan: Scan = scan) throws -> Segmenter.Segmentation {
        try segmenter.segment(segmenter.load(scan, name: "s"), probabilities: nil, progress: { _, _ in })
    }

    private static func box(margin: Int) -> CropBox {
        let size = scan.geometry.size
        return CropBox(lower: Size3 { max(0, block.lower[$0] - margin) }, upper: Size3 { min(size[$0], block.upper[$0] + margin) })
    }

    @Test(arguments: Preparation.allCases, [0, 3])
    func `Within the region the mask is that of the whole scan, outside there is background`(_ preparation: Preparation, _ margin: Int) throws {
        let model = Self.model(try preparation.plan())
        let located = try LocatedSegmenter(locator: Self.locator(), segmenter: model, margin: Double(margin))
        let whole = try Self.segment(model), found = try Self.segment(located)
        var expected = whole.labels
        expected.clear(outside: Self.box(margin: margin))
        #expect(found.labels.voxels == expected.voxels && found.labels.geometry == Self.scan.geometry)
        #expect(Set(expected.voxels).count > 1 && expected.voxels != whole.labels.voxels)
        let windows = try #require(found.windows)
        #expect(windows.computed < windows.all && windows.computed > 0 && whole.windows == nil)
    }

    @Test func `The windows that meet the region are computed, and one to fill the others; progress counts them`() throws {
        let engine = ThresholdEngine(), model = Self.model(try ThresholdEngine.plan(), engine)
        let located = try LocatedSegmenter(locator: Self.locator(), segmenter: model, margin: 0)
        var last = [0, 0]
        let loaded = try located.load(Self.scan, name: "s")
        let found = try located.segment(loaded, progress: { last = [$0, $1] })
        // The region is the block and the three voxels around it that interpolation may look at.
        let starts = SlidingWindow(size: Self.scan.geometry.size, patchSize: [8, 8, 8]).starts
        let meeting = (0..<3).map { axis in starts[axis].count { $0 < Self.block.upper[axis] + 3 && $0 + 8 > Self.block.lower[axis] - 3 } }
        let all = starts.map(\.count).reduce(1, *), computed = meeting.reduce(1, *)
        #expect(found.windows == WindowShare(computed: computed, all: all) && computed == 125 && all == 336)
        #expect(engine.passes == computed + 1)
        #expect(last == [all + computed, all + computed])
    }

    @Test func `A structure of the locator can be chosen, and where it finds nothing the whole scan is segmented`() throws {
        let plan = try ThresholdEngine.plan(), model = Self.model(plan), whole = try Self.segment(model)
        let core = try LocatedSegmenter(locator: Self.locator(), segmenter: model, structures: plan.labels.structures(named: ["core"]), margin: 5)
        let found = try Self.segment(core)
        #expect(found.labels.voxels == whole.labels.voxels && found.windows == nil)
    }

    @Test func `Masks are cleaned up within the region, as if there were nothing else`() throws {
        let plan = try ThresholdEngine.plan(postProcessing: PostProcessing(keepLargest: [[1, 4]]))
        var raw = plan
        raw.postProcessing = nil
        let box = Self.box(margin: 2)
        var expected = try Self.segment(Self.model(raw)).labels
        expected.clear(outside: box)
        plan.postProcessing?.apply(to: &expected.voxels, size: expected.geometry.size)
        let located = try LocatedSegmenter(locator: Self.locator(), segmenter: Self.model(plan), margin: 2)
        #expect(try Self.segment(located).labels.voxels == expected.voxels)
    }

    @Test func `A locator of other channels is refused`() throws {
        var plan = try ThresholdEngine.plan()
        plan.channelNames = ["A", "B"]
        plan.normalization = [.init(scheme: .noNorm), .init(scheme: .noNorm)]
        let error = InferenceError.locatorChannels(found: 1, expected: 2)
        #expect(throws: error) { try LocatedSegmenter(locator: Self.locator(), segmenter: Self.model(plan), margin: 2) }
        #expect("\(error)" == "the locator takes 1 channels, the model 2; a locator is trained on the same channels")
    }
}
