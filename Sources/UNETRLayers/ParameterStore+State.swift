public import UNETRArchives
public import UNETRTorch

extension ParameterStore {
    /// Fills every parameter and buffer, after checking that every key is used, every tensor set, and every shape equal.
    ///
    /// Values are converted to the store's types. Where the network shares one tensor under several keys, the file's must be equal;
    /// it may hold the first of them only.
    /// - Throws: `StateError`; the network is unchanged then.
    public func load(_ state: StateDictionary) throws {
        let missing = entries.filter { $0.aliasOf == nil && state[$0.key] == nil }.map(\.key)
        guard missing.isEmpty else { throw StateError.missing(missing) }
        let unexpected = state.entries.map(\.key).filter { self[$0] == nil }
        guard unexpected.isEmpty else { throw StateError.unexpected(unexpected) }
        for entry in entries {
            guard let array = state[entry.key] else { continue }  // a second key
            guard array.shape == entry.tensor.shape else {
                throw StateError.shape(key: entry.key, found: array.shape, expected: entry.tensor.shape)
            }
            guard DType(array.scalarType) != nil, array.scalarType != .bool else {
                throw StateError.type(key: entry.key, found: "\(array.scalarType)")
            }
            if let original = entry.aliasOf, array != state[original] {
                throw StateError.unequalAliases(key: entry.key, original: original)
            }
        }
        try withoutGradients {
            for entry in entries where entry.aliasOf == nil {
                try entry.tensor.copyInPlace(Tensor.from(state[entry.key]!))
            }
        }
    }

    /// The state for a file; floating-point tensors converted to `dtype` if one is given.
    /// - Parameter aliases: whether tensors with several keys stand under all of them, as the reference has it, or under the first.
    /// - Parameter dtype: the type of the elements.
    public func state(as dtype: DType? = nil, aliases: Bool = true) throws -> StateDictionary {
        var stored: [String: StoredArray] = [:]
        return try StateDictionary(
            entries.filter { aliases || $0.aliasOf == nil }.map { entry in
                let array =
                    try stored[entry.aliasOf ?? entry.key]
                    ?? entry.tensor.detached().stored(as: entry.tensor.dtype.isFloatingPoint ? dtype : nil)
                stored[entry.key] = array
                return (entry.key, array)
            })
    }
}
