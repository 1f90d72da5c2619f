import Foundation
import NetworkTestSupport
import Testing
import UNETRArchitectures
import UNETREngines
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRTorchEngine
import UNETRVolumes

@testable import UNETRInference

struct SegmentationMemoryTests {
    @Test func `Memory grows with neither the classes times the scan nor the number of scans`() throws {
        let network = try TinyModel.plan().networkDescription()
        func peak(structures: Int, scans: Int, length: Int) throws -> Int {
            let plan = try TinyModel.plan((1...structures).map { .init(name: "s\($0)", value: $0) })
            let engine = TorchProvider.memory(network, outputs: plan.labels.outputCount, parameters: 1000, isHalf: false)
            let memory = SegmentationMemory(plan: plan, stepFraction: 0.5, engine: engine)
            let geometry = Geometry(size: [length, 256, 256], affine: [], spacing: [1, 1, 1])
            return memory.overlapped(Array(repeating: geometry, count: scans))
        }
        #expect(try peak(structures: 13, scans: 3, length: 300) == peak(structures: 13, scans: 30, length: 300))
        // 87 more classes for slices of 16 (sums), 2 planes of the scan, and twice 64 MB of what is finished, whatever the length.
        let (short, long) = (try peak(structures: 100, scans: 2, length: 300), try peak(structures: 100, scans: 2, length: 1200))
        let (few, many) = (try peak(structures: 13, scans: 2, length: 300), try peak(structures: 13, scans: 2, length: 1200))
        #expect(short - few == long - many)
        #expect(short - few < 4 * 87 * 256 * 256 * 18 + (128 << 20))
    }

    /// What computed.
    enum Engine: Sendable {
        case torch
        case compiled(count: Int, anew: Bool)

        func memory(_ network: NetworkDescription, outputs: Int, _ isHalf: Bool) throws -> EngineMemory {
            let parameters = try network.complexity().parameters
            return switch self {
            case .torch: TorchProvider.memory(network, outputs: outputs, parameters: parameters, isHalf: isHalf)
            case .compiled(let count, let anew):
                OpenVINOProvider.memory(network, outputs: outputs, parameters: parameters, count: count, anew: anew, isHalf: isHalf)
            }
        }
    }

    /// A peak of `unetrpp segment` (resident size, MB of 2²⁰ bytes), one scan, two threads, 2026-11-21, OpenVINO 2026.4.1.
    struct Measured: Sendable, CustomTestStringConvertible {
        var name: String
        var scan: Size3
        var engine: Engine
        var isHalf: Bool
        var peak: Int
        var testDescription: String { "\(name), \(scan), \(engine), \(isHalf ? "bfloat16" : "float32")" }

        /// The network, and a plan of its spacing.
        func memory() throws -> SegmentationMemory {
            let isHippocampus = name == "hippocampus"
            var network = UNETRPlusPlusConfiguration(.synapse)
            if isHippocampus {
                (network.patchSize, network.stem, network.classes, network.depths) = ([48, 64, 48], [2, 2, 2], 3, [1, 1, 1, 1])
                (network.projectedTokens, network.decoderProjectedTokens, network.decoderDepth) = ([32, 32, 32, 32], 32, 1)
            }
            let structures = (1..<network.classes).map { LabelDefinition(name: "\($0)", value: $0) }
            let plan = try Plan(
                dataset: name, channelNames: ["x"], labels: LabelSet(definitions: [.init(name: "background", value: 0)] + structures),
                targetSpacing: spacing, patchSize: network.patchSize, normalization: [.init(scheme: .zScore)])
            let description = NetworkDescription.unetrPlusPlus(network)
            return SegmentationMemory(plan: plan, stepFraction: 0.5, engine: try engine.memory(description, outputs: network.classes, isHalf))
        }

        private var spacing: [Double] { name == "hippocampus" ? [1, 1, 1] : [3, 0.75, 0.75] }
        var geometry: Geometry { Geometry(size: scan, affine: [], spacing: spacing) }
    }

    private static let stored = Engine.compiled(count: 1, anew: false)
    private static let anew = Engine.compiled(count: 1, anew: true)
    static let measured = [
        Measured(name: "synapse", scan: [64, 128, 128], engine: stored, isHalf: true, peak: 801),
        Measured(name: "synapse", scan: [64, 128, 128], engine: anew, isHalf: true, peak: 1308),
        Measured(name: "synapse", scan: [64, 128, 128], engine: stored, isHalf: false, peak: 920),
        Measured(name: "synapse", scan: [64, 128, 128], engine: anew, isHalf: false, peak: 1404),
        Measured(name: "synapse", scan: [64, 128, 128], engine: .torch, isHalf: true, peak: 612),
        Measured(name: "synapse", scan: [64, 128, 128], engine: .torch, isHalf: false, peak: 851),
        Measured(name: "synapse", scan: [150, 512, 512], engine: stored, isHalf: true, peak: 2531),
        Measured(name: "synapse", scan: [150, 512, 512], engine: anew, isHalf: true, peak: 2499),
        Measured(name: "synapse", scan: [150, 320, 320], engine: stored, isHalf: true, peak: 1568),
        Measured(name: "hippocampus", scan: [35, 51, 35], engine: stored, isHalf: true, peak: 312),
        Measured(name: "hippocampus", scan: [35, 51, 35], engine: anew, isHalf: true, peak: 444),
        Measured(name: "hippocampus", scan: [35, 51, 35], engine: stored, isHalf: false, peak: 336),
        Measured(name: "hippocampus", scan: [35, 51, 35], engine: anew, isHalf: false, peak: 478),
        Measured(name: "hippocampus", scan: [35, 51, 35], engine: .torch, isHalf: true, peak: 256),
        Measured(name: "hippocampus", scan: [35, 51, 35], engine: .torch, isHalf: false, peak: 296),
    ]

    @Test("Predictions are near the peaks that were measured, and hardly ever below", arguments: measured)
    func nearMeasured(_ measured: Measured) throws {
        let predicted = try measured.memory().alone([measured.geometry]) >> 20
        #expect(
            Double(predicted) > 0.95 * Double(measured.peak) && Double(predicted) < 1.5 * Double(measured.peak),
            "\(predicted) MB predicted, \(measured.peak) measured")
    }

    @Test func `A CT of 300 slices with 14 classes stays allowed on a machine of 8 GB`() throws {
        for engine in [Self.stored, Self.anew, .torch] {
            let whole = Measured(name: "synapse", scan: [300, 512, 512], engine: engine, isHalf: false, peak: 0)
            #expect(try whole.memory().alone([whole.geometry]) < MemoryLimit(SystemMemory(bytes: 8 << 30, source: .machine)).bytes)
        }
    }

    @Test func `Each compiled network of several keeps inner tensors of its own, and is compiled by itself`() throws {
        func alone(_ count: Int, anew: Bool) throws -> Int {
            let one = Measured(name: "hippocampus", scan: [35, 51, 35], engine: .compiled(count: count, anew: anew), isHalf: false, peak: 0)
            return try one.memory().alone([one.geometry])
        }
        let tensors = try alone(2, anew: false) - alone(1, anew: false)
        #expect(try tensors > 0 && alone(5, anew: false) - alone(1, anew: false) == 4 * tensors)
        #expect(try alone(1, anew: true) > alone(1, anew: false))
    }
}
