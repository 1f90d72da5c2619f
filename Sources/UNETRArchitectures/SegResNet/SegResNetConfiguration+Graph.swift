import UNETRGraphs
import UNETRSupport

extension SegResNetConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        let builder = writer.builder
        func block(_ x: Graph.Value, _ place: String, _ level: Int) throws -> Graph.Value {
            try builder.in(place) {
                try writer.preactivationBlock(
                    x, norms: ("\(place).norm1", "\(place).norm2"), convolutions: ("\(place).conv1.conv", "\(place).conv2.conv"),
                    channels: channels(level), groups: groups, grid: size(level))
            }
        }
        var x = try writer.convolution(input, "convInit.conv", from: inputChannels, to: featureSize)
        let maps = try depths.enumerated().map { level, depth in
            if level > 0 {
                x = try writer.convolution(x, "down_layers.\(level).0.conv", from: channels(level - 1), to: channels(level), stride: [2, 2, 2])
            }
            x = try (1...depth).reduce(x) { try block($0, "down_layers.\(level).\($1)", level) }
            return x
        }
        for (index, level) in decoderLevels.enumerated() {
            let map = try writer.convolution(x, "up_samples.\(index).0.conv", from: channels(level + 1), to: channels(level), kernel: [1, 1, 1])
            x = builder.add(builder.interpolated(map, [2, 2, 2]), maps[level])
            x = try (0..<decoderDepths[index]).reduce(x) { try block($0, "up_layers.\(index).\($1)", level) }
        }
        let last = builder.relu(try writer.normalized(x, .group(groups), "conv_final.0", featureSize, grid: patchSize))
        return try writer.convolution(last, "conv_final.2.conv", from: featureSize, to: classes, kernel: [1, 1, 1], bias: true)
    }
}
