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
    case oldString(Kept<StoredBytes>)
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

struct PickleGlobal: Hashable {
    var module: String
    var name: String
    var path: String { "\(module).\(name)" }
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
    /// Bytes and elements that may still be made anew (not taken from the file), by decoding, reordering and copying.
    private var allowance: Int

    init(sourceBytes: Int) { allowance = 4 * sourceBytes + 1 << 16 }

    mutating func add(_ node: PickleNode) throws -> PickleItem {
        guard nodes.count < Self.mostNodes else { throw PickleProblem.tooManyObjects(Self.mostNodes) }
        nodes.append(node)
        return .node(nodes.count - 1)
    }

    subscript(item: PickleItem) -> PickleNode? {
        if case .node(let index) = item { nodes[index] } else { nil }
    }

    /// Accounts for bytes or elements to be made. An honest file makes each thing once; a malicious one has its largest list
    /// copied by every second instruction.
    mutating func charge(_ amount: Int) throws {
        allowance -= amount
        if allowance < 0 { throw PickleProblem.tooMuchData }
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

    func ints(_ item: PickleItem) -> [Int]? {
        guard let items = sequence(item) else { return nil }
        let values = items.compactMap(int)
        return values.count == items.count ? values : nil
    }

    func global(_ item: PickleItem) -> PickleGlobal? {
        if case .global(let global) = self[item] { global.value } else { nil }
    }

    func text(_ item: PickleItem) -> String? {
        if case .string(let string) = item { return string }
        if case .oldString(let bytes) = self[item] { return String(exactUTF8: bytes.value.array) }
        return nil
    }

    func bytes(_ item: PickleItem) -> StoredBytes? {
        switch self[item] {
        case .bytes(let bytes), .oldString(let bytes): bytes.value
        default: nil
        }
    }
}
