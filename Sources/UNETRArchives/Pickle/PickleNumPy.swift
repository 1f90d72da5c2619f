/// A NumPy number type as pickled: a kind letter with a size, such as f8, and a byte order.
struct NumPyType {
    /// Longer codes are those of structures, which the reader does not take apart.
    static let longestCode = 20

    var code: String
    var isBigEndian = false
    /// A structured or nested type, which the reader does not take apart.
    var isStructured = false

    /// The type of the elements, where it is a plain number.
    var scalarType: ScalarType? {
        if isStructured { return nil }
        let known: [String: ScalarType] = [
            "f8": .float64, "f4": .float32, "f2": .float16, "i8": .int64, "i4": .int32, "i2": .int16, "i1": .int8,
            "u8": .uint64, "u4": .uint32, "u2": .uint16, "u1": .uint8, "b1": .bool, "?": .bool,
        ]
        return known[code]
    }
}

/// Rebuilding NumPy's arrays, scalars and types.
extension PickleGraph {
    /// What a function of NumPy rebuilds; nil for other functions, and for types of elements the reader does not know.
    mutating func rebuildNumPy(_ global: PickleGlobal, _ arguments: [PickleItem], at position: Int) throws -> PickleItem? {
        switch global.path {
        case "numpy.dtype":
            guard let first = arguments.first, var code = text(first), code.utf8.count <= NumPyType.longestCode else { return nil }
            var type = NumPyType(code: "")
            if let order = code.first, "<>|=".contains(order) {
                type.isBigEndian = order == ">"
                code.removeFirst()
            }
            type.code = code
            return try add(.numberType(Kept(type)))
        case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar":
            return try scalar(arguments, at: position)
        case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
            return try add(.array(Kept(PendingArray(position: position))))
        case "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer":
            // (bytes, type, shape, order): protocol 5.
            guard arguments.count == 4, let bytes = bytes(arguments[0]), case .numberType(let type) = self[arguments[1]],
                let shape = sizes(arguments[2])
            else { return nil }
            return try array(
                PendingArray(
                    shape: shape, type: type.value, isFortran: text(arguments[3]) == "F", bytes: bytes, position: position))
        default: return nil
        }
    }

    private mutating func scalar(_ arguments: [PickleItem], at position: Int) throws -> PickleItem? {
        guard arguments.count == 2, case .numberType(let type) = self[arguments[0]], let bytes = bytes(arguments[1]) else { return nil }
        if type.value.code.first == "U", !type.value.isStructured {
            try charge(2 * bytes.count)
            return .string(Self.wideText(bytes, type.value.isBigEndian))
        }
        if type.value.code.first == "S" { return try add(.bytes(Kept(bytes))) }
        guard type.value.scalarType != nil else { return nil }
        return try array(PendingArray(shape: [], type: type.value, bytes: bytes, position: position))
    }

    /// Adds an array whose bytes have been checked against its shape.
    private mutating func array(_ array: PendingArray) throws -> PickleItem {
        try check(array)
        return try add(.array(Kept(array)))
    }

    private mutating func check(_ array: PendingArray) throws {
        try charge(array.shape.count * PickleCost.axis)
        guard let type = array.type?.scalarType, let bytes = array.bytes else { return }
        guard let expected = Shape.byteCount(array.shape, type) else { throw PickleProblem.shapeOverflow(array.shape) }
        guard expected == bytes.count else {
            throw PickleProblem.badArguments("a NumPy array", "the shape \(array.shape) takes \(expected) bytes, not \(bytes.count)")
        }
        if array.isFortran { try charge(bytes.count) }
        if array.type?.isBigEndian == true { try charge(bytes.count) }
    }

    /// A type's state: (version, byte order, subtype, names, fields, size, alignment, flags).
    func setState(of type: Kept<NumPyType>, _ state: PickleItem) {
        guard let parts = tuple(state), parts.count >= 5 else { return }
        type.value.isBigEndian = text(parts[1]) == ">"
        for part in parts[2...4] {
            if case .none = part { continue }
            type.value.isStructured = true
        }
    }

    /// An array's state: (version, shape, type, Fortran order, bytes or list of objects).
    mutating func setState(of array: Kept<PendingArray>, _ state: PickleItem) throws {
        guard let parts = tuple(state), parts.count == 5, let shape = sizes(parts[1]), case .numberType(let type) = self[parts[2]] else {
            array.value.rest = state
            return
        }
        if case .bool(let isFortran) = parts[3] { array.value.isFortran = isFortran }
        if let flag = int(parts[3]) { array.value.isFortran = flag != 0 }
        array.value.shape = shape
        array.value.type = type.value
        array.value.bytes = bytes(parts[4])
        array.value.rest = array.value.bytes == nil ? parts[4] : nil
        try check(array.value)
    }

    /// NumPy's fixed-width text: UTF-32, padded with zeros.
    private static func wideText(_ bytes: StoredBytes, _ isBigEndian: Bool) -> String {
        bytes.withUnsafeBytes { raw in
            var text = String.UnicodeScalarView()
            for start in stride(from: 0, to: raw.count - 3, by: 4) {
                let stored = raw.loadUnaligned(fromByteOffset: start, as: UInt32.self)
                let value = isBigEndian ? UInt32(bigEndian: stored) : UInt32(littleEndian: stored)
                if value == 0 { break }
                text.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            }
            return String(text)
        }
    }
}
