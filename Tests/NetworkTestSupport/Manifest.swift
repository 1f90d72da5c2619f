public import Archives
import Foundation
import Layers
public import Networks
import TestSupport
public import Torch

/// One reference run: `Tests/Fixtures/parity/NAME.json` and `.safetensors`.
public struct Manifest: Sendable {
    public struct Inner: Decodable, Sendable {
        public var shape: [Int]
        public var float32_relative_error: Double
    }

    public struct Step: Decodable, Sendable {
        public var loss: Double
        public var gradient_norm: Double
    }

    private struct Contents: Decodable {
        struct Input: Decodable {
            var shape: [Int]
        }
        var variant: String
        var input: Input?
        var tensors: [String: Inner]?
        var parameter_count: Int?
        var image_shape: [Int]?
        var classes: Int?
        var feature_size: Int?
        var depths: [Int]?
        var batch: Int?
        var steps: [Step]?
    }

    public let tensors: [String: Inner]
    public var configuration: UNETRPlusPlusConfiguration
    public let parameterCount: Int?
    public let inputShape: [Int]
    public let steps: [Step]
    /// Keys and shapes in the order of the reference's state dict.
    public let parameters: [(key: String, shape: [Int])]
    public let values: SafetensorsFile

    public init(_ name: String) throws {
        let url = Fixtures.url("parity/\(name).json")
        let data = try Data(contentsOf: url)
        let contents = try JSONDecoder().decode(Contents.self, from: data)
        var configuration = UNETRPlusPlusConfiguration(.init(rawValue: contents.variant)!)
        if let classes = contents.classes { configuration.classes = classes }
        if let featureSize = contents.feature_size { configuration.featureSize = featureSize }
        if let depths = contents.depths { configuration.depths = depths }
        self.configuration = configuration
        tensors = contents.tensors ?? [:]
        parameterCount = contents.parameter_count
        inputShape = contents.input?.shape ?? [contents.batch ?? 1] + (contents.image_shape ?? []).dropFirst()
        steps = contents.steps ?? []
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

    /// The network with the weights of the rule.
    public func network(dtype: DType = .float32) throws -> UNETRPlusPlus {
        let network = try UNETRPlusPlus(configuration, dtype: dtype, values: .unset)
        try withoutGradients {
            for entry in network.store.entries where entry.aliasOf == nil {
                let values = ParityRule.parameter(entry.key, shape: entry.tensor.shape)
                try entry.tensor.copyInPlace(Tensor(values, shape: entry.tensor.shape))
            }
        }
        return network
    }

    /// The input of the rule.
    public func input(_ name: String = "input", dtype: DType = .float32) throws -> Tensor {
        let values = ParityRule(name).values(inputShape.reduce(1, *), scale: 2)
        return try Tensor(values, shape: inputShape).to(dtype)
    }
}
