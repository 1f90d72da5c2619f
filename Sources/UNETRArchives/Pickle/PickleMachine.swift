/// The machine that a pickle is a program for, with the one instruction that matters left out: it calls nothing.
///
/// Where Python would import a module and call what it names, the machine looks into a short table of things it can rebuild itself
/// (`PickleRebuilding`), and otherwise notes name and arguments.
/// Source: `pickletools.py` of CPython, protocols 0 to 5.
struct PickleMachine {
    var cursor: PickleCursor
    var graph: PickleGraph
    private var stack: [PickleItem] = []
    /// The most values and marks there have been at once, which is what has been charged for.
    private var highest = (values: 0, marks: 0)
    /// Where in the stack each open mark stands.
    private var marks: [Int] = []
    private var memo: [Int: PickleItem] = [:]

    /// Runs the program that starts at `start`; returns its value, the graph it points into, and where the program ends.
    ///
    /// - Throws: `ArchiveError.Problem.pickle`, with the position of the instruction that failed.
    /// - Parameter budget: that of the whole file, of which the pickle may be a part.
    static func run(_ source: StoredBytes, from start: Int = 0, budget: ReadingBudget) throws -> (item: PickleItem, graph: PickleGraph, end: Int) {
        try source.withUnsafeBytes { raw in
            var machine = PickleMachine(
                cursor: PickleCursor(source, raw, position: start), graph: PickleGraph(budget))
            var position = start
            do {
                while true {
                    position = machine.cursor.position
                    let code = try machine.cursor.byte()
                    if code == UInt8(ascii: ".") { return (try machine.pop(), machine.graph, machine.cursor.position) }
                    try machine.perform(code, at: position)
                    try machine.chargeHeight()
                }
            } catch let problem as PickleProblem {
                throw ArchiveError.Problem.pickle(problem, byte: position)
            }
        }
    }

    private init(cursor: PickleCursor, graph: PickleGraph) {
        self.cursor = cursor
        self.graph = graph
    }

    private mutating func perform(_ code: UInt8, at position: Int) throws {
        guard let opcode = Opcode(rawValue: code) else { throw PickleProblem.unknownOpcode(code) }
        if try pushConstant(opcode) { return }
        if try pushText(opcode) { return }
        if try moveOnStack(opcode) { return }
        if try buildContainer(opcode) { return }
        try buildObject(opcode, at: position)
    }

    /// Charges for what the stack has grown by, beyond what it has ever been.
    private mutating func chargeHeight() throws {
        if stack.count > highest.values {
            try graph.charge((stack.count - highest.values) * PickleCost.stackPlace)
            highest.values = stack.count
        }
        if marks.count > highest.marks {
            try graph.charge((marks.count - highest.marks) * PickleCost.mark)
            highest.marks = marks.count
        }
    }

    // MARK: stack

    mutating func push(_ item: PickleItem) { stack.append(item) }

    mutating func push(_ node: PickleNode) throws { stack.append(try graph.add(node)) }

    mutating func pop() throws -> PickleItem {
        guard stack.count > (marks.last ?? 0) else { throw PickleProblem.emptyStack }
        return stack.removeLast()
    }

    func top() throws -> PickleItem {
        guard stack.count > (marks.last ?? 0), let item = stack.last else { throw PickleProblem.emptyStack }
        return item
    }

    /// What was pushed since the last mark; the mark is gone.
    mutating func popToMark() throws -> [PickleItem] {
        guard let mark = marks.popLast() else { throw PickleProblem.noMark }
        try graph.charge(elements: stack.count - mark)
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    // MARK: instructions

    private mutating func pushConstant(_ opcode: Opcode) throws -> Bool {
        switch opcode {
        case .none: push(.none)
        case .newTrue: push(.bool(true))
        case .newFalse: push(.bool(false))
        case .binInt: push(.int(try cursor.integer(Int32.self)))
        case .binInt1: push(.int(try cursor.integer(UInt8.self)))
        case .binInt2: push(.int(try cursor.integer(UInt16.self)))
        case .int:
            // Protocol 0 writes booleans as the integers 00 and 01.
            let start = cursor
            switch try cursor.line() {
            case [0x30, 0x30]: push(.bool(false))
            case [0x30, 0x31]: push(.bool(true))
            default:
                cursor = start
                push(try cursor.decimalLine())
            }
        case .long: push(try cursor.decimalLine())
        case .long1: push(try cursor.longInteger(try cursor.integer(UInt8.self)))
        case .long4: push(try cursor.longInteger(try cursor.integer(Int32.self)))
        case .float:
            let text = try cursor.textLine()
            guard text.utf8.count <= PickleCursor.longestNumber, let value = Double(text) else { throw PickleProblem.badText(String(text.prefix(40))) }
            push(.double(value))
        case .binFloat: push(.double(try cursor.double()))
        default: return false
        }
        return true
    }

    private mutating func pushText(_ opcode: Opcode) throws -> Bool {
        switch opcode {
        case .unicode: try push(text: try PickleText.rawUnicodeEscape(try cursor.line()))
        case .binUnicode: try push(text: try cursor.text(try cursor.integer(UInt32.self)))
        case .shortBinUnicode: try push(text: try cursor.text(try cursor.integer(UInt8.self)))
        case .binUnicode8: try push(text: try cursor.text(try cursor.integer(UInt64.self)))
        case .string: try push(oldString: StoredBytes(try PickleText.quoted(try cursor.line())))
        case .binString: try push(oldString: try cursor.bytes(try cursor.integer(Int32.self)))
        case .shortBinString: try push(oldString: try cursor.bytes(try cursor.integer(UInt8.self)))
        case .binBytes: try push(.bytes(Kept(try cursor.bytes(try cursor.integer(UInt32.self)))))
        case .shortBinBytes: try push(.bytes(Kept(try cursor.bytes(try cursor.integer(UInt8.self)))))
        case .binBytes8, .byteArray8: try push(.bytes(Kept(try cursor.bytes(try cursor.integer(UInt64.self)))))
        default: return false
        }
        return true
    }

    private mutating func push(text: String) throws {
        try graph.charge(2 * text.utf8.count)
        push(.string(text))
    }

    private mutating func push(oldString bytes: StoredBytes) throws {
        try graph.charge(2 * bytes.count)  // for itself, and for the text it may be asked for
        try push(.oldString(OldString(bytes)))
    }

    private mutating func moveOnStack(_ opcode: Opcode) throws -> Bool {
        switch opcode {
        case .protocolVersion:
            let version = try cursor.integer(UInt8.self)
            guard version <= 5 else { throw PickleProblem.unknownProtocol(version) }
        case .frame:
            let length = try cursor.integer(UInt64.self)
            guard length <= cursor.left else { throw PickleProblem.truncated(needed: length, left: cursor.left) }
        case .mark: marks.append(stack.count)
        case .pop:
            // On a bare mark, POP takes the mark.
            if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
        case .popMark: _ = try popToMark()
        case .duplicate: push(try top())
        case .put: try keep(try cursor.intLine())
        case .binPut: try keep(try cursor.integer(UInt8.self))
        case .longBinPut: try keep(try cursor.integer(UInt32.self))
        case .memoize: try keep(memo.count)
        case .get: try fetch(try cursor.intLine())
        case .binGet: try fetch(try cursor.integer(UInt8.self))
        case .longBinGet: try fetch(try cursor.integer(UInt32.self))
        default: return false
        }
        return true
    }

    private mutating func keep(_ index: Int) throws {
        let item = try top()
        if memo.updateValue(item, forKey: index) == nil { try graph.charge(PickleCost.memoPlace) }
    }

    private mutating func fetch(_ index: Int) throws {
        guard let item = memo[index] else { throw PickleProblem.missingMemo(index) }
        push(item)
    }

    private mutating func buildContainer(_ opcode: Opcode) throws -> Bool {
        switch opcode {
        case .emptyTuple: try push(.tuple([]))
        case .tuple1: try pushTuple(1)
        case .tuple2: try pushTuple(2)
        case .tuple3: try pushTuple(3)
        case .tuple: try push(.tuple(try popToMark()))
        case .emptyList: try push(.list(Kept([])))
        case .list: try push(.list(Kept(try popToMark())))
        case .append:
            let item = try pop()
            try graph.charge(elements: 1)
            try append([item])
        case .appends, .addItems: try append(try popToMark())
        case .emptyDictionary: try push(.dictionary(Kept(PendingDictionary())))
        case .dictionary: try push(.dictionary(Kept(PendingDictionary(entries: try pairs(try popToMark())))))
        case .setItem:
            let value = try pop()
            try graph.charge(elements: 2)
            try setItems([try pop(), value])
        case .setItems: try setItems(try popToMark())
        case .emptySet: try push(.set(Kept([])))
        case .frozenSet: try push(.set(Kept(try popToMark())))
        default: return false
        }
        return true
    }

    private mutating func pushTuple(_ count: Int) throws {
        var items: [PickleItem] = []
        for _ in 0..<count { items.append(try pop()) }
        try graph.charge(elements: count)
        try push(.tuple(items.reversed()))
    }

    private func pairs(_ items: [PickleItem]) throws -> [PickleItem] {
        guard items.count.isMultiple(of: 2) else { throw PickleProblem.emptyStack }
        return items
    }

    private mutating func append(_ items: [PickleItem]) throws {
        switch graph[try top()] {
        case .list(let list), .set(let list): list.value += items
        case .object(let object): object.value.elements += items
        default: throw PickleProblem.wrongTarget("elements")
        }
    }

    private mutating func setItems(_ items: [PickleItem]) throws {
        let items = try pairs(items)
        switch graph[try top()] {
        case .dictionary(let dictionary): dictionary.value.entries += items
        case .object(let object): object.value.entries += items
        default: throw PickleProblem.wrongTarget("entries")
        }
    }

    private mutating func buildObject(_ opcode: Opcode, at position: Int) throws {
        switch opcode {
        case .global: try pushGlobal(try cursor.textLine(), try cursor.textLine())
        case .stackGlobal:
            let (name, module) = (try pop(), try pop())
            guard let name = graph.text(name), let module = graph.text(module) else { throw PickleProblem.wrongTarget("a name") }
            try pushGlobal(module, name)
        case .instance:
            let global = PickleGlobal(module: try cursor.textLine(), name: try cursor.textLine())
            try graph.charge(2 * global.path.utf8.count)
            push(try graph.rebuild(global, try popToMark(), at: position))
        case .object:
            var items = try popToMark()
            if items.isEmpty { throw PickleProblem.emptyStack }
            let function = items.removeFirst()
            push(try graph.call(function, items, at: position))
        case .reduce, .newObject:
            let (arguments, function) = (try pop(), try pop())
            push(try graph.call(function, try self.arguments(arguments), at: position))
        case .newObjectExtended:
            let (keywords, arguments, function) = (try pop(), try pop(), try pop())
            push(try graph.callWithKeywords(function, try self.arguments(arguments), keywords))
        case .build:
            let state = try pop()
            try graph.build(try top(), state)
        case .persistentIdentifier: try persistent(.string(try cursor.textLine()), at: position)
        case .binPersistentIdentifier: try persistent(try pop(), at: position)
        default: throw PickleProblem.refusedOpcode("\(opcode)")
        }
    }

    private mutating func pushGlobal(_ module: String, _ name: String) throws {
        try graph.charge(2 * (module.utf8.count + name.utf8.count))
        try push(.global(Kept(PickleGlobal(module: module, name: name))))
    }

    private func arguments(_ item: PickleItem) throws -> [PickleItem] {
        guard let items = graph.tuple(item) else { throw PickleProblem.wrongTarget("a call's arguments") }
        return items
    }

    private mutating func persistent(_ identifier: PickleItem, at position: Int) throws {
        push(try graph.persistent(identifier, at: position))
    }
}
