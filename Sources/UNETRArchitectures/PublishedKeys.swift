/// What checkpoints of other programs and versions call a network's tensors.
public protocol PublishedKeys {
    /// This network's key for a key of a published checkpoint; nil for one that such checkpoints hold and no network uses.
    func key(forPublished key: String) -> String?

    /// The value of a tensor that some published checkpoints lack because their network had none; nil for one that must be there.
    func value(ofMissing key: String) -> Double?
}

extension PublishedKeys {
    public func key(forPublished key: String) -> String? { key }
    public func value(ofMissing key: String) -> Double? { nil }
}
