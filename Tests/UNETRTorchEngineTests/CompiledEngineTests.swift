import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETREngines
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETROpenVINO
import UNETRPlanning
import UNETRSupport
import UNETRTorch
import UNETRTorchEngine

/// Tests that need OpenVINO are skipped where it is absent; `make setup` installs it.
let hasOpenVINO = (try? OpenVINOProvider.besideLibtorch.loadOpenVINO()) != nil

struct CompiledEngineTests {
    static func bundle(_ change: (inout UNETRPlusPlusConfiguration) -> Void = { _ in }, in folder: URL) throws -> ModelBundle {
        let plan = try TinyModel.plan()
        guard var configuration = try plan.networkDescription().configuration as? UNETRPlusPlusConfiguration else { fatalError("TinyModel is a UNETR++") }
        change(&configuration)
        let bundle = try TinyModel.bundle(plan.with(network: .unetrPlusPlus(configuration)), in: folder)
        // Random weights leave the attention at a millionth; the rule's are all of the order of 1.
        let network = try bundle.network.makeNetwork(values: .unset)
        try network.store.fillByRule()
        return try ModelBundle.write(plan: bundle.plan, state: network.store.state(), card: "test", to: bundle.url)
    }

    static func settings(_ choice: EngineChoice = .compiled, _ precision: DType? = nil, cache: URL? = nil) -> EngineSettings {
        var settings = EngineSettings(choice, device: .cpu, mixedPrecision: precision)
        settings.cache = cache
        return settings
    }

    static func engine(for bundle: ModelBundle, _ settings: EngineSettings = CompiledEngineTests.settings(), note: (String) -> Void = { _ in }) throws
        -> any PatchEngine
    {
        try EngineRegistry.all.engine(for: bundle, settings, note: note)
    }

    static func input(_ samples: Int = 1) throws -> FloatArray { try FloatArray(ParityManifest.input([samples, 1, 16, 16, 16])) }

    @Test(
        .enabled(if: hasOpenVINO, "OpenVINO is not installed"),
        arguments: UNETRPlusPlusConfiguration.Variant.allCases, UNETRPlusPlusConfiguration.SpatialOrder.allCases)
    func `Compiled logits are libtorch's`(
        _ variant: UNETRPlusPlusConfiguration.Variant, _ order: UNETRPlusPlusConfiguration.SpatialOrder
    ) throws {
        try Fixtures.withTemporaryFolder { folder in
            let published = UNETRPlusPlusConfiguration(variant)
            let bundle = try Self.bundle(
                {
                    ($0.projection, $0.fusion, $0.residualBlocks) = (published.projection, published.fusion, published.residualBlocks)
                    $0.spatialOrder = order
                }, in: folder)
            let engines = try [EngineChoice.torch, .compiled].map { try Self.engine(for: bundle, Self.settings($0)) { Issue.record("\($0)") } }
            #expect(engines[1] is CompiledEngine)
            let logits = try engines.map { try $0.logits(of: Self.input(2)) }
            #expect(logits[1].shape == [2, 2, 16, 16, 16])
            let values = logits.map { $0.values.map(Double.init) }
            expectClose(values[1], values[0], within: 1e-4, "\(variant), \(order)")
        }
    }

    /// Patch, stem and channels of networks whose full-resolution blocks the kernels take: every length of a block of tiles, one and
    /// several input channels, a patch of several tiles along both axes that are split.
    private static let forKernels: [(patch: Size3, stem: Size3, inputs: Int, classes: Int)] = [
        ([16, 16, 16], [2, 2, 2], 1, 2), ([8, 32, 64], [1, 4, 4], 4, 3), ([32, 16, 48], [4, 2, 2], 2, 17),
    ]

    @Test(.enabled(if: hasOpenVINO, "OpenVINO is not installed"), arguments: forKernels.indices)
    func `The kernels for the full resolution compute what OpenVINO and libtorch compute`(_ index: Int) throws {
        let sizes = Self.forKernels[index]
        var configuration = UNETRPlusPlusConfiguration(.synapse)
        (configuration.patchSize, configuration.stem, configuration.inputChannels) = (sizes.patch, sizes.stem, sizes.inputs)
        (configuration.classes, configuration.depths, configuration.decoderDepth) = (sizes.classes, [1, 1, 1, 1], 1)
        (configuration.projectedTokens, configuration.decoderProjectedTokens) = ([8, 8, 8, 8], 8)
        let network = try UNETRPlusPlus(configuration)
        try network.store.fillByRule()
        let input = try ParityManifest.input([1, sizes.inputs] + sizes.patch)
        let expected = try withoutGradients { try network(input, ForwardPass(), deepSupervision: false)[0].array(of: Double.self) }
        func error(_ precision: CompiledModel.Precision, usesKernels: Bool) throws -> Double {
            let engine = try CompiledEngine(
                .unetrPlusPlus(configuration), weights: { try network.store.state() }, weightsDigest: "",
                library: OpenVINOProvider.besideLibtorch.loadOpenVINO(),
                precision: precision, threads: 2, usesKernels: usesKernels, cache: nil)
            let instructions = precision == .bfloat16 ? "avx512_bf16" : "avx512f"
            #expect(engine.usesKernels == (usesKernels && Processor.current.instructionSets.contains(instructions)))
            return relativeError(try engine.logits(of: FloatArray(input)).values.map(Double.init), expected)
        }
        #expect(try error(.float32, usesKernels: true) < 1e-4)
        // Rounding to bfloat16 is felt as much with the kernels as without them.
        let (with, without) = (try error(.bfloat16, usesKernels: true), try error(.bfloat16, usesKernels: false))
        #expect(with < 1.5 * without, "\(with), OpenVINO alone \(without)")
    }

    @Test(.enabled(if: hasOpenVINO, "OpenVINO is not installed"))
    func `bfloat16 is near float32 and not equal to it`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try Self.bundle(in: folder)
            let values = try [nil, DType.bfloat16].map { precision in
                try Self.engine(for: bundle, Self.settings(.compiled, precision)).logits(of: Self.input()).values.map(Double.init)
            }
            let error = relativeError(values[1], values[0])
            #expect(error < 0.1 && (error > 1e-5 || !Processor.current.hasBFloat16))
        }
    }

    @Test(.enabled(if: hasOpenVINO, "OpenVINO is not installed"))
    func `A processor without bfloat16 gets float32 and a note`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try Self.bundle(in: folder)
            var settings = Self.settings(.compiled, .bfloat16), notes: [String] = []
            settings.processor = Processor(name: "Xeon of 2015", flags: ["avx2", "fma"])
            let engine = try Self.engine(for: bundle, settings) { notes.append($0) }
            #expect(
                notes == [
                    "Xeon of 2015 has no instructions for bfloat16 (AVX-512 BF16 or AMX); the compiled engine computes in float32"
                ])
            let float32 = try Self.engine(for: bundle)
            #expect(engine.summary == float32.summary && engine.summary.hasSuffix(", float32"))
            #expect(try engine.logits(of: Self.input()) == float32.logits(of: Self.input()))
        }
    }

    @Test(.enabled(if: hasOpenVINO, "OpenVINO is not installed"))
    func `The second start comes from the cache with the same bits; what does not fit is compiled anew with a note`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try Self.bundle(in: folder), cache = folder.appending(path: "cache")
            func start(_ expectedNote: String? = nil, cached: Bool) throws -> [Float] {
                var notes: [String] = []
                let engine = try Self.engine(for: bundle, Self.settings(cache: cache)) { notes.append($0) }
                #expect((engine as? CompiledEngine)?.cameFromCache == cached)
                #expect(notes.count == (expectedNote == nil ? 0 : 1) && notes.allSatisfy { $0.contains(expectedNote!) && $0.contains("anew") })
                return try engine.logits(of: Self.input()).values
            }
            let first = try start(cached: false)
            #expect(try start(cached: true) == first)
            let expected = try Self.engine(for: bundle, Self.settings(.torch)).logits(of: Self.input()).values.map(Double.init)
            expectClose(first.map(Double.init), expected, within: 1e-4, "from the cache")

            let file = try #require(try FileManager.default.contentsOfDirectory(at: cache, includingPropertiesForKeys: nil).first)
            let data = try Data(contentsOf: file)
            var flipped = data
            flipped[data.count / 2] ^= 1
            try flipped.write(to: file)
            #expect(try start("damaged", cached: false) == first)
            try data.prefix(data.count / 2).write(to: file)
            #expect(try start("damaged", cached: false) == first)

            for (key, value, note) in [("machine", "Abacus", "for another machine"), ("library", "2026.1", "by OpenVINO 2026.1, here is")] {
                var header = String(decoding: data.prefix(4096), as: UTF8.self)
                let entry = try #require(header.firstMatch(of: try Regex("\"\(key)\":\"[^\"]*\"")))
                let other = "\"\(key)\":\"\(value)\""
                header.replaceSubrange(entry.range, with: other + String(repeating: " ", count: header[entry.range].count - other.count))
                try (Data(header.utf8) + data[4096...]).write(to: file)
                #expect(try start(note, cached: false) == first)
            }
            #expect(try start(cached: true) == first)
        }
    }

    @Test(.enabled(if: hasOpenVINO, "OpenVINO is not installed"))
    func `An input of another size is refused with both sizes`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let engine = try Self.engine(for: Self.bundle(in: folder))
            let error = #expect(throws: OpenVINOError.self) { try engine.logits(of: FloatArray(ParityManifest.input([1, 1, 16, 16, 8]))) }
            #expect("\(error!)" == "the compiled network's input is [1, 1, 16, 16, 8], it was built for [1, 1, 16, 16, 16]")
        }
    }

    @Test(arguments: [(DType.float16, "not in float16"), (nil, "no OpenVINO in /nowhere")])
    func `Where it cannot be had, a note says so and libtorch computes`(_ precision: DType?, _ reason: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            var settings = Self.settings(.compiled, precision), notes: [String] = []
            settings.openVINO = URL(fileURLWithPath: "/nowhere")
            let engine = try Self.engine(for: Self.bundle(in: folder), settings) { notes.append($0) }
            #expect(engine is TorchEngine && notes.count == 1 && notes[0].contains(reason) && notes[0].contains("libtorch engine is used"))
        }
    }

    @Test func `A release of another year is refused with what to do`() {
        let error = #expect(throws: OpenVINOError.self) { try OpenVINOLibrary.check(version: "2024.6.0", path: "/lib/libopenvino_c.so") }
        #expect("\(error!)" == "/lib/libopenvino_c.so is OpenVINO 2024.6.0; a release 2026.x is needed, which `make setup` installs")
        #expect(throws: Never.self) { try OpenVINOLibrary.check(version: "2026.4.1", path: "") }
    }
}
