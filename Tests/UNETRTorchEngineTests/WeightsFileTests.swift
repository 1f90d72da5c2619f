import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRSupport
import UNETRTorch

/// Weights from every form of file. `Tests/Fixtures/checkpoints/small.model` was written by PyTorch, see make_checkpoint.py.
struct WeightsFileTests {
    /// The network of `small.json` and `small.model`.
    static let small: UNETRPlusPlusConfiguration = {
        var configuration = UNETRPlusPlusConfiguration(.synapse)
        configuration.classes = 3
        configuration.patchSize = [16, 16, 16]
        configuration.stem = [2, 2, 2]
        configuration.featureSize = 1
        configuration.heads = 2
        configuration.depths = [1, 1, 1, 1]
        configuration.decoderDepth = 1
        configuration.projectedTokens = [4, 4, 4, 4]
        configuration.decoderProjectedTokens = 4
        return configuration
    }()

    private let checkpoint = Fixtures.url("checkpoints/small.model")

    private func network() throws -> UNETRPlusPlus { try UNETRPlusPlus(Self.small, values: .unset) }

    private func bytes(_ network: UNETRPlusPlus) throws -> [[UInt8]] { try network.store.entries.map { try $0.tensor.detached().bytes() } }

    @Test("A checkpoint of PyTorch loads with every key used, every tensor set, and the values by the rule")
    func checkpointOfPyTorch() throws {
        let state = try WeightsFile.read(checkpoint)
        let network = try network()
        #expect(state.entries.map(\.key) == network.store.entries.map(\.key), "module. is taken off, the order is the reference's")
        try network.store.load(state)
        for entry in network.store.entries {
            let expected = ParityRule.parameter(entry.aliasOf ?? entry.key, shape: entry.tensor.shape)
            #expect(try entry.tensor.detached().array(of: Float.self) == expected, "\(entry.key)")
        }
    }

    @Test("Weights come back the same from every form they are written in", arguments: ["a.safetensors", "a.pth", "a.pt", "a.model", "a.BIN"])
    func forms(name: String) throws {
        let (one, other) = (try network(), try network())
        try one.store.load(WeightsFile.read(checkpoint))
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: name)
            try WeightsFile.write(one.store.state(), to: url)
            try other.store.load(WeightsFile.read(url))
            #expect(try bytes(other) == bytes(one))
        }
    }

    @Test("The PyTorch form holds the weights under state_dict")
    func layoutOfPyTorchForm() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "a.pth")
            try WeightsFile.write(StateDictionary([("a.weight", StoredArray([1, 2] as [Float]))]), to: url)
            let value = try PyTorchArchive.read(url)
            #expect(value.dictionary?.pairs.count == 1)
            #expect(try value["state_dict"]?["a.weight"]?.tensor?.materialized().floats() == [1, 2])
        }
    }

    @Test("Files that are not there, of unknown name, or not what their name says are refused with a sentence")
    func refusals() throws {
        try Fixtures.withTemporaryFolder { folder in
            func problem(_ name: String, _ contents: String?) throws -> String {
                let url = folder.appending(path: name)
                if let contents { try Data(contents.utf8).write(to: url) }
                let error = try #require(throws: (any Error).self) { try WeightsFile.read(url) }
                return "\(error)".replacingOccurrences(of: folder.path + "/", with: "")
            }
            #expect(try problem("absent.pth", nil) == "absent.pth: there is no such file or folder")
            #expect(try problem("weights.npz", "x").hasPrefix("weights.npz: the name does not say what it is; expected a bundle"))
            #expect(try problem("text.safetensors", "text").hasPrefix("text.safetensors: not a safetensors file"))
            #expect(try problem("text.pth", "text").hasPrefix("text.pth: not a PyTorch file"))
            #expect(try problem("file.unetrpp", "text").contains("is not a model bundle: it is a file"))
            #expect(try problem("folder", nil) == "folder: there is no such file or folder")
            try FileManager.default.createDirectory(at: folder.appending(path: "empty.unetrpp"), withIntermediateDirectories: true)
            #expect(try problem("empty.unetrpp", nil).contains("plan.json is missing"))
        }
    }

    @Test("A PyTorch file without a state dictionary is refused with its path")
    func noStateDictionary() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "a.pth")
            try PyTorchArchive.write([], under: "state_dict", extra: ["epoch": .int(3)], to: url)
            let error = try #require(throws: ArchiveError.self) { try WeightsFile.read(url) }
            #expect("\(error)".hasPrefix(url.path))
        }
    }

    @Test("Conversion keeps whole numbers and refuses values that do not fit")
    func conversion() throws {
        let state = try StateDictionary([
            ("w", StoredArray([1, 1 + 0x1p-11, .infinity] as [Float])), ("n", StoredArray([7] as [Int64])),
        ])
        let half = try state.converted(to: .float16)
        #expect(half["w"]?.scalarType == .float16 && half["w"]?.floats() == [1, 1, .infinity])
        #expect(half["n"] == state["n"])
        let large = try StateDictionary([("w", StoredArray([1, 1e5, -1e6] as [Float]))])
        #expect(throws: StateConversionError(key: "w", count: 2, dtype: "float16")) { try large.converted(to: .float16) }
        #expect(try large.converted(to: .bfloat16)["w"]?.scalarType == .bfloat16)
    }
}
