import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

/// Convolutions of several reaches side by side, and the mean over space, brought together (the ASPP of DeepLabv3+, in three dimensions).
struct AtrousPyramid {
    private let branches: [ConvolutionUnit]
    private let pooled: Convolution
    private let projection: ConvolutionUnit
    private let dropout: Double
    private let path: String

    init(_ scope: Scope, _ configuration: CoTrConfiguration) throws {
        let channels = configuration.hiddenSize
        func unit(_ name: String, from inputs: Int, kernel: Size3, rate: Int = 1) throws -> ConvolutionUnit {
            let place = scope / name
            return try ConvolutionUnit(coTr: (place / "conv", place / "norm"), from: inputs, to: channels, kernel: kernel, rate: rate)
        }
        branches =
            try [unit("branches.0", from: channels, kernel: [1, 1, 1])]
            + CoTrConfiguration.rates.enumerated().map { try unit("branches.\($0 + 1)", from: channels, kernel: [3, 3, 3], rate: $1) }
        pooled = try Convolution(scope / "pooled", from: channels, to: channels, kernel: [1, 1, 1], bias: true, initial: .heNormalBackward)
        projection = try unit("projection", from: (branches.count + 1) * channels, kernel: [1, 1, 1])
        (dropout, path) = (configuration.dropout, scope.path)
    }

    /// [N, C, d, h, w] → the same.
    func callAsFunction(_ x: Tensor, _ pass: ForwardPass) throws -> Tensor {
        // One value for each channel, which a normalization over space would make 0.
        let mean = try pooled(x.mean([2, 3, 4], keep: true)).leakyReLU().expanded(x.shape)
        let joined = try Tensor.concatenated(branches.map { try $0(x, pass) } + [mean], axis: 1)
        return try pass.show(path, pass.dropped(projection(joined, pass), dropout))
    }
}
