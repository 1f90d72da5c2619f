import Foundation
import TestSupport
import UNETRSupport
import UNETRTorch
import UNETRTraining

/// Threads that stand for processes and talk by gloo, as processes do.
enum GlooThreads {
    /// Runs `body` on `count` threads that have joined, and returns what each gave or threw.
    static func run<Result>(
        _ count: Int, patience: Duration = .seconds(60), program: @escaping @Sendable (Int) -> String = { _ in "test 1" },
        _ body: @escaping @Sendable (TorchProcesses) throws -> Result
    ) throws -> [Swift.Result<Result, any Error>] {
        try Fixtures.withTemporaryFolder { folder in
            let meeting = folder.appending(path: "meeting").path
            return each(count) { rank in
                let launch = Launch(
                    launcher: .variables, rank: rank, count: count, localRank: rank, localCount: count, meetingPoint: .file(path: meeting), name: "test")
                return try body(TorchProcesses.join(launch, in: folder, program: program(rank), patience: patience))
            }
        }
    }

    /// Runs `body` on so many threads at once.
    static func each<Result>(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Result) -> [Swift.Result<Result, any Error>] {
        nonisolated(unsafe) var results: [Swift.Result<Result, any Error>?] = Array(repeating: nil, count: count)
        let group = DispatchGroup()
        let lock = NSLock()
        for rank in 0..<count {
            let thread = Thread {
                let result = Swift.Result { try body(rank) }
                lock.withLock { results[rank] = result }
                group.leave()
            }
            group.enter()
            thread.stackSize = 16 << 20
            thread.start()
        }
        group.wait()
        return results.compactMap { $0 }
    }
}
