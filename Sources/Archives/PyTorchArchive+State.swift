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
        var arrays: [(name: String, array: StoredArray)] = []
        var allowance: [Storage: Int] = [:]
        for (key, value) in inner.pairs {
            guard let name = key.stringValue else { throw .notAStateDictionary("it has a key that is \(key.kind), not text") }
            guard let tensor = value.tensor else { throw .notAStateDictionary("“\(name)” is \(value.kind), not a tensor") }
            if !tensor.isContiguous {
                // Many scattered views of one storage would multiply the file's size in memory.
                let storage = Storage(tensor.storage)
                let left = allowance[storage, default: StoredTensor.mostRepeatedBytes(tensor.storage.count)] - tensor.byteCount
                guard left >= 0 else { throw .expandedTensor(shape: tensor.shape, storageBytes: tensor.storage.count) }
                allowance[storage] = left
            }
            arrays.append((name, try tensor.materialised()))
        }
        return arrays
    }

    private struct Storage: Hashable {
        let owner: ObjectIdentifier
        let range: Range<Int>

        init(_ bytes: StoredBytes) {
            owner = ObjectIdentifier(bytes.owner)
            range = bytes.range
        }
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
