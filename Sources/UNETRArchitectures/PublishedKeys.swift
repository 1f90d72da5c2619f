public import UNETRArchives

/// What checkpoints of other programs and versions call a network's tensors.
public protocol PublishedKeys {
    /// This network's key for a key of a published checkpoint; nil for one that such checkpoints hold and no network uses.
    func key(forPublished key: String) -> String?

    /// The value of a tensor that some published checkpoints lack because their network had none; nil for one that must be there.
    func value(ofMissing key: String) -> Double?
}

extension PublishedKeys {
    /// Our key for a key of the published release; nil: the tensor is not needed.
    public func key(forPublished key: String) -> String? { key }
    /// The value of a tensor that the release does not store; nil: it must be there.
    public func value(ofMissing key: String) -> Double? { nil }

    /// A checkpoint under this network's keys: without a prefix "module." of parallel training, and without what no network uses.
    /// - Throws: `StateError` where two keys become one.
    public func translated(_ checkpoint: StateDictionary) throws -> StateDictionary {
        try StateDictionary(
            checkpoint.removingCommonPrefix("module.").entries.compactMap { entry in key(forPublished: entry.key).map { ($0, entry.array) } })
    }
}
