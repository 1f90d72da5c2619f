/// Turns the machine's graph into values, once the storages' bytes are known.
struct PickleResolver {
    /// Deeper nesting is refused, so that walking a value never exhausts the stack.
    static let deepest = 100

    private let graph: PickleGraph
    /// The bytes of each storage, by key.
    private let storages: [String: StoredBytes]
    private let isBigEndian: Bool
    /// Values already made: shared parts stay shared.
    private var done: [Int: PickleValue] = [:]
    /// Nodes being made: meeting one again means that a value contains itself.
    private var open: Set<Int> = []

    /// - Throws: `ArchiveError.Problem` when a storage is shorter than the tensors on it need, or values are nested too deeply.
    static func resolve(
        _ item: PickleItem, _ graph: PickleGraph, storages: [String: StoredBytes] = [:], isBigEndian: Bool = false
    ) throws(ArchiveError.Problem) -> PickleValue {
        var resolver = PickleResolver(graph: graph, storages: storages, isBigEndian: isBigEndian)
        return try resolver.value(item, depth: 0)
    }

    private init(graph: PickleGraph, storages: [String: StoredBytes], isBigEndian: Bool) {
        self.graph = graph
        self.storages = storages
        self.isBigEndian = isBigEndian
    }

    private mutating func value(_ item: PickleItem, depth: Int) throws(ArchiveError.Problem) -> PickleValue {
        switch item {
        case .none: return .none
        case .bool(let bool): return .bool(bool)
        case .int(let int): return .int(int)
        case .bigInt(let digits): return .bigInt(digits)
        case .double(let double): return .double(double)
        case .string(let string): return .string(string)
        case .node(let index):
            if let value = done[index] { return value }
            if depth > Self.deepest { throw .tooDeep(Self.deepest) }
            guard open.insert(index).inserted else {
                return .object(PickleObject(PickleGlobal(module: "", name: "(reference to a value that contains it)")))
            }
            let value = try value(graph.nodes[index], depth: depth + 1)
            open.remove(index)
            done[index] = value
            return value
        }
    }

    private mutating func value(_ node: PickleNode, depth: Int) throws(ArchiveError.Problem) -> PickleValue {
        switch node {
        case .bytes(let bytes): return .bytes(bytes.value)
        case .oldString(let bytes):
            return String(validating: bytes.value.array, as: UTF8.self).map { .string($0) } ?? .bytes(bytes.value)
        case .tuple(let items): return .tuple(try values(items, depth))
        case .list(let items): return .list(try values(items.value, depth))
        case .set(let items): return .set(try values(items.value, depth))
        case .dictionary(let pending):
            var dictionary = try self.dictionary(pending.value.entries, depth)
            if let attributes = pending.value.attributes, case .dictionary(let named) = try value(attributes, depth: depth) {
                dictionary.attributes = named.pairs.compactMap { pair in pair.key.stringValue.map { ($0, pair.value) } }
            }
            return .dictionary(dictionary)
        case .global(let global): return .object(PickleObject(global.value))
        case .object(let pending): return .object(try object(pending.value, depth))
        case .storage(let storage): return .tensor(try tensor(whole: storage.value))
        case .tensor(let tensor): return .tensor(try self.tensor(tensor.value))
        case .numberType(let type):
            return .object(PickleObject(PickleGlobal(module: "numpy", name: "dtype"), [.string(type.value.code)]))
        case .array(let array): return try self.array(array.value, depth)
        }
    }

    private mutating func values(_ items: [PickleItem], _ depth: Int) throws(ArchiveError.Problem) -> [PickleValue] {
        var values: [PickleValue] = []
        values.reserveCapacity(items.count)
        for item in items { values.append(try value(item, depth: depth)) }
        return values
    }

    private mutating func dictionary(_ entries: [PickleItem], _ depth: Int) throws(ArchiveError.Problem) -> PickleDictionary {
        var dictionary = PickleDictionary()
        for index in stride(from: 0, to: entries.count - 1, by: 2) {
            dictionary.set(try value(entries[index], depth: depth), try value(entries[index + 1], depth: depth))
        }
        return dictionary
    }

    private mutating func object(_ pending: PendingObject, _ depth: Int) throws(ArchiveError.Problem) -> PickleObject {
        var object = PickleObject(pending.global, try values(pending.arguments, depth))
        if let state = pending.state { object.state = try value(state, depth: depth) }
        object.elements = try values(pending.elements, depth)
        object.entries = try dictionary(pending.entries, depth)
        return object
    }

    private mutating func array(_ pending: PendingArray, _ depth: Int) throws(ArchiveError.Problem) -> PickleValue {
        guard let type = pending.type?.scalarType, var bytes = pending.bytes else {
            // Text, dates, structures, Python objects: what there is, under NumPy's name.
            var object = PickleObject(PickleGlobal(module: "numpy", name: "ndarray"), [.tuple(pending.shape.map { .int($0) })])
            if let bytes = pending.bytes { object.state = .bytes(bytes) }
            if let rest = pending.rest {
                let rest = try value(rest, depth: depth)
                if case .list(let elements) = rest { object.elements = elements } else { object.state = rest }
            }
            return .object(object)
        }
        if pending.isFortran, !pending.shape.contains(0) {
            bytes = StridedCopy.gather(
                bytes, shape: pending.shape, strides: StridedCopy.fortranStrides(pending.shape), offset: 0, elementSize: type.byteCount)
        }
        if pending.type?.isBigEndian == true { bytes = StridedCopy.swapped(bytes, elementSize: type.byteCount) }
        let array = StoredArray(type, pending.shape, unchecked: bytes)
        return pending.shape.isEmpty ? .scalar(array) : .array(array)
    }

    // MARK: tensors

    private func bytes(of storage: PendingStorage) throws(ArchiveError.Problem) -> StoredBytes {
        guard let bytes = storages[storage.key] else { throw .missingStorage(key: storage.key) }
        let size = storage.type.byteCount
        guard storage.count * size <= bytes.count else {
            throw .shortStorage(key: storage.key, expected: storage.count * size, got: bytes.count)
        }
        let part = storage.view ?? 0..<storage.count
        return bytes[part.lowerBound * size..<part.upperBound * size]
    }

    private func tensor(_ pending: PendingTensor) throws(ArchiveError.Problem) -> StoredTensor {
        StoredTensor(
            scalarType: pending.type, shape: pending.shape, strides: pending.strides, offset: pending.offset,
            storage: try bytes(of: pending.storage), isByteSwapped: isBigEndian && pending.type.byteCount > 1)
    }

    /// A storage saved by itself, as a tensor of one axis.
    private func tensor(whole storage: PendingStorage) throws(ArchiveError.Problem) -> StoredTensor {
        let bytes = try bytes(of: storage)
        var type = ScalarType.uint8
        if case .typed(let known) = storage.type { type = known }
        return StoredTensor(
            scalarType: type, shape: [bytes.count / type.byteCount], strides: [1], offset: 0, storage: bytes,
            isByteSwapped: isBigEndian && type.byteCount > 1)
    }
}

extension PickleObject {
    init(_ global: PickleGlobal, _ arguments: [PickleValue]? = nil) {
        module = global.module
        name = global.name
        self.arguments = arguments
        elements = []
        entries = PickleDictionary()
    }
}
