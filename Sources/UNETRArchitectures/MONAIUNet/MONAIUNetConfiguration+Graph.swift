import UNETRGraphs
import UNETRSupport

extension MONAIUNetConfiguration: GraphWritable {
    func logits(of input: Graph.Value, _ writer: NetworkGraphWriter) throws -> Graph.Value {
        func block(_ x: Graph.Value, _ path: String, from inputs: Int, to outputs: Int, stride: Size3) throws -> Graph.Value {
            let settings = unit(stride: stride)
            return residualUnits > 0
                ? try residualUnit(x, path, from: inputs, to: outputs, count: residualUnits, settings, writer)
                : try writer.convolution(x, path, from: inputs, to: outputs, settings)
        }
        var x = input
        let maps = try levels.map { level in
            x = try block(x, "\(level.path).0", from: level.inputs, to: level.channels, stride: level.stride)
            return x
        }
        x = try block(x, bottom, from: channels[channels.count - 2], to: channels[channels.count - 1], stride: [1, 1, 1])
        for (level, map) in zip(levels, maps).reversed() {
            let place = "\(level.path).2", settings = unit(stride: [1, 1, 1])
            x = try writer.convolution(
                writer.builder.concatenated([map, x], axis: 1), residualUnits > 0 ? "\(place).0" : place, from: level.joined, to: level.outputs,
                upsampling(level))
            guard residualUnits > 0 else { continue }
            x = try residualUnit(
                x, "\(place).1", from: level.outputs, to: level.outputs, count: 1, level.isTop ? settings.bare : settings, writer)
        }
        return x
    }

    /// See `ResidualUnit`.
    private func residualUnit(
        _ x: Graph.Value, _ path: String, from inputs: Int, to outputs: Int, count: Int, _ settings: UnitSettings, _ writer: NetworkGraphWriter
    ) throws -> Graph.Value {
        try writer.builder.in(path) {
            let sum = try (0..<count).reduce(x) { x, index in
                var settings = settings
                if index > 0 { settings.stride = [1, 1, 1] }
                return try writer.convolution(x, "\(path).conv.unit\(index)", from: index == 0 ? inputs : outputs, to: outputs, settings)
            }
            let isStrided = settings.stride != [1, 1, 1]
            guard isStrided || inputs != outputs else { return writer.builder.add(sum, x) }
            let shortcut = try writer.convolution(
                x, "\(path).residual", from: inputs, to: outputs, kernel: isStrided ? settings.kernel : [1, 1, 1], stride: settings.stride, bias: true)
            return writer.builder.add(sum, shortcut)
        }
    }
}
