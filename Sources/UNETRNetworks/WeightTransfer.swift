public import UNETRArchitectures
public import UNETRArchives
import UNETRLayers
import UNETRSupport
public import UNETRTorch

/// The weights of a network as a start for the same network on other data: other classes, channels and patches.
public struct WeightTransfer: Sendable {
    /// The network that the weights are of.
    public let old: NetworkDescription
    /// The network that they are for: the same but for channels, classes and patch.
    public let new: NetworkDescription
    /// For each output of the new network the output of the old one that it goes on from; nil: it begins anew.
    public let outputs: [Int?]

    /// A transfer. `outputs` has an entry for each class of the new network.
    public init(from old: NetworkDescription, to new: NetworkDescription, outputs: [Int?]) {
        precondition(outputs.count == new.classes)
        self.old = old
        self.new = new
        self.outputs = outputs
    }

    /// What became of the weights.
    public struct Result: Sendable {
        /// The weights for the new network, complete.
        public let state: StateDictionary
        /// What could not be taken over as it was, a sentence each.
        public let notes: [String]
    }

    /// The new network's weights.
    ///
    /// - Heads: an output goes on from the one that `outputs` names; the others are drawn anew.
    /// - Layers that see the scan's channels: where the new channels are a multiple of the old ones, their weights are repeated in turn, else each gets the
    ///   mean; scaled by old/new, so that a scan whose channels are equal gives the same response.
    /// - What belongs to tokens (vectors of positions, projections of tokens) is interpolated linearly on their grid.
    /// - All else is taken over where its shape is the same, and drawn anew where it is not.
    /// - Parameters:
    ///   - state: the old network's weights.
    ///   - generator: draws new values.
    /// - Throws: `StateError` for weights that are not the old network's; `ConfigurationError`.
    public func apply(to state: StateDictionary, generator: Generator) throws -> Result {
        let source = try old.makeNetwork(values: .unset)
        let given = try old.load(state, into: source, aliases: false)
        let fresh = try new.makeNetwork(generator: generator)
        let heads = try Self.axes(new, new.adapted(inputChannels: new.inputChannels, classes: new.classes + 1, patchSize: new.patchSize))
        let stems = try Self.axes(new, new.adapted(inputChannels: new.inputChannels + 1, classes: new.classes, patchSize: new.patchSize))
        var notes = Notes()
        let entries = try fresh.store.entries.filter { $0.aliasOf == nil }.map { entry in
            let value = try entry.tensor.detached()
            // Statistics are learned; other buffers follow from the sizes.
            if entry.kind == .buffer, !Self.statistics.contains(where: entry.key.hasSuffix) { return (entry.key, try value.stored()) }
            guard let array = given[entry.key] else {
                notes.anew.append(entry.key)
                return (entry.key, try value.stored())
            }
            let tensor = try Tensor.from(array)
            var moved: Tensor?
            if let axes = heads[entry.key], !keepsOutputs {
                moved = try head(tensor, axes, value)
            } else {
                moved = try body(tensor, stems[entry.key], value, &notes, entry.key)
            }
            if moved == nil { notes.anew.append(entry.key) }
            return (entry.key, try (moved ?? value).to(value.dtype).stored())
        }
        let result = try StateDictionary(entries)
        try fresh.store.load(result)
        let left = source.store.entries.filter { $0.kind == .parameter && $0.aliasOf == nil && fresh.store[$0.key] == nil }.map(\.key)
        return Result(state: result, notes: notes.sentences(old, new, left: left))
    }

    private static let statistics = ["running_mean", "running_var", "num_batches_tracked"]

    /// The axes in which two networks' tensors differ, by key.
    private static func axes(_ one: NetworkDescription, _ other: NetworkDescription) throws -> [String: [Int]] {
        let (store, otherStore) = (try one.makeNetwork(values: .unset).store, try other.makeNetwork(values: .unset).store)
        var axes: [String: [Int]] = [:]
        for entry in store.entries {
            guard let shape = otherStore[entry.key]?.shape, shape.count == entry.tensor.rank else { continue }
            let differing = shape.indices.filter { shape[$0] != entry.tensor.shape[$0] }
            if !differing.isEmpty { axes[entry.key] = differing }
        }
        return axes
    }

    /// Whether every output goes on from the one in its place.
    private var keepsOutputs: Bool { old.classes == new.classes && outputs == Array(0..<new.classes) }

    /// A head's tensor with the outputs that go on; nil where it does not have one entry for each output.
    private func head(_ tensor: Tensor, _ axes: [Int], _ value: Tensor) throws -> Tensor? {
        guard axes.count == 1, let axis = axes.first, Self.agree(tensor.shape, value.shape, but: axis), tensor.shape[axis] == old.classes,
            value.shape[axis] == new.classes
        else { return nil }
        return try Tensor.concatenated(
            outputs.enumerated().map { output, former in
                try former.map { try tensor.to(value.dtype).narrowed(axis, $0..<$0 + 1) } ?? value.narrowed(axis, output..<output + 1)
            }, axis: axis)
    }

    private func body(_ tensor: Tensor, _ channelAxes: [Int]?, _ value: Tensor, _ notes: inout Notes, _ key: String) throws -> Tensor? {
        if tensor.shape == value.shape { return tensor }
        if channelAxes == [1], let adapted = try onChannels(tensor, value.shape) {
            notes.channels.append(key)
            return adapted
        }
        guard let resampled = try onTokens(tensor, value.shape, key) else { return nil }
        notes.tokens.append(key)
        return resampled
    }

    /// The weights of a layer that sees the scan, for another number of channels: of a convolution [O, C, d, h, w], or of a linear layer [O, voxels · C].
    private func onChannels(_ tensor: Tensor, _ shape: [Int]) throws -> Tensor? {
        guard Self.agree(tensor.shape, shape, but: 1) else { return nil }
        if tensor.rank == 2 {
            let voxels = tensor.shape[1] / old.inputChannels
            guard voxels * old.inputChannels == tensor.shape[1], voxels * new.inputChannels == shape[1] else { return nil }
            return try Self.spread(tensor.reshaped([shape[0], voxels, -1]), over: new.inputChannels, axis: 2).reshaped(shape)
        }
        // A network for colors has three channels where the scan has one.
        return tensor.rank == 5 ? try Self.spread(tensor, over: shape[1], axis: 1) : nil
    }

    /// An axis of channels repeated in turn, or their mean, with the same sum.
    private static func spread(_ tensor: Tensor, over count: Int, axis: Int) throws -> Tensor {
        let (former, exact) = (tensor.shape[axis], try tensor.to(.float32))
        let parts =
            count.isMultiple(of: former)
            ? Array(repeating: exact, count: count / former) : Array(repeating: try exact.mean([axis], keep: true), count: count)
        return try Tensor.concatenated(parts, axis: axis) * (Double(former) / Double(count))
    }

    private static func agree(_ one: [Int], _ other: [Int], but axis: Int) -> Bool {
        one.count == other.count && one.indices.allSatisfy { $0 == axis || one[$0] == other[$0] }
    }

    /// A tensor with an axis of tokens, interpolated to another grid of them; nil where no axis is one.
    private func onTokens(_ tensor: Tensor, _ shape: [Int], _ key: String) throws -> Tensor? {
        let axes = shape.indices.filter { shape.count == tensor.rank && shape[$0] != tensor.shape[$0] }
        guard axes.count == 1, let axis = axes.first else { return nil }
        let grids = zip(old.configuration.tokenGrids, new.configuration.tokenGrids)
        guard let (from, to) = grids.first(where: { $0.voxels == tensor.shape[axis] && $1.voxels == shape[axis] }) else { return nil }
        // [..., T, ...] → [1, others, d, h, w] and back.
        let others = shape.indices.filter { $0 != axis }
        let rows = try tensor.to(.float32).permuted(others + [axis]).contiguous().reshaped([1, -1] + from)
        var moved = try rows.upsampledLinear(to: Array(to)).reshaped(others.map { shape[$0] } + [shape[axis]])
        // A matrix sums over the tokens; vectors of positions and biases stand for themselves.
        if key.hasSuffix("weight") || key.hasSuffix("EF") { moved = try moved * (Double(from.voxels) / Double(to.voxels)) }
        var back = Array(repeating: 0, count: shape.count)
        for (place, original) in (others + [axis]).enumerated() { back[original] = place }
        return try moved.permuted(back).contiguous()
    }

    /// What is told in the end, by kind: a network has hundreds of tensors.
    private struct Notes {
        var anew: [String] = []
        var channels: [String] = []
        var tokens: [String] = []

        func sentences(_ old: NetworkDescription, _ new: NetworkDescription, left: [String]) -> [String] {
            func few(_ keys: [String]) -> String { keys.prefix(3).joined(separator: ", ") + (keys.count > 3 ? ", …" : "") }
            func tensors(_ keys: [String]) -> String { "\(keys.count) tensor\(keys.count == 1 ? "" : "s") (\(few(keys)))" }
            var lines: [String] = []
            if !channels.isEmpty {
                let way = new.inputChannels.isMultiple(of: old.inputChannels) ? "repeated" : "averaged"
                lines.append("\(tensors(channels)) for \(old.inputChannels) channels are \(way) and scaled for \(new.inputChannels)")
            }
            if !tokens.isEmpty {
                lines.append("\(tensors(tokens)) for the tokens of a patch of \(old.patchSize) are interpolated to those of \(new.patchSize)")
            }
            if !anew.isEmpty { lines.append("\(tensors(anew)) of another shape are drawn anew") }
            if !left.isEmpty { lines.append("\(tensors(left)) have no place in the new network and are left out") }
            return lines
        }
    }
}
