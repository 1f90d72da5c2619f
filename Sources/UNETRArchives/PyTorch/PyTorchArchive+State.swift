extension PyTorchArchive {
    /// Where checkpoints keep the network's weights: PyTorch's habit and nnU-Net v1, nnU-Net v2, and two other habits.
    private static let stateKeys = ["state_dict", "network_weights", "model_state_dict", "model"]

    /// The named arrays of a state dictionary, in its order: of the value itself, or of the checkpoint that holds one.
    ///
    /// Names are as they stand, a prefix `module.` included.
    /// - Throws: `ArchiveError.Problem` when there is none, or when something in it is not a tensor.
    public static func stateDictionary(
        of value: PickleValue
    ) throws(ArchiveError.Problem) -> [(name: String, array: StoredArray)] {
        guard let outer = value.dictionary else { throw .notAStateDictionary("the file holds \(value.kind), not a dictionary") }
        let inner = stateKeys.lazy.compactMap { outer[$0]?.dictionary }.first ?? outer
        guard !inner.pairs.isEmpty else { throw .notAStateDictionary("the dictionary is empty") }
        var tensors: [(name: String, tensor: StoredTensor)] = []
        for (key, value) in inner.pairs {
            guard let name = key.stringValue else { throw .notAStateDictionary("it has a key that is \(key.kind), not text") }
            guard let tensor = value.tensor else { throw .notAStateDictionary("“\(name)” is \(value.kind), not a tensor") }
            tensors.append((name, tensor))
        }
        try checkCopies(tensors.map(\.tensor))
        var arrays: [(name: String, array: StoredArray)] = []
        for (name, tensor) in tensors { arrays.append((name, try tensor.materialized())) }
        return arrays
    }

    /// Copies of scattered views are counted over the whole file: many views, of one storage or of many small ones, would add up to any
    /// amount of memory.
    private static func checkCopies(_ tensors: [StoredTensor]) throws(ArchiveError.Problem) {
        let copied = tensors.filter(\.isCopied)
        var left = StoredTensor.mostRepeatedBytes(distinctBytes(copied.map(\.storage)))
        for tensor in copied {
            guard tensor.byteCount <= left else { throw .expandedTensor(shape: tensor.shape, storageBytes: tensor.storage.count) }
            left -= tensor.byteCount
        }
    }

    /// How many bytes the storages are together, each byte counted once.
    private static func distinctBytes(_ storages: [StoredBytes]) -> Int {
        var total = 0
        for (_, parts) in Dictionary(grouping: storages, by: { ObjectIdentifier($0.owner) }) {
            var end = 0
            for range in parts.map(\.range).sorted(by: { $0.lowerBound < $1.lowerBound }) {
                total += max(range.upperBound - max(range.lowerBound, end), 0)
                end = max(end, range.upperBound)
            }
        }
        return total
    }
}

extension PickleValue {
    /// What the value is, for messages.
    var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a truth value"
        case .int, .bigInt: "an integer"
        case .double: "a number"
        case .string: "text"
        case .bytes: "bytes"
        case .tuple: "a tuple"
        case .list: "a list"
        case .set: "a set"
        case .dictionary: "a dictionary"
        case .tensor: "a tensor"
        case .array: "a NumPy array"
        case .scalar: "a NumPy scalar"
        case .object(let object): "an object of \(object.module).\(object.name)"
        }
    }
}
