import Foundation

extension Parallel {
    /// The results of `body` for each index in `0..<count`, in their order, computed on up to `threads` threads (all cores when nil).
    ///
    /// - Throws: as `forEach`: the error of the lowest index that fails, or `CancellationError`, after those under way have ended.
    public static func map<Result: Sendable>(
        _ count: Int, threads: Int? = nil, _ body: @Sendable (Int) throws -> Result
    ) throws -> [Result] {
        let results = Results<Result>(count)
        try forEach(count, threads: threads) { (index: Int) throws -> Void in results.keep(try body(index), at: index) }
        return results.all
    }

    /// The same for a body that cannot fail.
    public static func map<Result: Sendable>(_ count: Int, threads: Int? = nil, _ body: @Sendable (Int) -> Result) -> [Result] {
        let results = Results<Result>(count)
        forEach(count, threads: threads) { (index: Int) -> Void in results.keep(body(index), at: index) }
        return results.all
    }

    private final class Results<Result: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private var values: [Result?]

        init(_ count: Int) { values = Array(repeating: nil, count: count) }
        func keep(_ value: Result, at index: Int) { lock.withLock { values[index] = value } }
        var all: [Result] { lock.withLock { values.map { $0! } } }
    }
}
