import Foundation
import Synchronization
import TestSupport
public import Testing
public import UNETRArchives
public import UNETRLayers
public import UNETRNetworks
public import UNETRTorch

/// One run of a reference network: `Tests/Fixtures/parity/NAME.json` and `.safetensors`.
public struct ParityManifest: Sendable {
    /// What is known of a tensor besides its probed values.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    public struct Inner: Decodable, Sendable {
        public var shape: [Int]
        public var float32_relative_error: Double
    }

    private struct Contents: Decodable {
        struct Input: Decodable { var shape: [Int] }
        var input: Input?
        var tensors: [String: Inner]?
        // swift-format-ignore: AlwaysUseLowerCamelCase
        var parameter_count: Int?
    }

    public let name: String
    public let tensors: [String: Inner]
    public let parameterCount: Int?
    /// With an axis for the depth.
    public let inputShape: [Int]?
    /// True if the reference has two-dimensional layers, whose tensors have no axis for the depth.
    private let isFlat: Bool
    /// Keys and shapes in the order of the reference's state dict.
    public let parameters: [(key: String, shape: [Int])]
    public let values: SafetensorsFile

    public init(_ name: String) throws {
        self.name = name
        let data = try Data(contentsOf: Fixtures.url("parity/\(name).json"))
        let contents = try JSONDecoder().decode(Contents.self, from: data)
        tensors = contents.tensors ?? [:]
        parameterCount = contents.parameter_count
        isFlat = contents.input?.shape.count == 4
        inputShape = contents.input.map { input in input.shape.count == 4 ? input.shape[..<2] + [1] + input.shape[2...] : input.shape }
        parameters = try Self.orderedParameters(String(decoding: data, as: UTF8.self))
        values = try SafetensorsFile(contentsOf: Fixtures.url("parity/\(name).safetensors"))
    }

    /// The `parameters` object of the manifest in its own order, which dictionaries lose.
    private static func orderedParameters(_ text: String) throws -> [(key: String, shape: [Int])] {
        let start = text.range(of: "\"parameters\": {")!.upperBound
        let body = text[start...].prefix { $0 != "}" }
        let expression = /"([^"]+)": \[([^\]]*)\]/
        return body.matches(of: expression).map { match in
            (String(match.1), match.2.split { !$0.isNumber }.map { Int($0)! })
        }
    }

    /// The probed values of a tensor: flat indices and float64 values.
    public func probe(_ name: String) throws -> (indices: [Int], values: [Double]) {
        (try values.array("\(name).index").ints(), try values.array("\(name).value").doubles())
    }

    /// The input of the rule.
    public func input(dtype: DType = .float32) throws -> Tensor { try Self.input(inputShape!, dtype: dtype) }

    /// The rule's input of any shape.
    public static func input(_ shape: [Int], name: String = "input", dtype: DType = .float32) throws -> Tensor {
        try Tensor(ParityRule(name).values(shape.reduce(1, *), scale: 2), shape: shape).to(dtype)
    }
}

extension ParameterStore {
    /// Gives every parameter and buffer the value of the rule; tables of whole numbers stay as the network makes them.
    /// - Parameter smallPositions: whether tables of positions have values within 0.1, or those of any weight.
    public func fillByRule(smallPositions: Bool = true) throws {
        try withoutGradients {
            for entry in entries where entry.aliasOf == nil && entry.tensor.dtype.isFloatingPoint {
                let values = ParityRule.parameter(entry.key, shape: entry.tensor.shape, smallPositions: smallPositions)
                try entry.tensor.copyInPlace(Tensor(values, shape: entry.tensor.shape))
            }
        }
    }
}

extension ParityManifest {
    /// Expects the keys, shapes and their order, and the number of parameters, to be the reference's.
    public func expectState(of store: ParameterStore, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(store.entries.map(\.key) == parameters.map(\.key), sourceLocation: sourceLocation)
        #expect(store.entries.map { withoutDepth($0.tensor.shape) } == parameters.map(\.shape), sourceLocation: sourceLocation)
        if let parameterCount { #expect(store.parameterCount == parameterCount, sourceLocation: sourceLocation) }
    }

    /// A map's or a weight's shape as the reference has it.
    private func withoutDepth(_ shape: [Int]) -> [Int] { isFlat && shape.count == 5 ? Array(shape[..<2] + shape[3...]) : shape }

    /// The same, or tokens' [N, 1, h, w, C] as [N, T, C] where the reference has those.
    private func shape(_ found: [Int], like expected: [Int]) -> [Int] {
        isFlat && found.count == 5 && expected.count == 3 ? [found[0], found[1..<4].reduce(1, *), found[4]] : withoutDepth(found)
    }

    /// Expects every output of the network, with the rule's weights on the rule's input, to be the reference's, and so the inner tensors
    /// that the manifest lists.
    ///
    /// A float32 network may make three times the error that the reference itself makes in float32. One in float64 computes the same
    /// numbers as the reference did, and differs by the order of its sums only: 1e-11 is some thousand roundings through all layers.
    /// - Parameters:
    ///   - filling: false for a network that has its weights already.
    ///   - smallPositions: how tables of positions are filled.
    ///   - isSoftMax: true if the reference returns the soft-max of its logits.
    public func expectOutputs(
        of network: any SegmentationNetwork, filling: Bool = true, smallPositions: Bool = true, isSoftMax: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let dtype = network.store.dtype
        if filling { try network.store.fillByRule(smallPositions: smallPositions) }
        let names = Set(tensors.keys.filter { !$0.hasPrefix("w.") })
        let shown = Mutex<[String: (shape: [Int], values: [Double])]>([:])
        let pass = ForwardPass(tap: { name, tensor in
            guard names.contains(name), let probe = try? probe(name), let all = try? tensor.array(of: Double.self) else { return }
            shown.withLock { $0[name] = (tensor.shape, probe.indices.map { all[$0] }) }
        })
        let logits = try withoutGradients { try network(input(dtype: dtype), pass, deepSupervision: true) }
        #expect(logits.count == names.count { $0.hasPrefix("logits") }, sourceLocation: sourceLocation)
        for (level, tensor) in logits.enumerated() {
            let output = try isSoftMax ? tensor.softmax(1) : tensor
            let all = try output.array(of: Double.self), probe = try probe("logits\(level)")
            shown.withLock { $0["logits\(level)"] = (output.shape, probe.indices.map { all[$0] }) }
        }
        for name in names.sorted() {
            let found = try #require(shown.withLock { $0[name] }, "\(name) was not shown", sourceLocation: sourceLocation)
            let expected = try #require(tensors[name], sourceLocation: sourceLocation)
            #expect(shape(found.shape, like: expected.shape) == expected.shape, "\(name)", sourceLocation: sourceLocation)
            expectClose(
                found.values, try probe(name).values, within: dtype == .float64 ? 1e-11 : 3 * expected.float32_relative_error,
                "\(self.name) \(name)", sourceLocation: sourceLocation)
        }
    }
}
