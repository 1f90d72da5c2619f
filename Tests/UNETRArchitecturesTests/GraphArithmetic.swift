import Foundation
import UNETRArchives
import UNETRGraphs

/// Numbers in the order of their shape, the last axis fastest.
struct Numbers {
    var shape: [Int]
    var values: [Double]

    init(_ shape: [Int], _ values: [Double]) {
        precondition(values.count == shape.reduce(1, *), "\(values.count) values for \(shape)")
        (self.shape, self.values) = (shape, values)
    }

    static func strides(_ shape: [Int]) -> [Int] { shape.indices.map { shape[($0 + 1)...].reduce(1, *) } }

    /// Calls `body` with every index of a shape, in order.
    static func forEach(_ shape: [Int], _ body: ([Int]) -> Void) {
        var index = [Int](repeating: 0, count: shape.count)
        for _ in 0..<shape.reduce(1, *) {
            body(index)
            for axis in shape.indices.reversed() {
                index[axis] += 1
                if index[axis] < shape[axis] { break }
                index[axis] = 0
            }
        }
    }

    func map(_ body: (Double) -> Double) -> Numbers { Numbers(shape, values.map(body)) }

    /// The values at the indices that `source` gives for those of a shape.
    func gathered(_ shape: [Int], _ source: ([Int]) -> [Int]?) -> Numbers {
        let strides = Self.strides(self.shape)
        var values: [Double] = []
        Self.forEach(shape) { index in
            values.append(source(index).map { self.values[zip($0, strides).reduce(0) { $0 + $1.0 * $1.1 }] } ?? 0)
        }
        return Numbers(shape, values)
    }

    /// The values at `start` and so many strides from there.
    func strided(_ shape: [Int], from start: Int = 0, by strides: [Int]) -> Numbers {
        var places = [start]
        for (size, stride) in zip(shape, strides) { places = places.flatMap { place in (0..<size).map { place + $0 * stride } } }
        return Numbers(shape, values.withUnsafeBufferPointer { values in places.map { values[$0] } })
    }

    /// Element by element, axes of one element repeated.
    func combined(_ other: Numbers, _ body: (Double, Double) -> Double) -> Numbers {
        if shape == other.shape { return Numbers(shape, zip(values, other.values).map(body)) }
        if other.values.count == 1, other.shape.count <= shape.count { return map { body($0, other.values[0]) } }
        let rank = max(shape.count, other.shape.count)
        let (a, b) = (Array(repeating: 1, count: rank - shape.count) + shape, Array(repeating: 1, count: rank - other.shape.count) + other.shape)
        let result = zip(a, b).map { max($0, $1) }
        func spread(_ numbers: Numbers, _ own: [Int]) -> Numbers {
            own == result ? Numbers(own, numbers.values) : numbers.strided(result, by: zip(own, Self.strides(own)).map { $0 == 1 ? 0 : $1 })
        }
        return Numbers(result, zip(spread(self, a).values, spread(other, b).values).map(body))
    }
}

/// Computes a graph in double precision, operation by operation as the ONNX standard defines them: slow, and with no thought of speed to go wrong.
struct GraphArithmetic {
    struct Unknown: Error { var operation: String }

    let graph: Graph
    private var known: [String: Numbers] = [:]

    /// The graph's first output for its inputs by name.
    static func output(of graph: Graph, _ inputs: [String: Numbers]) throws -> Numbers {
        var arithmetic = GraphArithmetic(graph: graph)
        arithmetic.known = inputs
        for constant in graph.constants { arithmetic.known[constant.value.name] = Numbers(constant.array.shape, constant.array.doubles()) }
        for node in graph.nodes { arithmetic.known[node.output.name] = try arithmetic.result(of: node) }
        return arithmetic.known[graph.outputs[0].value.name]!
    }

    private func result(of node: Graph.Node) throws -> Numbers {
        let inputs = node.inputs.compactMap { known[$0.name] }, x = inputs[0]
        func ints(_ name: String) -> [Int]? {
            switch node.attributes.first(where: { $0.name == name })?.value {
            case .ints(let values): values
            case .int(let value): [value]
            default: nil
            }
        }
        func float(_ name: String) -> Double? {
            if case .float(let value) = node.attributes.first(where: { $0.name == name })?.value { Double(value) } else { nil }
        }
        func whole(_ index: Int) -> [Int] { inputs[index].values.map { Int($0) } }
        func axis(_ axis: Int) -> Int { axis < 0 ? axis + x.shape.count : axis }
        switch node.operation {
        case "Identity": return x
        case "Add": return x.combined(inputs[1], +)
        case "Sub": return x.combined(inputs[1], -)
        case "Mul": return x.combined(inputs[1], *)
        case "Div": return x.combined(inputs[1], /)
        case "Max": return x.combined(inputs[1]) { max($0, $1) }
        case "Sqrt": return x.map { $0.squareRoot() }
        case "Erf": return x.map { erf($0) }
        case "Relu": return x.map { max($0, 0) }
        case "LeakyRelu": return x.map { $0 < 0 ? $0 * float("alpha")! : $0 }
        case "PRelu": return x.combined(inputs[1]) { $0 < 0 ? $0 * $1 : $0 }
        case "Reshape":
            var shape = whole(1).enumerated().map { $1 == 0 ? x.shape[$0] : $1 }
            if let open = shape.firstIndex(of: -1) { shape[open] = x.values.count / shape.reduce(-1, *) }
            return Numbers(shape, x.values)
        case "Unsqueeze":
            var shape = x.shape
            shape.insert(1, at: whole(1)[0])
            return Numbers(shape, x.values)
        case "Squeeze":
            var shape = x.shape
            shape.remove(at: axis(whole(1)[0]))
            return Numbers(shape, x.values)
        case "Transpose":
            let order = ints("perm")!
            return x.strided(order.map { x.shape[$0] }, by: order.map { Numbers.strides(x.shape)[$0] })
        case "Slice":
            let (start, end, along) = (whole(1)[0], whole(2)[0], axis(whole(3)[0]))
            var shape = x.shape
            shape[along] = min(end, shape[along]) - start
            return x.strided(shape, from: start * Numbers.strides(x.shape)[along], by: Numbers.strides(x.shape))
        case "Pad":
            let (rank, pads) = (x.shape.count, whole(1))
            return x.gathered((0..<rank).map { x.shape[$0] + pads[$0] + pads[rank + $0] }) { index in
                let source = (0..<rank).map { index[$0] - pads[$0] }
                return (0..<rank).allSatisfy { (0..<x.shape[$0]).contains(source[$0]) } ? source : nil
            }
        case "Gather":
            let (along, numbers) = (axis(ints("axis")![0]), inputs[1])
            let (rank, strides) = (numbers.shape.count, Numbers.strides(numbers.shape))
            return x.gathered(Array(x.shape[..<along]) + numbers.shape + x.shape[(along + 1)...]) { index in
                let place = zip(index[along..<along + rank], strides).reduce(0) { $0 + $1.0 * $1.1 }
                return Array(index[..<along]) + [Int(numbers.values[place])] + index[(along + rank)...]
            }
        case "Concat":
            let along = axis(ints("axis")![0]), outer = x.shape[..<along].reduce(1, *)
            var shape = x.shape
            shape[along] = inputs.reduce(0) { $0 + $1.shape[along] }
            return Numbers(
                shape,
                (0..<outer).flatMap { block in inputs.flatMap { $0.values[block * ($0.values.count / outer)..<(block + 1) * ($0.values.count / outer)] } })
        case "Softmax":
            return rows(x) { row in
                let top = row.max()!, powers = row.map { exp($0 - top) }, sum = powers.reduce(0, +)
                return powers.map { $0 / sum }
            }
        case "LayerNormalization":
            return rows(x) { row in
                zip(Self.normalized(row, float("epsilon")!), row.indices).map { $0 * inputs[1].values[$1] + inputs[2].values[$1] }
            }
        case "InstanceNormalization", "BatchNormalization":
            let (channels, count) = (x.shape[1], x.shape[2...].reduce(1, *)), epsilon = float("epsilon")!
            return Numbers(
                x.shape,
                (0..<x.shape[0] * channels).flatMap { row -> [Double] in
                    let values = Array(x.values[row * count..<(row + 1) * count]), channel = row % channels
                    let normalized =
                        inputs.count == 3
                        ? Self.normalized(values, epsilon)
                        : values.map { ($0 - inputs[3].values[channel]) / (inputs[4].values[channel] + epsilon).squareRoot() }
                    return normalized.map { $0 * inputs[1].values[channel] + inputs[2].values[channel] }
                })
        case "ReduceSum", "ReduceMean", "ReduceL2":
            let axes = Set(whole(1).map(axis)), shape = x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] }
            let strides = Numbers.strides(shape), count = Double(axes.reduce(1) { $0 * x.shape[$1] })
            var sums = [Double](repeating: 0, count: shape.reduce(1, *))
            let places = Numbers(shape, sums.indices.map(Double.init)).strided(x.shape, by: strides.indices.map { axes.contains($0) ? 0 : strides[$0] })
            for (place, value) in zip(places.values, x.values) { sums[Int(place)] += node.operation == "ReduceL2" ? value * value : value }
            return Numbers(shape, sums.map { node.operation == "ReduceL2" ? $0.squareRoot() : node.operation == "ReduceMean" ? $0 / count : $0 })
        case "MatMul": return product(x, inputs[1])
        case "Conv":
            return convolution(
                x, inputs[1], bias: inputs.count > 2 ? inputs[2] : nil, stride: ints("strides")!, pads: ints("pads")!, groups: ints("group")?[0] ?? 1)
        case "ConvTranspose":
            return transposedConvolution(
                x, inputs[1], bias: inputs.count > 2 ? inputs[2] : nil, stride: ints("strides")!, pads: ints("pads") ?? [0, 0, 0, 0, 0, 0],
                more: ints("output_padding") ?? [0, 0, 0], groups: ints("group")?[0] ?? 1)
        case "AveragePool":
            let block = ints("kernel_shape")!, voxels = Double(block.reduce(1, *))
            let ones = Numbers([x.shape[1], 1] + block, [Double](repeating: 1 / voxels, count: x.shape[1] * block.reduce(1, *)))
            return convolution(x, ones, bias: nil, stride: ints("strides")!, pads: [0, 0, 0, 0, 0, 0], groups: x.shape[1])
        default: throw Unknown(operation: node.operation)
        }
    }

    /// Less its mean, over the root of its variance.
    private static func normalized(_ values: [Double], _ epsilon: Double) -> [Double] {
        let mean = values.reduce(0, +) / Double(values.count), variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        return values.map { ($0 - mean) / (variance + epsilon).squareRoot() }
    }

    private func rows(_ x: Numbers, _ body: ([Double]) -> [Double]) -> Numbers {
        let width = x.shape.last!
        return Numbers(x.shape, (0..<x.values.count / width).flatMap { body(Array(x.values[$0 * width..<($0 + 1) * width])) })
    }

    private func product(_ a: Numbers, _ b: Numbers) -> Numbers {
        let (rows, inner, columns) = (a.shape[a.shape.count - 2], a.shape.last!, b.shape.last!)
        let rank = max(a.shape.count, b.shape.count)
        func batch(_ shape: [Int]) -> [Int] { Array(repeating: 1, count: rank - shape.count) + shape.dropLast(2) }
        let (left, right) = (batch(a.shape), batch(b.shape)), shape = zip(left, right).map { max($0, $1) }
        var values: [Double] = []
        Numbers.forEach(shape) { index in
            func start(_ own: [Int], _ size: Int) -> Int {
                let strides = Numbers.strides(own)
                var place = 0
                for axis in own.indices where own[axis] > 1 { place += index[axis] * strides[axis] }
                return place * size
            }
            let (from, to) = (start(left, rows * inner), start(right, inner * columns))
            for row in 0..<rows {
                for column in 0..<columns {
                    var sum = 0.0
                    for k in 0..<inner { sum += a.values[from + row * inner + k] * b.values[to + k * columns + column] }
                    values.append(sum)
                }
            }
        }
        return Numbers(shape + [rows, columns], values)
    }

    private func convolution(_ x: Numbers, _ weight: Numbers, bias: Numbers?, stride: [Int], pads: [Int], groups: Int) -> Numbers {
        let kernel = Array(weight.shape[2...]), outputs = weight.shape[0], inputs = weight.shape[1]
        let size = (0..<3).map { (axis: Int) -> Int in
            let padded = x.shape[2 + axis] + pads[axis] + pads[3 + axis]
            return (padded - kernel[axis]) / stride[axis] + 1
        }
        let (volume, row) = (x.shape[2...].reduce(1, *), x.shape[4]), plane = x.shape[3] * row
        var values: [Double] = []
        x.values.withUnsafeBufferPointer { x in
            weight.values.withUnsafeBufferPointer { weight in
                Numbers.forEach([self.batch(of: x.count, volume * inputs * groups), outputs] + size) { index in
                    let (sample, output) = (index[0], index[1]), group = output / (outputs / groups)
                    var sum = bias?.values[output] ?? 0
                    for d in 0..<kernel[0] {
                        let z = index[2] * stride[0] + d - pads[0]
                        guard z >= 0, z < volume / plane else { continue }
                        for h in 0..<kernel[1] {
                            let y = index[3] * stride[1] + h - pads[1]
                            guard y >= 0, y < plane / row else { continue }
                            for w in 0..<kernel[2] {
                                let column = index[4] * stride[2] + w - pads[2]
                                guard column >= 0, column < row else { continue }
                                var from = ((sample * groups + group) * inputs) * volume + z * plane + y * row + column
                                var at = output * inputs * kernel[0] * kernel[1] * kernel[2] + (d * kernel[1] + h) * kernel[2] + w
                                for _ in 0..<inputs {
                                    sum += x[from] * weight[at]
                                    from += volume
                                    at += kernel[0] * kernel[1] * kernel[2]
                                }
                            }
                        }
                    }
                    values.append(sum)
                }
            }
        }
        return Numbers([x.shape[0], outputs] + size, values)
    }

    private func batch(of count: Int, _ sample: Int) -> Int { count / sample }

    /// Each input voxel adds the kernel, times its value, to the output.
    private func transposedConvolution(
        _ x: Numbers, _ weight: Numbers, bias: Numbers?, stride: [Int], pads: [Int], more: [Int], groups: Int
    ) -> Numbers {
        let kernel = Array(weight.shape[2...]), outputs = weight.shape[1] * groups, voxels = kernel.reduce(1, *)
        let size = (0..<3).map { (axis: Int) -> Int in
            let reach = (x.shape[2 + axis] - 1) * stride[axis] + kernel[axis]
            return reach - pads[axis] - pads[3 + axis] + more[axis]
        }
        var values = [Double](repeating: 0, count: x.shape[0] * outputs * size.reduce(1, *)), at = 0
        let strides = Numbers.strides([x.shape[0], outputs] + size)
        Numbers.forEach(x.shape) { index in
            let value = x.values[at], group = index[1] / (x.shape[1] / groups)
            at += 1
            for output in 0..<weight.shape[1] {
                Numbers.forEach(kernel) { place in
                    let target = (0..<3).map { (axis: Int) -> Int in index[2 + axis] * stride[axis] + place[axis] - pads[axis] }
                    guard (0..<3).allSatisfy({ (0..<size[$0]).contains(target[$0]) }) else { return }
                    let tap = (place[0] * kernel[1] + place[1]) * kernel[2] + place[2]
                    let channel = group * weight.shape[1] + output
                    let row = index[0] * strides[0] + channel * strides[1] + target[0] * strides[2]
                    let to = row + target[1] * strides[3] + target[2]
                    values[to] += value * weight.values[(index[1] * weight.shape[1] + output) * voxels + tap]
                }
            }
        }
        if let bias { for index in values.indices { values[index] += bias.values[index / strides[1] % outputs] } }
        return Numbers([x.shape[0], outputs] + size, values)
    }
}
