public import UNETRArchitectures
public import UNETRArchives
import UNETRLayers
import UNETRTorch

extension NetworkDescription {
    /// Fills a network of this description from a checkpoint, whatever released version of its program wrote it.
    ///
    /// A prefix "module." of parallel training is taken off, keys of older versions are translated, and what those versions did not have
    /// gets the value it had in effect. Weights of two-dimensional layers, [O, I, h, w], become those of a depth of 1.
    /// - Parameters:
    ///   - checkpoint: keys and arrays as the checkpoint has them.
    ///   - network: the network to fill.
    ///   - aliases: whether the returned state has tensors with several keys under all of them, or under the first.
    /// - Returns: the checkpoint's values as they are, under the network's keys, in its order and its shapes.
    /// - Throws: `StateError`; the network is unchanged then.
    @discardableResult
    public func load(
        _ checkpoint: StateDictionary, into network: any SegmentationNetwork, aliases: Bool = true
    ) throws -> StateDictionary {
        let rules = configuration
        var entries = try rules.translated(checkpoint).entries
        for (place, entry) in entries.enumerated() where entry.array.shape.count == 4 {
            guard let shape = network.store[entry.key]?.shape, shape.count == 5, shape[2] == 1 else { continue }
            entries[place].array = try entry.array.reshaped(entry.array.shape[..<2] + [1] + entry.array.shape[2...])
        }
        let present = Set(entries.map(\.key))
        for entry in network.store.entries where entry.aliasOf == nil && !present.contains(entry.key) {
            guard let value = rules.value(ofMissing: entry.key) else { continue }
            entries.append((entry.key, try Tensor.full(entry.tensor.shape, value, entry.tensor.dtype).stored()))
        }
        let translated = try StateDictionary(entries)
        try network.store.load(translated)
        return try StateDictionary(
            network.store.entries.filter { aliases || $0.aliasOf == nil }.compactMap { entry in
                (translated[entry.key] ?? entry.aliasOf.flatMap { translated[$0] }).map { (entry.key, $0) }
            })
    }
}
