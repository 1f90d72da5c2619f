import Foundation
import Testing
import UNETRSupport

struct LongJobTests {
    private enum Event: Equatable, Sendable { case step(Int), finished(steps: Int) }
    private struct Failed: Error, Equatable { var step: Int }

    /// Steps without end, or until one fails.
    private static func job(steps: Int, failingAt failing: Int? = nil) -> LongJob<Event> {
        LongJob { report in
            for step in 0..<steps {
                try Cancellation.check()
                if step == failing { throw Failed(step: step) }
                try report(.step(step))
            }
            try report(.finished(steps: steps))
        }
    }

    @Test func `The events come in their order, the summary last, on either thread`() async throws {
        let expected: [Event] = [.step(0), .step(1), .step(2), .finished(steps: 3)]
        var streamed: [Event] = [], called: [Event] = []
        for try await event in Self.job(steps: 3).events() { streamed.append(event) }
        try Self.job(steps: 3).run { called.append($0) }
        #expect(streamed == expected && called == expected)
    }

    @Test func `What the work throws ends the sequence behind the events before it`() async {
        var events: [Event] = []
        await #expect(throws: Failed(step: 2)) {
            for try await event in Self.job(steps: 9, failingAt: 2).events() { events.append(event) }
        }
        #expect(events == [.step(0), .step(1)])
    }

    @Test func `What the reader throws ends the work on the calling thread`() {
        var seen = 0
        #expect(throws: Failed(step: 1)) {
            try Self.job(steps: .max).run { event in
                seen += 1
                if event == .step(1) { throw Failed(step: 1) }
            }
        }
        #expect(seen == 2)
    }

    @Test(.timeLimit(.minutes(10))) func `Ending the iteration stops the work`() async throws {
        let (ended, end) = AsyncStream<Bool>.makeStream()
        let job = LongJob<Event> { report in
            defer { end.finish() }
            do { try Self.job(steps: .max).run(report) } catch { end.yield(error is CancellationError) }
        }
        for try await event in job.events() where event == .step(5) { break }
        var reasons: [Bool] = []
        for await reason in ended { reasons.append(reason) }
        #expect(reasons == [true])
    }

    @Test(.timeLimit(.minutes(10))) func `The cancellation that it was started under stops it, and it runs on no thread of a task`() async throws {
        let stop = Cancellation()
        let main = LongJob<Bool> { report in
            try report(Thread.current.stackSize == 8 << 20 && Cancellation.current != nil)
            while true {
                try Cancellation.check()
                Thread.sleep(forTimeInterval: 0.001)
            }
        }
        await #expect(throws: CancellationError.self) {
            for try await isOwn in Cancellation.$current.withValue(stop, operation: { main.events() }) {
                #expect(isOwn)
                stop.cancel()
            }
        }
    }

    @Test func `Threads of the work may report; the reader on the calling thread gets one event at a time`() throws {
        let job = LongJob<Int> { report in try Parallel.forEach(200, threads: 4) { (index: Int) throws -> Void in try report(index) } }
        var (sum, inside, most) = (0, 0, 0)
        try job.run { event in
            inside += 1
            most = max(most, inside)
            sum += event
            inside -= 1
        }
        #expect(sum == 199 * 200 / 2 && most == 1)
    }

    @Test func `Work whose callback cannot throw stops at the first error of what it calls`() throws {
        var (seen, steps) = (0, 0)
        #expect(throws: Failed(step: 2)) {
            try StopOnError.run { stop in
                for step in 0..<1000 where !Cancellation.isCancelled {
                    steps += 1
                    stop.catching {
                        seen += 1
                        if step >= 2 { throw Failed(step: step) }
                    }
                }
            }
        }
        #expect(seen == 3 && steps == 3)
        #expect(throws: Failed(step: 7)) { try StopOnError.run { _ in throw Failed(step: 7) } }
        #expect(
            try StopOnError.run { stop in
                stop.catching {}
                return 5
            } == 5)
    }
}
