public import UNETRArchives
public import UNETRTorch

/// A network's state as it stands in a file: arrays by checkpoint key, in order.
public struct StateDictionary: Sendable {
    public private(set) var entries: [(key: String, array: StoredArray)]
    private let indices: [String: Int]

    /// - Throws: `StateError.duplicateKey`.
    public init(_ entries: [(key: String, array: StoredArray)]) throws {
        self.entries = entries
        var indices: [String: Int] = [:]
        for (index, entry) in entries.enumerated() {
            guard indices.updateValue(index, forKey: entry.key) == nil else { throw StateError.duplicateKey(entry.key) }
        }
        self.indices = indices
    }

    public subscript(key: String) -> StoredArray? { indices[key].map { entries[$0].array } }

    /// The values of an array of this shape as float32.
    /// - Throws: `StateError.missing` or `.shape`.
    public func floats(_ key: String, _ shape: [Int]) throws -> [Float] {
        guard let array = self[key] else { throw StateError.missing([key]) }
        guard array.shape == shape else { throw StateError.shape(key: key, found: array.shape, expected: shape) }
        return array.floats()
    }

    /// The same with a prefix that every key has, such as the "module." of parallel training, taken off.
    public func removingCommonPrefix(_ prefix: String) throws -> StateDictionary {
        guard !entries.isEmpty, entries.allSatisfy({ $0.key.hasPrefix(prefix) }) else { return self }
        return try StateDictionary(entries.map { (String($0.key.dropFirst(prefix.count)), $0.array) })
    }
}

/// What differs between a file's state and a network, found before anything is changed.
public enum StateError: Error, Equatable, CustomStringConvertible, Sendable {
    case duplicateKey(String)
    case missing([String])
    case unexpected([String])
    case shape(key: String, found: [Int], expected: [Int])
    case type(key: String, found: String)
    case unequalAliases(key: String, original: String)

    public var description: String {
        func list(_ keys: [String]) -> String {
            keys.prefix(3).joined(separator: ", ") + (keys.count > 3 ? " and \(keys.count - 3) more" : "")
        }
        switch self {
        case .duplicateKey(let key):
            return "the key \(key) stands twice in the weights"
        case .missing(let keys):
            return "the weights lack \(keys.count) tensors of this network: \(list(keys)); do they belong to this configuration?"
        case .unexpected(let keys):
            return "the weights hold \(keys.count) tensors that this network does not have: \(list(keys)); "
                + "do they belong to this configuration?"
        case .shape(let key, let found, let expected):
            return "the tensor \(key) of the weights is \(found), this network's is \(expected); do the patch size, width and classes agree?"
        case .type(let key, let found):
            return "the tensor \(key) of the weights has elements of type \(found), numbers are expected"
        case .unequalAliases(let key, let original):
            return "\(key) and \(original) are one tensor in this variant, but the weights hold different values for them; "
                + "a variant with separate projections (acdc, lung) was perhaps meant"
        }
    }
}

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
