/// A storage class of PyTorch: what its elements are.
enum StorageType: Equatable {
    case typed(ScalarType)
    /// Bytes whose meaning the tensor gives.
    case untyped
    /// Elements the reader has no type for, of that size.
    case other(String, byteCount: Int)

    init?(_ name: String) {
        let typed: [String: ScalarType] = [
            "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
            "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8,
            "BoolStorage": .bool,
        ]
        let others = [
            "ComplexDoubleStorage": 16, "ComplexFloatStorage": 8, "QInt32Storage": 4, "QInt8Storage": 1, "QUInt8Storage": 1,
            "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
        ]
        if let type = typed[name] {
            self = .typed(type)
        } else if name == "UntypedStorage" {
            self = .untyped
        } else if let size = others[name] {
            self = .other(name, byteCount: size)
        } else {
            return nil
        }
    }

    var byteCount: Int {
        switch self {
        case .typed(let type): type.byteCount
        case .untyped: 1
        case .other(_, let byteCount): byteCount
        }
    }
}

/// Rebuilding PyTorch's tensors and storages from what `torch.save` writes for them.
extension PickleGraph {
    /// PyTorch counts storages, or takes their addresses. The key is looked up once for every tensor.
    static let longestStorageKey = 256

    /// What a persistent identifier stands for: a storage, or a note of something else.
    mutating func persistent(_ identifier: PickleItem, at position: Int) throws -> PickleItem {
        guard let parts = tuple(identifier), parts.count >= 2, let kind = text(parts[0]) else {
            return try note(PickleGlobal(module: "", name: "(persistent identifier)"), [identifier])
        }
        // The older form keeps a module's source beside its class: ('module', class, file, source).
        if kind == "module" { return parts[1] }
        guard kind == "storage", parts.count >= 5, let key = text(parts[2]) ?? int(parts[2]).map(String.init),
            let count = int(parts[4]), let name = global(parts[1])?.name
        else { return try note(PickleGlobal(module: "", name: "(persistent identifier)"), [identifier]) }
        guard let type = StorageType(name) else { return try note(PickleGlobal(module: "torch", name: name), parts) }
        guard key.utf8.count <= Self.longestStorageKey else {
            throw PickleProblem.badArguments("a storage", "its key has \(key.utf8.count) characters")
        }
        guard Shape.elementCount([count, type.byteCount]) != nil else {
            throw PickleProblem.badArguments("a storage", "it cannot have \(count) elements")
        }
        var storage = PendingStorage(key: key, type: type, count: count, view: nil, position: position)
        if parts.count > 5, let view = tuple(parts[5]) {
            guard view.count == 3, let offset = int(view[1]), let length = int(view[2]), offset >= 0, length >= 0,
                offset <= count, length <= count - offset
            else { throw PickleProblem.badArguments("a storage", "its view does not lie within it") }
            storage.view = offset..<offset + length
        }
        storages.append(storage)
        return try add(.storage(Kept(storage)))
    }

    /// The tensor that a function of PyTorch rebuilds; nil for other functions, and for tensors of kinds the reader does not know.
    mutating func rebuildTensor(_ global: PickleGlobal, _ arguments: [PickleItem]) throws -> PickleItem? {
        // (function, type, arguments, state): a subclass or a tensor with attributes; its numbers are what the function gives.
        guard global.path == Self.subclassFunction else { return try rebuildPlainTensor(global, arguments) }
        guard arguments.count >= 3, let function = self.global(arguments[0]), let inner = tuple(arguments[2]) else { return nil }
        guard function.path != Self.subclassFunction else {
            throw PickleProblem.badArguments(global.path, "a tensor of a subclass made from another of its kind")
        }
        return try rebuildPlainTensor(function, inner)
    }

    private static let subclassFunction = "torch._tensor._rebuild_from_type_v2"

    private mutating func rebuildPlainTensor(_ global: PickleGlobal, _ arguments: [PickleItem]) throws -> PickleItem? {
        switch global.path {
        case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
            guard arguments.count >= 4 else { throw PickleProblem.badArguments(global.path, "\(arguments.count) of them") }
            guard case .storage(let storage) = self[arguments[0]], case .typed(let type) = storage.value.type else { return nil }
            return try tensor(global, storage.value, type, arguments)
        case "torch._utils._rebuild_tensor_v3":
            guard arguments.count >= 7 else { throw PickleProblem.badArguments(global.path, "\(arguments.count) of them") }
            guard case .storage(let storage) = self[arguments[0]], let name = self.global(arguments[6])?.name,
                let type = ScalarType(torchName: name)
            else { return nil }
            return try tensor(global, storage.value, type, arguments)
        case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
            guard let data = arguments.first, case .tensor = self[data] else { return nil }
            return data
        default: return nil
        }
    }

    private mutating func tensor(
        _ global: PickleGlobal, _ storage: PendingStorage, _ type: ScalarType, _ arguments: [PickleItem]
    ) throws -> PickleItem {
        guard let offset = int(arguments[1]), let shape = sizes(arguments[2]), let strides = sizes(arguments[3]), shape.count == strides.count
        else { throw PickleProblem.badArguments(global.path, "offset, sizes and strides do not fit together, or have more than \(Shape.mostAxes) axes") }
        try charge(2 * shape.count * PickleCost.axis)
        guard Shape.byteCount(shape, type) != nil else { throw PickleProblem.shapeOverflow(shape) }
        let bytes = (storage.view?.count ?? storage.count) * storage.type.byteCount
        let count = bytes / type.byteCount
        let reach = shape.contains(0) ? offset : StridedCopy.reach(shape, strides, offset: offset)
        guard let reach, offset >= 0, reach <= count else {
            throw PickleProblem.tensorBeyondStorage(shape: shape, strides: strides, offset: offset, storageCount: count)
        }
        return try add(.tensor(Kept(PendingTensor(storage: storage, type: type, shape: shape, strides: strides, offset: offset))))
    }
}

extension ScalarType {
    /// The name of the type in the module `torch`.
    init?(torchName: String) {
        let aliases = ["double": "float64", "float": "float32", "half": "float16", "long": "int64", "int": "int32", "short": "int16"]
        self.init(rawValue: aliases[torchName] ?? torchName)
    }
}
