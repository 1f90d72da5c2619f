/// Turns the machine's graph into values, once the storages' bytes are known.
///
/// Works from the leaves up along an explicit path instead of by recursion, so that no file can exhaust the stack.
struct PickleResolver {
    /// Deeper nesting is refused: whoever walks the value, and the system when it drops it, does use the stack.
    static let deepest = 100

    private let graph: PickleGraph
    /// The bytes of each storage, by key.
    private let storages: [String: StoredBytes]
    private let isBigEndian: Bool
    /// Values already made, by node: shared parts stay shared.
    private var done: [PickleValue?]

    /// - Throws: `ArchiveError.Problem` when a storage is shorter than the tensors on it need, or values are nested too deeply.
    static func resolve(
        _ item: PickleItem, _ graph: PickleGraph, storages: [String: StoredBytes] = [:], isBigEndian: Bool = false
    ) throws(ArchiveError.Problem) -> PickleValue {
        var resolver = PickleResolver(graph: graph, storages: storages, isBigEndian: isBigEndian)
        if case .node(let root) = item { try resolver.resolve(root) }
        return resolver.value(item)
    }

    private init(graph: PickleGraph, storages: [String: StoredBytes], isBigEndian: Bool) {
        self.graph = graph
        self.storages = storages
        self.isBigEndian = isBigEndian
        done = [PickleValue?](repeating: nil, count: graph.nodes.count)
    }

    /// A node whose parts are being made.
    private struct Step {
        let node: Int
        /// The nodes it holds, the first one last; those not yet made.
        var waiting: [Int]
    }

    /// Makes the value of a node, after those of all nodes it holds.
    private mutating func resolve(_ root: Int) throws(ArchiveError.Problem) {
        var path = [Step(node: root, waiting: try parts(of: graph.nodes[root]))]
        while !path.isEmpty {
            let deepest = path.count - 1
            guard let next = path[deepest].waiting.popLast() else {
                let node = path.removeLast().node
                done[node] = try value(graph.nodes[node])
                continue
            }
            // A node met again on the way to itself is a value that contains itself; it is left out below.
            if done[next] != nil || path.contains(where: { $0.node == next }) { continue }
            if path.count == Self.deepest { throw .tooDeep(Self.deepest) }
            path.append(Step(node: next, waiting: try parts(of: graph.nodes[next])))
        }
    }

    private func charge(_ count: Int, _ each: Int) throws(ArchiveError.Problem) {
        if !graph.budget.spend(count, times: each) { throw .tooCostly }
    }

    /// The nodes that a node holds, the first one last. Charges for the value's elements: several nodes may share one list of them here,
    /// but as values each has its own.
    private func parts(of node: PickleNode) throws(ArchiveError.Problem) -> [Int] {
        switch node {
        case .tuple(let items): try charge(items.count, PickleCost.valueElement)
        case .list(let items), .set(let items): try charge(items.value.count, PickleCost.valueElement)
        case .dictionary(let pending):
            try chargePairs(pending.value.entries)
            if let attributes = pending.value.attributes, case .dictionary(let named) = graph[attributes] {
                try charge(named.value.entries.count / 2, PickleCost.valuePair)
            }
        case .object(let object):
            try charge(object.value.arguments.count + object.value.elements.count, PickleCost.valueElement)
            try chargePairs(object.value.entries)
        case .array, .bytes, .oldString, .global, .storage, .tensor, .numberType: break
        }
        return children(of: node)
    }

    /// The pairs themselves, and the length of each key, which is passed over to find its place.
    private func chargePairs(_ entries: [PickleItem]) throws(ArchiveError.Problem) {
        try charge(entries.count / 2, PickleCost.valuePair)
        for index in stride(from: 0, to: entries.count - 1, by: 2) {
            switch entries[index] {
            case .string(let key): try charge(key.utf8.count, 1)
            case .node(let node):
                if case .oldString(let key) = graph.nodes[node] { try charge(key.bytes.count, 1) }
            default: break
            }
        }
    }

    private func children(of node: PickleNode) -> [Int] {
        let items: [PickleItem] =
            switch node {
            case .tuple(let items): items
            case .list(let items), .set(let items): items.value
            case .dictionary(let pending): pending.value.entries + [pending.value.attributes ?? .none]
            case .object(let object):
                object.value.arguments + object.value.elements + object.value.entries + [object.value.state ?? .none]
            case .array(let array): [array.value.rest ?? .none]
            case .bytes, .oldString, .global, .storage, .tensor, .numberType: []
            }
        return items.reversed().compactMap { if case .node(let index) = $0 { index } else { nil } }
    }

    private func value(_ item: PickleItem) -> PickleValue {
        switch item {
        case .none: .none
        case .bool(let bool): .bool(bool)
        case .int(let int): .int(int)
        case .bigInt(let digits): .bigInt(digits)
        case .double(let double): .double(double)
        case .string(let string): .string(string)
        case .node(let index):
            done[index] ?? .object(PickleObject(PickleGlobal(module: "", name: "(reference to a value that contains it)")))
        }
    }

    private func value(_ node: PickleNode) throws(ArchiveError.Problem) -> PickleValue {
        switch node {
        case .bytes(let bytes): return .bytes(bytes.value)
        case .oldString(let string): return string.text.map { .string($0) } ?? .bytes(string.bytes)
        case .tuple(let items): return .tuple(items.map(value))
        case .list(let items): return .list(items.value.map(value))
        case .set(let items): return .set(items.value.map(value))
        case .dictionary(let pending):
            var dictionary = self.dictionary(pending.value.entries)
            if let attributes = pending.value.attributes, case .dictionary(let named) = value(attributes) {
                dictionary.attributes = named.pairs.compactMap { pair in pair.key.stringValue.map { ($0, pair.value) } }
            }
            return .dictionary(dictionary)
        case .global(let global): return .object(PickleObject(global.value))
        case .object(let pending): return .object(object(pending.value))
        case .storage(let storage): return .tensor(try tensor(whole: storage.value))
        case .tensor(let tensor): return .tensor(try self.tensor(tensor.value))
        case .numberType(let type):
            return .object(PickleObject(PickleGlobal(module: "numpy", name: "dtype"), [.string(type.value.code)]))
        case .array(let array): return self.array(array.value)
        }
    }

    private func dictionary(_ entries: [PickleItem]) -> PickleDictionary {
        var dictionary = PickleDictionary()
        for index in stride(from: 0, to: entries.count - 1, by: 2) {
            dictionary.set(value(entries[index]), value(entries[index + 1]))
        }
        return dictionary
    }

    private func object(_ pending: PendingObject) -> PickleObject {
        var object = PickleObject(pending.global, pending.arguments.map(value))
        object.state = pending.state.map(value)
        object.elements = pending.elements.map(value)
        object.entries = dictionary(pending.entries)
        return object
    }

    private func array(_ pending: PendingArray) -> PickleValue {
        guard let type = pending.type?.scalarType, var bytes = pending.bytes else {
            // Text, dates, structures, Python objects: what there is, under NumPy's name.
            var object = PickleObject(PickleGlobal(module: "numpy", name: "ndarray"), [.tuple(pending.shape.map { .int($0) })])
            if let bytes = pending.bytes { object.state = .bytes(bytes) }
            if let rest = pending.rest.map(value) {
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
