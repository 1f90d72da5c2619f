/// One of several parts of a list, each done by another process: those elements whose place in the list has a certain remainder.
///
/// A part depends on the list and on nothing else, so processes need not talk to each other, and whatever is done already moves nothing.
public struct Shard: Equatable, Sendable, CustomStringConvertible {
    /// From 0.
    public let index: Int
    /// How many parts there are.
    public let count: Int

    /// The most parts of a list.
    public static let most = 1_000_000

    /// Part `index` of `count`.
    /// - Throws: `ShardError.outOfRange`.
    public init(_ index: Int, of count: Int) throws {
        guard (1...Self.most).contains(count), (0..<count).contains(index) else { throw ShardError.outOfRange("\(index)/\(count)") }
        self.index = index
        self.count = count
    }

    /// "2/8": the third of eight.
    public var description: String { "\(index)/\(count)" }

    /// The elements of this part, in their order.
    public func part<Element>(of elements: [Element]) -> [Element] {
        elements.indices.filter { $0 % count == index }.map { elements[$0] }
    }
}

extension Shard {
    /// A part as it is written on command lines: "2/8", or "auto" for the one that a scheduler's variables name, or "auto/8" where they do not say how many
    /// there are.
    ///
    /// A Slurm array sets `SLURM_ARRAY_TASK_ID` and its relatives; an indexed job of Kubernetes sets `JOB_COMPLETION_INDEX`, but not the number of its pods.
    /// - Throws: `ShardError`.
    public init(_ text: String, environment: [String: String]) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2, parts[0] != "auto" {
            guard let index = Int(parts[0]), let count = Int(parts[1]) else { throw ShardError.unreadable(text) }
            try self.init(index, of: count)
            return
        }
        guard parts[0] == "auto", parts.count <= 2 else { throw ShardError.unreadable(text) }
        let wanted = try parts.count == 1 ? nil : Int(parts[1]) ?? { throw ShardError.unreadable(text) }()
        let slurm = "SLURM_ARRAY_TASK_ID", kubernetes = "JOB_COMPLETION_INDEX"
        switch (environment[slurm], environment[kubernetes]) {
        case (nil, nil): throw ShardError.noScheduler(variables: [slurm, kubernetes])
        case (_?, _?): throw ShardError.contradiction("both \(slurm) and \(kubernetes) are set")
        case (nil, _?):
            guard let wanted else { throw ShardError.noCount(variable: kubernetes) }
            try self.init(Self.number(kubernetes, environment), of: wanted)
        case (_?, nil):
            let count = try Self.number("SLURM_ARRAY_TASK_COUNT", environment)
            if let wanted, wanted != count { throw ShardError.contradiction("SLURM_ARRAY_TASK_COUNT is \(count), but \(wanted) parts were asked for") }
            let step = try environment["SLURM_ARRAY_TASK_STEP"] == nil ? 1 : Self.number("SLURM_ARRAY_TASK_STEP", environment)
            let id = try Self.number(slurm, environment), first = try Self.number("SLURM_ARRAY_TASK_MIN", environment)
            guard step > 0, id >= first, (id - first).isMultiple(of: step), (id - first) / step < count else {
                // An array such as 1,2,7 has no step that leads from one to the next.
                throw ShardError.contradiction("task \(id) of an array that begins at \(first) in steps of \(step) is none of its \(count) tasks")
            }
            try self.init((id - first) / step, of: count)
        }
    }

    private static func number(_ variable: String, _ environment: [String: String]) throws -> Int {
        let text = environment[variable] ?? ""
        guard let value = Int(text), (0...Int(Int32.max)).contains(value) else { throw ShardError.badVariable(variable, value: text) }
        return value
    }
}

/// Why a part of a list cannot be told.
public enum ShardError: Error, Equatable, CustomStringConvertible, Sendable {
    /// It is not of the form of a part.
    case unreadable(String)
    /// There is no such part.
    case outOfRange(String)
    /// No scheduler says which part it is.
    case noScheduler(variables: [String])
    /// The scheduler does not say how many parts there are.
    case noCount(variable: String)
    /// A scheduler's variable is no number.
    case badVariable(String, value: String)
    /// The variables say two things.
    case contradiction(String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .unreadable(let text): "'\(text)' is no part of a list; expected one such as 0/8, auto or auto/8"
        case .outOfRange(let text): "there is no part \(text); parts are counted from 0, so that of 8 the last is 7/8"
        case .noScheduler(let variables):
            "no scheduler says which part this is: none of \(variables.joined(separator: ", ")) is set; name the part, such as 0/8"
        case .noCount(let variable): "\(variable) says which part this is, but not of how many; add the number, such as auto/8"
        case .badVariable(let name, let value): "\(name) is '\(value)'; expected a number from 0"
        case .contradiction(let problem): "\(problem); name the part, such as 0/8"
        }
    }
}
