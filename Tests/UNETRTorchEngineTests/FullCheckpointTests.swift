import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRTorch

/// A full-size checkpoint as the published training code leaves it, written on the spot by PyTorch: 43 million values.
@Suite(
    .serialized,
    .enabled(if: FullCheckpoint.isPossible, "set UNETRPP_LONG_TESTS=1; needs a Python with torch (.libtorch/python or UNETRPP_PYTHON)"))
struct FullCheckpointTests {
    @Test("It loads with every key used, set and shape-checked, and the values by the rule", arguments: [["--prefix", "module."], ["--bare"]])
    func loading(options: [String]) throws {
        let network = try UNETRPlusPlus(UNETRPlusPlusConfiguration(.synapse), values: .unset)
        try Fixtures.withTemporaryFolder { folder in
            let file = try FullCheckpoint.make(for: network, options, in: folder)
            let state = try WeightsFile.read(file)
            #expect(state.entries.map(\.key) == network.store.entries.map(\.key))
            try network.store.load(state)
            for entry in network.store.entries {
                let expected = ParityRule.parameter(entry.aliasOf ?? entry.key, shape: entry.tensor.shape)
                #expect(try entry.tensor.detached().array(of: Float.self) == expected, "\(entry.key)")
            }
        }
    }

    @Test("It is refused where the two names of the one projection hold different values")
    func unequalProjections() throws {
        let network = try UNETRPlusPlus(UNETRPlusPlusConfiguration(.synapse), values: .unset)
        try Fixtures.withTemporaryFolder { folder in
            let file = try FullCheckpoint.make(for: network, ["--unequal"], in: folder)
            let prefix = "unetr_pp_encoder.stages.0.0.epa_block."
            #expect(throws: StateError.unequalAliases(key: prefix + "F.weight", original: prefix + "E.weight")) {
                try network.store.load(WeightsFile.read(file))
            }
        }
    }
}

/// Runs make_checkpoint.py.
private enum FullCheckpoint {
    static var python: String? {
        let own = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: ".libtorch/python").path
        return ProcessInfo.processInfo.environment["UNETRPP_PYTHON"] ?? (FileManager.default.isExecutableFile(atPath: own) ? own : nil)
    }

    static var isPossible: Bool { ProcessInfo.processInfo.environment["UNETRPP_LONG_TESTS"] == "1" && python != nil }

    static func make(for network: UNETRPlusPlus, _ options: [String], in folder: URL) throws -> URL {
        let listing = folder.appending(path: "listing.json")
        let rows: [[Any]] = network.store.entries.map { [$0.key, $0.tensor.shape, $0.aliasOf ?? NSNull()] as [Any] }
        try JSONSerialization.data(withJSONObject: rows).write(to: listing)
        let output = folder.appending(path: "model_final_checkpoint.model")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(python))
        process.arguments = [Fixtures.url("checkpoints/make_checkpoint.py").path, listing.path, output.path] + options
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "make_checkpoint.py failed")
        return output
    }
}
