import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETREngines
import UNETRModels
import UNETROpenVINO
import UNETRPlanning
import UNETRPreparation
import UNETRQuantization
import UNETRSupport
import UNETRTorch
import UNETRTorchEngine
import UNETRVolumes

/// Tests of 8 bits are skipped where OpenVINO is absent or the processor has no products of 8-bit numbers.
private let canQuantize = hasOpenVINO && Processor.current.hasEightBitProducts

struct QuantizationTests {
    /// Compiled networks in a cache of their own, so that tests neither find nor leave anything.
    private static func quantizer(_ bundle: ModelBundle, in folder: URL, scans: Int = 2) throws -> Quantizer {
        let cases = try (0..<scans).map { number in
            let file = folder.appending(path: "scan\(number).nii.gz")
            try NIfTI.write(scan: TinyModel.ball(number).scan, to: file)
            return DatasetCase(name: "scan\(number)", imageURLs: [file])
        }
        return try Quantizer(bundle, scans: cases, provider: .besideLibtorch, settings: CompiledEngineTests.settings())
    }

    private static func settings(eightBits: Bool = true, cache: URL? = nil) -> EngineSettings {
        var settings = CompiledEngineTests.settings(cache: cache)
        settings.usesEightBits = eightBits
        return settings
    }

    @Test(.enabled(if: canQuantize, "OpenVINO or 8-bit products are absent"))
    func `A calibrated model is the old one with its ranges, and is computed in 8 bits where that is wanted`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try CompiledEngineTests.bundle(in: folder), target = folder.appending(path: "m8.unetrpp")
            let quantizer = try Self.quantizer(bundle, in: folder)
            var quantization = try quantizer.calibrate()
            // 18 × 17 × 19 voxels are eight windows of 16³; two scans share 64.
            #expect(quantization.patches == 16 && quantization.scans == ["scan0", "scan1"])
            // Two in each of seven transformer blocks, the second of encoder1, two of decoder2.
            #expect(quantization.ranges.count == 17)
            #expect(quantization.ranges.values.allSatisfy { $0.lowerBound < 0 && $0.upperBound > 0 })
            quantization.report = try quantizer.compare(quantization)
            let saved = try quantizer.save(quantization, to: target, evenIf: true)
            #expect(try Quantization(contentsOf: target.appending(path: "quantization.json")) == quantization)
            #expect(saved.isQuantized && saved.plan == bundle.plan && !bundle.isQuantized)
            for file in ["model.safetensors", "plan.json"] {
                #expect(try Data(contentsOf: target.appending(path: file)) == Data(contentsOf: bundle.url.appending(path: file)))
            }
            let card = try String(contentsOf: target.appending(path: "card.md"), encoding: .utf8)
            #expect(card.hasPrefix("test\n\n## 8 bits\n") && card.contains("| ball | 2 |"))

            let cache = folder.appending(path: "cache"), input = try CompiledEngineTests.input()
            let engines = try [false, true, true].map {
                try CompiledEngineTests.engine(for: saved, Self.settings(eightBits: $0, cache: cache)) { Issue.record("\($0)") }
            }
            #expect(engines.map { $0.summary.contains("8 bits and float32") } == [false, true, true])
            #expect(engines.map { ($0 as? CompiledEngine)?.cameFromCache } == [false, false, true])
            let logits = try engines.map { try $0.logits(of: input).values.map(Double.init) }
            #expect(logits[1] == logits[2])
            let error = relativeError(logits[1], logits[0])
            #expect(error > 1e-4 && error < 0.1, "\(error)")
        }
    }

    @Test(.enabled(if: canQuantize, "OpenVINO or 8-bit products are absent"))
    func `Masks of 8 bits are those of float32, but not on absurd ranges, and then nothing is saved unless asked`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try TinyModel.bundle(TinyModel.plan(), findingAllIn: TinyModel.ball(0).scan, in: folder)
            let quantizer = try Self.quantizer(bundle, in: folder), target = folder.appending(path: "m8.unetrpp")
            var quantization = try quantizer.calibrate()
            let good = try quantizer.compare(quantization)
            #expect(try #require(good.agreement) > 0.97)
            #expect(good.structures.map(\.name) == ["ball"] && good.structures[0].scans == 2)
            #expect(good.secondsInFloat32 > 0 && good.secondsInEightBits > 0)

            quantization.ranges = quantization.ranges.mapValues { _ in -1e4...1e4 }
            quantization.report = try quantizer.compare(quantization)
            let bad = try #require(quantization.report?.agreement)
            #expect(bad < 0.9)
            #expect(throws: QuantizationError.disagreement(found: bad, limit: 0.995)) { try quantizer.save(quantization, to: target) }
            #expect(!FileManager.default.fileExists(atPath: target.path))
            #expect(try quantizer.save(quantization, to: target, evenIf: true).isQuantized)
            #expect(throws: QuantizationError.exists(path: target.path)) { try quantizer.save(quantization, to: target, evenIf: true) }
            quantization.report = nil
            #expect(throws: QuantizationError.nothingToCompare(scans: 2)) {
                try quantizer.save(quantization, to: folder.appending(path: "other.unetrpp"))
            }
        }
    }

    @Test(
        .enabled(if: canQuantize, "OpenVINO or 8-bit products are absent"),
        arguments: [
            ("{", "is damaged"), ("{\"version\": 9}", "has version 9, expected 1"), ("{\"version\": 1}", "is damaged"),
            (#"{"version":1,"weights":"","ranges":{"a":[2,1]},"scans":[],"patches":1}"#, "is damaged"),
            (#"{"version":1,"weights":"0123456789abcdef","ranges":{"a":[1,2]},"scans":[],"patches":1}"#, "other weights"),
        ])
    func `A damaged or foreign file of ranges is named, and the network computed without it`(_ text: String, _ reason: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try CompiledEngineTests.bundle(in: folder)
            try Data(text.utf8).write(to: bundle.url.appending(path: "quantization.json"))
            var notes: [String] = []
            let engine = try CompiledEngineTests.engine(for: bundle, Self.settings()) { notes.append($0) }
            #expect(engine is CompiledEngine && !engine.summary.contains("8 bits"))
            #expect(notes.count == 1 && notes[0].contains("quantization.json") && notes[0].contains(reason))
            #expect(notes[0].contains("quantize the model anew") && notes[0].hasSuffix("; float32 is used"))
        }
    }

    @Test func `A bundle that keeps its ranges under the file's earlier name is read`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try CompiledEngineTests.bundle(in: folder), weights = try SHA256Digest(ofFile: bundle.url.appending(path: "model.safetensors"))
            let text = #"{"version":1,"weights":"\#(weights)","ranges":{"encoder1.weight":[-1,2]},"scans":["scan0"],"patches":8}"#
            try Data(text.utf8).write(to: bundle.url.appending(path: "quantisation.json"))
            #expect(bundle.isQuantized)
            let ranges = try #require(try bundle.quantization()).ranges
            #expect(ranges == ["encoder1.weight": -1...2])
        }
    }

    @Test func `libtorch leaves 8 bits aside and says so`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try CompiledEngineTests.bundle(in: folder)
            try Data("{".utf8).write(to: bundle.url.appending(path: "quantization.json"))
            var settings = CompiledEngineTests.settings(.torch), notes: [String] = []
            #expect(try CompiledEngineTests.engine(for: bundle, settings) { notes.append($0) } is TorchEngine && notes.isEmpty)
            settings.usesEightBits = true
            #expect(try CompiledEngineTests.engine(for: bundle, settings) { notes.append($0) } is TorchEngine)
            #expect(notes == ["\(bundle.url.path): 8 bits are for the compiled engine; libtorch, float32 computes it"])
        }
    }

    @Test(.enabled(if: Processor.current.hasEightBitProducts, "the processor has no 8-bit products"))
    func `What cannot be calibrated is refused before any work`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let plan = try TinyModel.plan(), scan = DatasetCase(name: "s", imageURLs: [folder.appending(path: "s.nii.gz")])
            let bundle = try TinyModel.bundle(plan, in: folder)
            #expect(throws: QuantizationError.noScans) { try Quantizer(bundle, scans: []) }
            var nowhere = CompiledEngineTests.settings()
            nowhere.openVINO = URL(fileURLWithPath: "/nowhere")
            #expect(throws: OpenVINOError.absent(places: ["/nowhere"])) { try Quantizer(bundle, scans: [scan], settings: nowhere) }
            guard hasOpenVINO else { return }
            let depthwise = NetworkDescription.usual(.medNeXt, inputChannels: 1, classes: 2, patchSize: [16, 16, 16])
            let other = try TinyModel.bundle(plan.with(network: depthwise), in: folder, named: "depthwise")
            #expect(throws: QuantizationError.nothingToGain("mednext")) { try Quantizer(other, scans: [scan], provider: .besideLibtorch).calibrate() }
        }
    }
}
