/// A network's state as it stands in a file: arrays by checkpoint key, in order.
public struct StateDictionary: Sendable {
    /// Keys and arrays, in the order of the file.
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

    /// The array under a key.
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
    /// A key occurs twice.
    case duplicateKey(String)
    /// Keys that the network needs and the file lacks.
    case missing([String])
    /// Keys of the file that the network does not know.
    case unexpected([String])
    /// A tensor has another shape than the network's.
    case shape(key: String, found: [Int], expected: [Int])
    /// A tensor has a type that cannot be used.
    case type(key: String, found: String)
    /// Two keys that share one tensor have different values.
    case unequalAliases(key: String, original: String)

    /// One sentence: what is wrong, where, and what to do.
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
