/// A value on the machine's stack: small things themselves, everything that can hold others or can still change by its number.
enum PickleItem {
    case none
    case bool(Bool)
    case int(Int)
    case bigInt(String)
    case double(Double)
    case string(String)
    case node(Int)
}

/// Something with an identity: later instructions may fetch it from the memo and add to it.
///
/// Nodes name each other by number and lie in one list, so a pickle that nests a million lists neither needs a deep stack to be
/// built nor to be thrown away.
enum PickleNode {
    case bytes(Kept<StoredBytes>)
    /// A Python 2 `str`: text or bytes, as whoever uses it needs.
    case oldString(OldString)
    case tuple([PickleItem])
    case list(Kept<[PickleItem]>)
    case set(Kept<[PickleItem]>)
    case dictionary(Kept<PendingDictionary>)
    case global(Kept<PickleGlobal>)
    case object(Kept<PendingObject>)
    case storage(Kept<PendingStorage>)
    case tensor(Kept<PendingTensor>)
    case numberType(Kept<NumPyType>)
    case array(Kept<PendingArray>)
}

/// A box, so that a node stays small and can change in place.
final class Kept<Value> {
    var value: Value
    init(_ value: Value) { self.value = value }
}

/// A Python 2 `str`, turned into text once however many instructions ask for it.
final class OldString {
    let bytes: StoredBytes
    /// Nil when the bytes are not UTF-8.
    private(set) lazy var text = String(exactUTF8: bytes.array)
    init(_ bytes: StoredBytes) { self.bytes = bytes }
}

struct PickleGlobal {
    let module: String
    let name: String
    /// Put together once: a name may be long and called by many instructions.
    let path: String

    init(module: String, name: String) {
        (self.module, self.name) = (module, name)
        path = "\(module).\(name)"
    }
}

struct PendingDictionary {
    /// Keys and values in turn.
    var entries: [PickleItem] = []
    var attributes: PickleItem?
}

struct PendingObject {
    var global: PickleGlobal
    var arguments: [PickleItem] = []
    var state: PickleItem?
    var elements: [PickleItem] = []
    /// Keys and values in turn.
    var entries: [PickleItem] = []
}

/// A storage as its persistent identifier describes it.
struct PendingStorage {
    var key: String
    var type: StorageType
    /// Elements of the whole storage, as the identifier says.
    var count: Int
    /// The elements that are meant, for a view of the older form.
    var view: Range<Int>?
    var position: Int
}

struct PendingTensor {
    var storage: PendingStorage
    var type: ScalarType
    var shape: [Int]
    var strides: [Int]
    var offset: Int
}

struct PendingArray {
    var shape: [Int] = []
    var type: NumPyType?
    var isFortran = false
    /// The elements' bytes; nil for an array of Python objects.
    var bytes: StoredBytes?
    /// The elements of an array of Python objects, or the state that was not understood.
    var rest: PickleItem?
    var position: Int
}

/// All nodes of one pickle.
struct PickleGraph {
    /// More are refused, so that a malicious file cannot ask for much more memory than it is long.
    static let mostNodes = 1 << 24

    private(set) var nodes: [PickleNode] = []
    /// Every storage that was named, in order.
    var storages: [PendingStorage] = []
    let budget: ReadingBudget

    init(_ budget: ReadingBudget) { self.budget = budget }

    mutating func add(_ node: PickleNode) throws -> PickleItem {
        guard nodes.count < Self.mostNodes else { throw PickleProblem.tooManyObjects(Self.mostNodes) }
        try charge(PickleCost.node(node))
        nodes.append(node)
        return .node(nodes.count - 1)
    }

    subscript(item: PickleItem) -> PickleNode? {
        if case .node(let index) = item { nodes[index] } else { nil }
    }

    /// Accounts for bytes to be made.
    func charge(_ bytes: Int) throws {
        if !budget.spend(bytes) { throw PickleProblem.tooMuchData }
    }

    /// Accounts for elements to be put into a list, tuple, set or dictionary.
    func charge(elements count: Int) throws {
        if !budget.spend(count, times: PickleCost.element) { throw PickleProblem.tooMuchData }
    }

    // MARK: what an item is, for those who need a certain kind

    func int(_ item: PickleItem) -> Int? {
        if case .int(let value) = item { value } else { nil }
    }

    func tuple(_ item: PickleItem) -> [PickleItem]? {
        if case .tuple(let items) = self[item] { items } else { nil }
    }

    /// The elements of a list or tuple.
    func sequence(_ item: PickleItem) -> [PickleItem]? {
        if case .list(let list) = self[item] { list.value } else { tuple(item) }
    }

    /// The numbers of a shape or of strides; nil also for more axes than any array has.
    func sizes(_ item: PickleItem) -> [Int]? {
        guard let items = sequence(item), items.count <= Shape.mostAxes else { return nil }
        let values = items.compactMap(int)
        return values.count == items.count ? values : nil
    }

    func global(_ item: PickleItem) -> PickleGlobal? {
        if case .global(let global) = self[item] { global.value } else { nil }
    }

    func text(_ item: PickleItem) -> String? {
        if case .string(let string) = item { return string }
        if case .oldString(let bytes) = self[item] { return bytes.text }
        return nil
    }

    func bytes(_ item: PickleItem) -> StoredBytes? {
        switch self[item] {
        case .bytes(let bytes): bytes.value
        case .oldString(let string): string.bytes
        default: nil
        }
    }
}
