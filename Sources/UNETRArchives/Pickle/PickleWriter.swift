/// Writes values as a pickle of protocol 2, with the instructions and names that `torch.load(weights_only=True)` accepts.
struct PickleWriter {
    private(set) var bytes: [UInt8] = [Opcode.protocolVersion.rawValue, 2]
    /// The storages the tensors refer to; each one's key is its index.
    private(set) var storages: [StoredBytes] = []
    private var storageKeys: [StorageIdentity: Int] = [:]
    /// Where in the memo texts and names stand that come again and again.
    private var kept: [String: Int] = [:]

    /// Arrays on the same bytes share a storage, as tied weights do in PyTorch.
    private struct StorageIdentity: Hashable {
        var owner: ObjectIdentifier
        var range: Range<Int>
        var type: ScalarType
    }

    typealias Problem = ArchiveError.Problem

    /// The finished pickle.
    mutating func finish() -> [UInt8] {
        bytes.append(UInt8(ascii: "."))
        return bytes
    }

    // MARK: values

    mutating func write(_ value: PickleValue, depth: Int = 0) throws(Problem) {
        if depth > PickleResolver.deepest { throw .tooDeep(PickleResolver.deepest) }
        switch value {
        case .none: write(.none)
        case .bool(let bool): write(bool ? .newTrue : .newFalse)
        case .int(let int): write(int)
        case .double(let double): write(.binFloat, double.bitPattern.byteSwapped)
        case .string(let string): try write(string)
        case .bytes(let stored): try write(stored)
        case .tuple(let elements):
            write(.mark)
            for element in elements { try write(element, depth: depth + 1) }
            write(.tuple)
        case .list(let elements):
            write(.emptyList)
            write(.mark)
            for element in elements { try write(element, depth: depth + 1) }
            write(.appends)
        case .dictionary(let dictionary):
            write(.emptyDictionary)
            write(.mark)
            for (key, value) in dictionary.pairs {
                try write(key, depth: depth + 1)
                try write(value, depth: depth + 1)
            }
            write(.setItems)
        case .tensor(let tensor): try write(try tensor.materialized())
        case .scalar(let scalar) where scalar.scalarType == .bool: write(scalar.ints()[0] == 0 ? .newFalse : .newTrue)
        case .scalar(let scalar) where scalar.scalarType.isFloatingPoint: try write(.double(scalar.doubles()[0]))
        case .scalar(let scalar) where scalar.scalarType != .uint64: write(scalar.ints()[0])
        case .bigInt, .set, .array, .scalar, .object:
            throw .cannotWrite("\(value.kind) is nothing that torch.load(weights_only=True) accepts")
        }
    }

    /// An ordered dictionary of tensors.
    mutating func write(_ arrays: [(name: String, array: StoredArray)]) throws(Problem) {
        writeEmptyOrderedDictionary()
        write(.mark)
        for (name, array) in arrays {
            try write(name)
            try write(array)
        }
        write(.setItems)
    }

    /// A dictionary with an ordered dictionary of tensors under `key`, and more entries.
    mutating func write(
        dictionary key: String, _ arrays: [(name: String, array: StoredArray)], extra: [(key: String, value: PickleValue)]
    ) throws(Problem) {
        write(.emptyDictionary)
        write(.mark)
        try write(key)
        try write(arrays)
        for (key, value) in extra {
            try write(key)
            try write(value)
        }
        write(.setItems)
    }

    /// A tensor on its own storage: `_rebuild_tensor_v2(storage, 0, sizes, strides, False, OrderedDict())`.
    mutating func write(_ array: StoredArray) throws(Problem) {
        let className = array.scalarType.storageClass
        write(global: "torch._utils", className == nil ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2")
        write(.mark)
        let key = storageKey(array)
        write(.mark)
        try writeOnce("storage")
        write(global: className == nil ? "torch.storage" : "torch", className ?? "UntypedStorage")
        try write(String(key))
        try writeOnce("cpu")
        write(className == nil ? array.bytes.count : array.count)
        write(.tuple)
        write(.binPersistentIdentifier)
        write(0)
        for numbers in [array.shape, StridedCopy.contiguousStrides(array.shape)] {
            write(.mark)
            for number in numbers { write(number) }
            write(.tuple)
        }
        write(.newFalse)
        writeEmptyOrderedDictionary()
        if className == nil { write(global: "torch", array.scalarType.rawValue) }
        write(.tuple)
        write(.reduce)
    }

    private mutating func storageKey(_ array: StoredArray) -> Int {
        let identity = StorageIdentity(
            owner: ObjectIdentifier(array.bytes.owner), range: array.bytes.range, type: array.scalarType)
        if array.count > 0, let known = storageKeys[identity] { return known }
        storages.append(array.bytes)
        storageKeys[identity] = storages.count - 1
        return storages.count - 1
    }

    private mutating func writeEmptyOrderedDictionary() {
        write(global: "collections", "OrderedDict")
        write(.emptyTuple)
        write(.reduce)
    }

    // MARK: pieces

    private mutating func write(_ opcode: Opcode) { bytes.append(opcode.rawValue) }

    private mutating func write(_ opcode: Opcode, _ operand: some FixedWidthInteger) {
        write(opcode)
        bytes += LittleEndian.bytes(operand)
    }

    private mutating func write(_ int: Int) {
        if let small = UInt8(exactly: int) {
            write(.binInt1, small)
        } else if let middle = Int32(exactly: int) {
            write(.binInt, middle)
        } else {
            write(.long1, 8 as UInt8)
            bytes += LittleEndian.bytes(Int64(int))
        }
    }

    private mutating func write(_ string: String) throws(Problem) {
        guard let length = UInt32(exactly: string.utf8.count) else { throw .cannotWrite("a text of \(string.utf8.count) bytes") }
        write(.binUnicode, length)
        bytes += Array(string.utf8)
    }

    /// Bytes as Python 3 writes them in protocol 2: `_codecs.encode(text, 'latin1')`.
    private mutating func write(_ stored: StoredBytes) throws(Problem) {
        write(global: "_codecs", "encode")
        var text = String.UnicodeScalarView()
        for byte in stored.array { text.append(Unicode.Scalar(byte)) }
        try write(String(text))
        try writeOnce("latin1")
        write(.tuple2)
        write(.reduce)
    }

    private mutating func write(global module: String, _ name: String) {
        let line = "\(module)\n\(name)\n"
        if fetch(line) { return }
        write(.global)
        bytes += Array(line.utf8)
        keep(line)
    }

    private mutating func writeOnce(_ string: String) throws(Problem) {
        if fetch(string) { return }
        try write(string)
        keep(string)
    }

    private mutating func fetch(_ text: String) -> Bool {
        guard let index = kept[text] else { return false }
        write(.binGet, UInt8(index))  // a few dozen names at most: there are not more types
        return true
    }

    private mutating func keep(_ text: String) {
        kept[text] = kept.count
        write(.binPut, UInt8(kept.count - 1))
    }
}

extension ScalarType {
    /// PyTorch's class for a storage of this type; nil for the types that came after such classes were given up.
    var storageClass: String? {
        switch self {
        case .float64: "DoubleStorage"
        case .float32: "FloatStorage"
        case .float16: "HalfStorage"
        case .bfloat16: "BFloat16Storage"
        case .int64: "LongStorage"
        case .int32: "IntStorage"
        case .int16: "ShortStorage"
        case .int8: "CharStorage"
        case .uint8: "ByteStorage"
        case .bool: "BoolStorage"
        case .uint64, .uint32, .uint16: nil
        }
    }
}
