import Testing
import UNETRArchitectures
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// `--memory` holds for the network that is really used.
@Suite struct NetworkPlannerTests {
    typealias Architecture = NetworkDescription.Architecture

    /// Peak resident kilobytes of training steps: patch, batch (Documentation/Training.md says how they were measured).
    static let measured: [(Architecture, Size3, Int, Int)] = [
        (.unetrPlusPlus, [32, 64, 64], 1, 822900),
        (.unetrPlusPlus, [32, 64, 64], 2, 1112196),
        (.unetrPlusPlus, [64, 64, 96], 1, 1231060),
        (.unetrPlusPlus, [64, 64, 96], 2, 2048412),
        (.unetr, [32, 64, 64], 1, 1382436),
        (.unetr, [32, 64, 64], 2, 1541820),
        (.unetr, [64, 64, 96], 1, 1921648),
        (.unetr, [64, 64, 96], 2, 2691512),
        (.swinUNETR, [32, 64, 64], 1, 2093496),
        (.swinUNETR, [32, 64, 64], 2, 3586136),
        (.swinUNETR, [64, 64, 96], 1, 4355156),
        (.swinUNETR, [64, 64, 96], 2, 8880548),
        (.nnFormer, [32, 64, 64], 1, 2464212),
        (.nnFormer, [32, 64, 64], 2, 3068244),
        (.nnFormer, [64, 64, 96], 1, 2810160),
        (.nnFormer, [64, 64, 96], 2, 3698224),
        (.nnUNet, [32, 64, 64], 1, 1002436),
        (.nnUNet, [32, 64, 64], 2, 1680360),
        (.nnUNet, [64, 64, 96], 1, 2089320),
        (.nnUNet, [64, 64, 96], 2, 3999092),
        (.nnUNetResidual, [32, 64, 64], 1, 1554228),
        (.nnUNetResidual, [32, 64, 64], 2, 2060028),
        (.nnUNetResidual, [64, 64, 96], 1, 2536176),
        (.nnUNetResidual, [64, 64, 96], 2, 4041412),
        (.monaiUNet, [32, 64, 64], 2, 397384),
        (.monaiUNet, [64, 64, 96], 2, 604536),
        (.segResNet, [32, 64, 64], 1, 871796),
        (.segResNet, [32, 64, 64], 2, 1101624),
        (.segResNet, [64, 64, 96], 1, 1502820),
        (.segResNet, [64, 64, 96], 2, 2495192),
        (.basicUNet, [32, 64, 64], 2, 1089844),
        (.basicUNet, [64, 64, 96], 1, 1419956),
        (.basicUNet, [64, 64, 96], 2, 3254436),
        (.attentionUNet, [32, 64, 64], 1, 544628),
        (.attentionUNet, [32, 64, 64], 2, 919640),
        (.attentionUNet, [64, 64, 96], 1, 922908),
        (.attentionUNet, [64, 64, 96], 2, 1783372),
        (.stuNet, [32, 64, 64], 1, 1269564),
        (.stuNet, [32, 64, 64], 2, 2075892),
        (.stuNet, [64, 64, 96], 1, 2148692),
        (.stuNet, [64, 64, 96], 2, 3533236),
        (.medNeXt, [32, 64, 64], 1, 1501024),
        (.medNeXt, [32, 64, 64], 2, 2543620),
        (.medNeXt, [64, 64, 96], 1, 3900780),
        (.medNeXt, [64, 64, 96], 2, 8137140),
        (.dynUNet, [32, 64, 64], 1, 818724),
        (.dynUNet, [32, 64, 64], 2, 1472384),
        (.dynUNet, [64, 64, 96], 1, 1389304),
        (.dynUNet, [64, 64, 96], 2, 3319840),
        (.transBTS, [32, 64, 64], 1, 914676),
        (.transBTS, [32, 64, 64], 2, 1159580),
        (.transBTS, [64, 64, 96], 1, 1761708),
        (.transBTS, [64, 64, 96], 2, 3012656),
        (.setr, [32, 64, 64], 1, 1404108),
        (.setr, [32, 64, 64], 2, 1393896),
        (.setr, [64, 64, 96], 1, 1273132),
        (.setr, [64, 64, 96], 2, 1455356),
        (.transUNet3D, [32, 64, 64], 1, 1870756),
        (.transUNet3D, [32, 64, 64], 2, 2515420),
        (.transUNet3D, [64, 64, 96], 1, 2519460),
        (.transUNet3D, [64, 64, 96], 2, 4544108),
        (.coTr, [32, 64, 64], 1, 1056204),
        (.coTr, [32, 64, 64], 2, 1427496),
        (.coTr, [64, 64, 96], 1, 1866784),
        (.coTr, [64, 64, 96], 2, 3333340),
        (.transUNet, [1, 224, 224], 2, 2001460),
        (.transUNet, [1, 224, 224], 6, 3392560),
        (.transUNet, [1, 320, 320], 2, 2676348),
        (.transUNet, [1, 320, 320], 6, 5680504),
        (.swinUNet, [1, 224, 224], 2, 1020360),
        (.swinUNet, [1, 224, 224], 6, 2394008),
        (.swinUNet, [1, 320, 320], 2, 1648584),
        (.swinUNet, [1, 320, 320], 6, 4186380),
        (.missFormer, [1, 224, 224], 2, 1259348),
        (.missFormer, [1, 224, 224], 6, 2731956),
        (.missFormer, [1, 320, 320], 2, 2064236),
        (.missFormer, [1, 320, 320], 6, 5049760),
    ]

    @Test(arguments: measured)
    func `The estimate is at least what was measured, and at most half as much again`(
        _ architecture: Architecture, _ patch: Size3, _ batch: Int, _ kilobytes: Int
    ) throws {
        let network = NetworkDescription.usual(architecture, inputChannels: 1, classes: 4, patchSize: patch)
        let ratio = Double(try network.trainingBytes(batch: batch)) / Double(kilobytes << 10)
        #expect((1.05...1.5).contains(ratio), "\(architecture.rawValue) \(patch) batch \(batch): \(ratio)")
    }

    private static let labels = LabelSet(
        definitions: (0..<4).map { LabelDefinition(name: $0 == 0 ? "background" : "organ \($0)", value: $0) })

    private static func fingerprint(_ size: Size3, _ spacing: [Double]) -> Fingerprint {
        let statistics = IntensityStatistics(
            mean: 80, standardDeviation: 100, median: 80, minimum: -900, maximum: 900, percentile005: -500, percentile995: 500)
        return Fingerprint(
            channelNames: ["MRI"],
            cases: (0..<100).map { Fingerprint.Case(name: "c\($0)", originalSize: size, size: size, spacing: spacing, labels: [1]) },
            intensities: [statistics])
    }

    @Test(arguments: Architecture.allCases, [3, 6, 12])
    func `Patch and batch of every network fit the memory, and use it`(_ architecture: Architecture, _ gigabytes: Int) throws {
        let planner = NetworkPlanner(memory: gigabytes << 30, architecture: architecture)
        let plan = try planner.plan(Self.fingerprint([160, 320, 320], [2, 1, 1]), labels: Self.labels, dataset: "D")
        let network = try plan.networkDescription()
        #expect(network.architecture == architecture && network.patchSize == plan.patchSize && plan.batchSize >= 2)
        let bytes = try network.trainingBytes(batch: plan.batchSize)
        #expect(bytes <= gigabytes << 30)
        #expect(bytes > (gigabytes << 30) * 6 / 10, "\(bytes >> 20) MiB with \(plan.patchSize), batch \(plan.batchSize)")
    }

    @Test func `A locator has the coarse spacing, and sees the whole median scan where memory allows`() throws {
        let fingerprint = Self.fingerprint([160, 320, 320], [2, 1, 1]), planner = NetworkPlanner(architecture: .monaiUNet)
        let usual = try UNETRPlanner().plan(fingerprint, labels: Self.labels, dataset: "D")
        let plan = try planner.locator(at: 4, fingerprint, labels: Self.labels, dataset: "D"), network = try plan.networkDescription()
        // 320 mm along each axis are 80 voxels.
        #expect(plan.targetSpacing == [4, 4, 4] && plan.patchSize == [80, 80, 80] && plan.batchSize >= 2 && network.architecture == .monaiUNet)
        #expect(try network.trainingBytes(batch: plan.batchSize) <= NetworkPlanner.locatorMemory)
        #expect(plan.labels == usual.labels && plan.normalization == usual.normalization && plan.axisOrder == usual.axisOrder)
        let coarse = try planner.locator(at: 1.5, fingerprint, labels: Self.labels, dataset: "D")
        #expect(coarse.targetSpacing == [2, 1.5, 1.5])
        #expect(try coarse.networkDescription().trainingBytes(batch: coarse.batchSize) <= NetworkPlanner.locatorMemory)
    }

    @Test func `Without a memory the plan of a UNETR++ is the planner's own`() throws {
        let fingerprint = Self.fingerprint([160, 320, 320], [2, 1, 1])
        let own = try UNETRPlanner().plan(fingerprint, labels: Self.labels, dataset: "D")
        #expect(try NetworkPlanner().plan(fingerprint, labels: Self.labels, dataset: "D") == own)
        let published = try NetworkPlanner(preset: .acdc).plan(fingerprint, labels: Self.labels, dataset: "D")
        #expect(published.patchSize == [16, 160, 160] && published.batchSize == 4)
    }

    @Test func `Published settings are made smaller where they do not fit the memory that was named`() throws {
        let fingerprint = Self.fingerprint([160, 320, 320], [2, 1, 1])
        for architecture in [Architecture.unetrPlusPlus, .swinUNETR] {
            let planner = NetworkPlanner(memory: 2 << 30, preset: .synapse, architecture: architecture)
            let plan = try planner.plan(fingerprint, labels: Self.labels, dataset: "D")
            #expect(try plan.networkDescription().trainingBytes(batch: plan.batchSize) <= 2 << 30)
            #expect(plan.patchSize.reduce(1, *) < 64 * 128 * 128)
        }
        let kept = try NetworkPlanner(preset: .synapse, architecture: .swinUNETR).plan(fingerprint, labels: Self.labels, dataset: "D")
        #expect(kept.patchSize == [64, 128, 128], "published settings stay where no memory is named")
    }

    @Test func `A network of one slice at a time gets a whole slice, across the coarsest axis, and batches of many`() throws {
        for preset in [nil, Benchmark.synapse] {
            let planner = NetworkPlanner(memory: 16 << 30, preset: preset, architecture: .swinUNet)
            let plan = try planner.plan(Self.fingerprint([160, 250, 60], [1, 1, 3]), labels: Self.labels, dataset: "D")
            #expect(plan.axisOrder.axes == [2, 0, 1] && plan.patchSize == [1, 160, 256] && plan.batchSize > 8)
            #expect(plan.isTwoDimensional && plan.inference.mirrorAxes == [1, 2])
        }
    }

    @Test func `A plan that gets another network keeps to the memory as well`() throws {
        let plan = try NetworkPlanner(preset: .synapse).plan(Self.fingerprint([160, 320, 320], [2, 1, 1]), labels: Self.labels, dataset: "D")
        let swin = try plan.with(architecture: .swinUNETR, memory: 4 << 30)
        #expect(try swin.networkDescription().trainingBytes(batch: swin.batchSize) <= 4 << 30)
        #expect(try plan.with(architecture: .swinUNETR, memory: nil).patchSize == [64, 128, 128])
    }

    @Test func `Too little memory for the smallest patch is said with what it takes`() throws {
        let planner = NetworkPlanner(memory: 1 << 30, architecture: .nnFormer)
        let error = try #require(throws: PlanError.self) {
            try planner.plan(Self.fingerprint([160, 320, 320], [2, 1, 1]), labels: Self.labels, dataset: "D")
        }
        #expect(error.description.contains("memory is 1024 MiB, but training nnformer with the smallest patch"))
    }
}
