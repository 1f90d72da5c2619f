public import Foundation
import TestSupport
import UNETRArchitectures
import UNETRArchives
import UNETRInference
import UNETRLayers
public import UNETRModels
import UNETRNetworks
public import UNETRPlanning
import UNETRSupport
import UNETRTorch
public import UNETRVolumes

/// The smallest model and scans that go through everything: a patch of 16³, feature size 2, one block a stage.
public enum TinyModel {
    /// A plan with the given structures besides background.
    public static func plan(
        _ structures: [LabelDefinition] = [.init(name: "ball", value: 1)], regionOrder: [Int]? = nil, channelNames: [String] = ["MRI"]
    ) throws -> Plan {
        let labels = LabelSet(definitions: [.init(name: "background", value: 0)] + structures, regionOrder: regionOrder)
        var network = UNETRPlusPlusConfiguration(.synapse)
        network.classes = labels.outputCount
        network.inputChannels = channelNames.count
        network.patchSize = [16, 16, 16]
        network.stem = [2, 2, 2]
        network.featureSize = 2
        network.depths = [1, 1, 1, 1]
        network.decoderDepth = 1
        network.projectedTokens = [8, 8, 8, 1]
        network.decoderProjectedTokens = 8
        return try Plan(
            dataset: "Balls", channelNames: channelNames, labels: labels, targetSpacing: [1, 1, 1], patchSize: [16, 16, 16],
            normalization: channelNames.map { _ in .init(scheme: .zScore) }
        ).with(network: .unetrPlusPlus(network))
    }

    /// A bundle of random weights.
    public static func bundle(_ plan: Plan? = nil, in folder: URL, named name: String = "m", seed: UInt64 = 5) throws -> ModelBundle {
        let plan = try plan ?? self.plan()
        let network = try plan.networkDescription().makeNetwork(generator: Generator(seed: seed))
        return try ModelBundle.write(plan: plan, state: network.store.state(aliases: false), card: "test", to: folder.appending(path: "\(name).unetrpp"))
    }

    /// A bundle whose random weights find every structure of the plan in the scan.
    public static func bundle(_ plan: Plan, findingAllIn scan: Scan, in folder: URL) throws -> ModelBundle {
        for seed in UInt64(1)...200 {
            let bundle = try bundle(plan, in: folder, seed: seed)
            let found = Set(try Segmenter(model: bundle, options: SegmenterOptions(mirroring: false)).segment(scan, name: "s").labels.voxels.map { Int($0) })
            if found.isSuperset(of: plan.labels.foregroundValues) { return bundle }
        }
        fatalError("no weights of 200 find everything")
    }

    /// A bright ball in noise, and where it is. Its place depends on the number.
    public static func ball(_ number: Int) -> (scan: Scan, labels: LabelMap) {
        let size = Size3(18, 17, 19)
        let geometry = Geometry(size: size, affine: [[-1, 0, 0, 9], [0, 1, 0, -8], [0, 0, 1, 7], [0, 0, 0, 1]], spacing: [1, 1, 1])
        let rule = ParityRule("ball \(number)")
        var labels: [Int16] = []
        for z in 0..<size[0] {
            for y in 0..<size[1] {
                for x in 0..<size[2] {
                    let (dz, dy, dx) = (z - 9, y - 8, x - 9 + number % 3)
                    labels.append(dz * dz + dy * dy + dx * dx < 25 ? 1 : 0)
                }
            }
        }
        let voxels = labels.enumerated().map { Float(10 + 5 * rule.unit($0.offset)) + 8 * Float($0.element) }
        return (Scan(geometry: geometry, voxels: voxels), LabelMap(geometry: geometry, voxels: labels))
    }
}
