import Foundation
import Inference
import Layers
import Networks
import Preparation
import TestSupport
import Torch
import Volumes

/// A tiny model and tiny scans on disk.
enum TinyData {
    static func plan() throws -> Plan {
        var network = UNETRPlusPlusConfiguration(.synapse)
        network.classes = 2
        network.patchSize = [16, 16, 16]
        network.stem = [2, 2, 2]
        network.featureSize = 2
        network.depths = [1, 1, 1, 1]
        network.decoderDepth = 1
        network.projectedTokens = [8, 8, 8, 1]
        network.decoderProjectedTokens = 8
        return try Plan(
            dataset: "Balls", channelNames: ["MRI"],
            labels: LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "ball", value: 1)]),
            targetSpacing: [1, 1, 1], patchSize: [16, 16, 16], normalisation: [.init(scheme: .zScore)]
        ).with(network: .unetrPlusPlus(network))
    }

    static func bundle(in folder: URL) throws -> URL {
        let plan = try plan()
        let network = try plan.networkDescription().makeNetwork(generator: Generator(seed: 5))
        return try ModelBundle.write(plan: plan, state: network.store.state(), card: "test", to: folder.appending(path: "m.unetrpp")).url
    }

    /// A data set of bright balls in noise: images/ and labels/.
    static func dataset(in folder: URL, cases: Int = 6) throws -> URL {
        let root = folder.appending(path: "balls")
        for number in 0..<cases {
            let (scan, labels) = ball(number)
            try NIfTI.write(scan: scan, to: try make(root, "images").appending(path: "case_\(number).nii.gz"))
            try NIfTI.write(labels: labels, to: try make(root, "labels").appending(path: "case_\(number).nii.gz"))
        }
        return root
    }

    private static func make(_ root: URL, _ name: String) throws -> URL {
        let folder = root.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    static func ball(_ number: Int) -> (Scan, LabelMap) {
        let size = [18, 17, 19]
        let geometry = Geometry(
            size: size, affine: [[-1, 0, 0, 9], [0, 1, 0, -8], [0, 0, 1, 7], [0, 0, 0, 1]], spacing: [1, 1, 1])
        let rule = ParityRule("ball \(number)")
        var labels: [Int16] = []
        for z in 0..<size[0] {
            for y in 0..<size[1] {
                for x in 0..<size[2] { labels.append((z - 9) * (z - 9) + (y - 8) * (y - 8) + (x - 9 + number) * (x - 9 + number) < 25 ? 1 : 0) }
            }
        }
        let voxels = labels.enumerated().map { Float(10 + 5 * rule.unit($0.offset)) + 8 * Float($0.element) }
        return (Scan(geometry: geometry, voxels: voxels), LabelMap(geometry: geometry, voxels: labels))
    }
}
