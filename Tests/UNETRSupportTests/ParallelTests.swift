import Foundation
import Testing
import UNETRSupport

struct ParallelTests {
    private struct Failed: Error, Equatable { var index: Int }

    private final class Count: @unchecked Sendable {
        private let lock = NSLock()
        private var value = 0
        var now: Int { lock.withLock { value } }
        @discardableResult func add() -> Int {
            lock.withLock {
                value += 1; return value
            }
        }
    }

    @Test(arguments: [1, 2, 4]) func `After the first error no further index is begun, and the lowest that fails is named`(threads: Int) {
        let begun = Count()
        #expect(throws: Failed(index: 3)) {
            try Parallel.forEach(100_000, threads: threads) { index in
                begun.add()
                // The later of the two fails first.
                if index == 3 { Thread.sleep(forTimeInterval: 0.05); throw Failed(index: 3) }
                if index == 4 { throw Failed(index: 4) }
            }
        }
        #expect(begun.now < 50_000)
    }

    @Test(arguments: [1, 3]) func `Canceled work stops handing out indices; bodies on its threads see that`(threads: Int) {
        let (stop, begun, seen) = (Cancellation(), Count(), Count())
        #expect(throws: CancellationError.self) {
            try Cancellation.$current.withValue(stop) {
                try Parallel.forEach(1000, threads: threads) { (_: Int) throws -> Void in
                    if begun.add() == 5 { stop.cancel() }
                    if Cancellation.isCancelled { seen.add() }
                }
            }
        }
        #expect((5..<(6 + threads)).contains(begun.now) && seen.now >= 1)
    }

    /// There is more work than anybody waits for, however late the cancellation comes on a machine with other tests to run.
    @Test(.timeLimit(.minutes(10))) func `A canceled task stops its parallel work on all threads`() async {
        let (begun, entered) = (Count(), DispatchSemaphore(value: 0))
        let task = Task.detached {
            try Parallel.forEach(.max, threads: 2) { (_: Int) throws -> Void in
                if begun.add() == 1 { entered.signal() }
                Thread.sleep(forTimeInterval: 0.001)
            }
        }
        await Task.detached { Self.wait(entered) }.value
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let end = begun.now
        #expect(end >= 1)
        try? await Task.sleep(for: .milliseconds(20))
        #expect(begun.now == end)
    }

    private static func wait(_ semaphore: DispatchSemaphore) { semaphore.wait() }

    @Test func `Work that cannot fail is done to the end, and results are in their order`() throws {
        let stop = Cancellation()
        stop.cancel()
        let all = Cancellation.$current.withValue(stop) { Parallel.map(1000, threads: 4) { (index: Int) -> Int in index * index } }
        #expect(all == (0..<1000).map { $0 * $0 })
        #expect(try Parallel.map(0) { (index: Int) throws -> Int in index }.isEmpty)
    }

    @Test func `A cancellation reaches those below it, not those above`() {
        let parent = Cancellation(), child = Cancellation(parent: parent), sibling = Cancellation(parent: parent)
        child.cancel()
        #expect(child.isCancelled && !parent.isCancelled && !sibling.isCancelled)
        parent.cancel()
        #expect(sibling.isCancelled)
        #expect(throws: CancellationError.self) { try sibling.check() }
    }

    @Test(.timeLimit(.minutes(10))) func `A background result is had once, an error as often as one asks, and nothing waits forever`() throws {
        let value = Background { 7 }
        #expect(try value.take() == 7)
        #expect(throws: BackgroundError.alreadyTaken) { try value.take() }
        let failing = Background<Int> { throw Failed(index: 1) }
        for _ in 0..<2 { #expect(throws: Failed(index: 1)) { try failing.take() } }
        failing.end()
    }

    @Test func `A background computation sees the cancellation it was started under`() throws {
        let stop = Cancellation()
        stop.cancel()
        let background = Cancellation.$current.withValue(stop) { Background { Cancellation.isCancelled } }
        #expect(try background.take())
    }
}
