/// What stands in for calls: the few functions the reader knows how to imitate, and a note for everything else.
extension PickleGraph {
    /// The outcome of calling `function`, which is itself a value of the pickle.
    mutating func call(_ function: PickleItem, _ arguments: [PickleItem], at position: Int) throws -> PickleItem {
        guard let global = global(function) else {
            // Calling the result of a call, or a bound method: noted, like everything unknown.
            try charge(elements: arguments.count + 1)
            return try note(PickleGlobal(module: "", name: "(result of a call)"), [function] + arguments)
        }
        return try rebuild(global, arguments, at: position)
    }

    /// The outcome of calling `global`: rebuilt when known, noted otherwise.
    mutating func rebuild(_ global: PickleGlobal, _ arguments: [PickleItem], at position: Int) throws -> PickleItem {
        switch global.path {
        case "collections.OrderedDict", "builtins.dict", "__builtin__.dict":
            return try add(.dictionary(Kept(PendingDictionary(entries: try pairs(global, arguments.first)))))
        case "collections.defaultdict":
            return try add(.dictionary(Kept(PendingDictionary(entries: try pairs(global, arguments.dropFirst().first)))))
        case "builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset":
            guard let items = try elements(arguments.first) else { break }
            return try add(.set(Kept(items)))
        case "builtins.list", "__builtin__.list":
            guard let items = try elements(arguments.first) else { break }
            return try add(.list(Kept(items)))
        case "builtins.tuple", "__builtin__.tuple", "torch.Size":
            guard let items = try elements(arguments.first) else { break }
            return try add(.tuple(items))
        case "_codecs.encode":
            return try add(.bytes(Kept(try encode(global, arguments))))
        case "builtins.bytearray", "__builtin__.bytearray", "builtins.bytes", "__builtin__.bytes":
            if arguments.isEmpty { return try add(.bytes(Kept(StoredBytes([] as [UInt8])))) }
            if let bytes = bytes(arguments[0]) { return try add(.bytes(Kept(bytes))) }
            return try add(.bytes(Kept(try encode(global, arguments))))
        case "copyreg._reconstructor", "copy_reg._reconstructor", "copyreg.__newobj__", "copy_reg.__newobj__":
            guard let type = arguments.first, let named = self.global(type) else { break }
            try charge(elements: arguments.count)
            return try reconstruct(named, Array(arguments.dropFirst()), at: position)
        default:
            if let item = try rebuildTensor(global, arguments) { return item }
            if let item = try rebuildNumPy(global, arguments, at: position) { return item }
        }
        return try note(global, arguments)
    }

    /// `copyreg._reconstructor(class, base, state)`: an instance of a class, made by protocols 0 and 1.
    private mutating func reconstruct(_ global: PickleGlobal, _ arguments: [PickleItem], at position: Int) throws -> PickleItem {
        let containers: Set = ["collections.OrderedDict", "collections.defaultdict"]
        if containers.contains(global.path) { return try add(.dictionary(Kept(PendingDictionary()))) }
        return try note(global, arguments)
    }

    /// A call with keyword arguments: never rebuilt, always noted, the keywords as its entries.
    mutating func callWithKeywords(_ function: PickleItem, _ arguments: [PickleItem], _ keywords: PickleItem) throws -> PickleItem {
        let global = global(function) ?? PickleGlobal(module: "", name: "(result of a call)")
        var object = PendingObject(global: global, arguments: arguments)
        if case .dictionary(let dictionary) = self[keywords] { object.entries = dictionary.value.entries }
        return try add(.object(Kept(object)))
    }

    mutating func note(_ global: PickleGlobal, _ arguments: [PickleItem]) throws -> PickleItem {
        try add(.object(Kept(PendingObject(global: global, arguments: arguments))))
    }

    /// Sets an object's state, as Python's `__setstate__` or `__dict__` would.
    mutating func build(_ target: PickleItem, _ state: PickleItem) throws {
        switch self[target] {
        case .dictionary(let dictionary): dictionary.value.attributes = state
        case .object(let object): object.value.state = state
        case .numberType(let type): setState(of: type, state)
        case .array(let array): try setState(of: array, state)
        case .tensor, .list, .set: break  // attributes of a subclass or a parameter: nothing of the value
        default: throw PickleProblem.wrongTarget("a state")
        }
    }

    /// The elements a list, tuple or set is made from.
    private mutating func elements(_ item: PickleItem?) throws -> [PickleItem]? {
        guard let item else { return [] }
        var items = sequence(item)
        if case .set(let set) = self[item] { items = set.value }
        try charge(elements: items?.count ?? 0)
        return items
    }

    /// Keys and values in turn, from the list of pairs or the dictionary that a dictionary is made of.
    private mutating func pairs(_ global: PickleGlobal, _ item: PickleItem?) throws -> [PickleItem] {
        guard let item else { return [] }
        if case .dictionary(let dictionary) = self[item] {
            try charge(elements: dictionary.value.entries.count)
            return dictionary.value.entries
        }
        let list = sequence(item) ?? [item]
        try charge(elements: 3 * list.count)
        let pairs = list.map { sequence($0) ?? [] }
        guard pairs.allSatisfy({ $0.count == 2 }) else {
            throw PickleProblem.badArguments(global.path, "a list of pairs is expected")
        }
        return pairs.flatMap { $0 }
    }

    /// Python 3 writes bytes in the older protocols as text to be encoded again.
    private mutating func encode(_ global: PickleGlobal, _ arguments: [PickleItem]) throws -> StoredBytes {
        guard arguments.count >= 1, let string = text(arguments[0]) else {
            throw PickleProblem.badArguments(global.path, "text is expected")
        }
        let encoding = arguments.count > 1 ? text(arguments[1]) ?? "" : "utf-8"
        guard encoding.utf8.count <= 40 else { throw PickleProblem.badArguments(global.path, "the name of the encoding is too long") }
        var bytes: [UInt8] = []
        switch encoding.lowercased().replacing("_", with: "-") {
        case "latin1", "latin-1", "iso-8859-1", "iso8859-1", "ascii":
            try charge(string.utf8.count)
            bytes.reserveCapacity(string.utf8.count)
            for scalar in string.unicodeScalars {
                guard let byte = UInt8(exactly: scalar.value) else {
                    throw PickleProblem.badArguments(global.path, "a character beyond \(encoding)")
                }
                bytes.append(byte)
            }
        case "utf-8", "utf8":
            try charge(string.utf8.count)
            bytes = Array(string.utf8)
        default: throw PickleProblem.badArguments(global.path, "the encoding “\(encoding)” is not known")
        }
        return StoredBytes(bytes)
    }
}
