import UNETRSupport

/// What reading one file may cost in memory, for all of its parts together: in proportion to the file's size, with enough at the start for
/// any honest small file.
///
/// Whatever multiplies (unpacking, decoding, instructions of one byte that make an object, shared parts written out) is charged here
/// before it is done, as the bytes it will take at its peak. An honest file makes each thing once and stays far below; a malicious one
/// has its largest list copied by every second instruction. Work that leaves nothing behind, such as hashing a key, is charged by the
/// bytes it passes over, which bounds the time too.
final class ReadingBudget {
    static let bytesPerFileByte = 40
    static let bytesForAnyFile = 40 << 20

    private var left: Int

    init(fileBytes: Int) {
        left = fileBytes.multiplied(checked: Self.bytesPerFileByte)?.adding(checked: Self.bytesForAnyFile) ?? .max
    }

    /// Whether `amount` more bytes may be made; they are then taken as made.
    func spend(_ amount: Int) -> Bool {
        guard amount <= left else {
            left = 0
            return false
        }
        left -= amount
        return true
    }

    /// Charges `count` things of `each` bytes, `count` being anything that a file may say.
    func spend(_ count: Int, times each: Int) -> Bool { spend(count.multiplied(checked: each) ?? .max) }
}

/// What the parts of a pickle take in memory at their peak, in bytes: in the machine, in the graph and as values.
enum PickleCost {
    /// A place on the stack, which grows by doubling.
    static let stackPlace = 48
    static let mark = 24
    static let memoPlace = 96
    /// An element of a list, tuple or set in the graph.
    static let element = 48
    /// The same as a value, with its turn in the resolver.
    static let valueElement = 48
    /// A key and its value in a dictionary of values, with its place in the index.
    static let valuePair = 224
    /// A list of sizes or strides, by axis.
    static let axis = 16

    /// A node itself, its value included, but not what it holds.
    static func node(_ node: PickleNode) -> Int {
        switch node {
        case .tuple: 96
        case .list, .set: 128
        case .dictionary, .bytes, .oldString, .global, .numberType: 192
        case .storage: 384
        case .object, .array: 448
        case .tensor: 512
        }
    }
}
