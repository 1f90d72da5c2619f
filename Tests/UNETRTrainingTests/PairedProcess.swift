import Foundation
import UNETRTorch
import UNETRTraining

/// Where two threads put their numbers and each takes those of both.
final class Meeting: @unchecked Sendable {
    private let condition = NSCondition()
    private var given: [Int: [Double]] = [:]
    private var last: [[Double]] = []
    private var round = 0
    private var isClosed = false

    /// The other has left without a word.
    struct Left: Error {}

    func exchange(_ values: [Double], rank: Int) throws -> [[Double]] {
        try condition.withLock {
            guard !isClosed else { throw Left() }
            given[rank] = values
            if given.count == 2 {
                last = [given[0] ?? [], given[1] ?? []]
                given = [:]
                round += 1
                condition.broadcast()
                return last
            }
            let own = round
            while round == own, !isClosed { condition.wait() }
            guard round != own else { throw Left() }
            return last
        }
    }

    /// Ends the waiting of the other, which waits in vain.
    func close() {
        condition.withLock {
            isClosed = true
            condition.broadcast()
        }
    }
}

/// One of two threads that stand for processes.
struct PairedProcess: ProcessGroup {
    let rank: Int
    let count = 2
    let meeting: Meeting

    /// Runs `body` on both, and returns what each gave or threw.
    static func both<Result>(_ body: @escaping @Sendable (PairedProcess) throws -> Result) -> [Swift.Result<Result, any Error>] {
        let meeting = Meeting()
        return GlooThreads.each(2) { rank in
            do { return try body(PairedProcess(rank: rank, meeting: meeting)) } catch {
                meeting.close()
                throw error
            }
        }
    }

    func sum(_ values: [Double]) throws -> [Double] {
        let both = try meeting.exchange(values, rank: rank)
        return zip(both[0], both[1]).map(+)
    }

    func broadcast(_ values: [Double]) throws -> [Double] { try meeting.exchange(values, rank: rank)[0] }

    func sum(_ tensor: Tensor) throws -> Tensor {
        // The others' part is a constant here; with equal weights for all, the gradient of the sum is the own one times the processes.
        let total = try Tensor(sum(tensor.detached().to(.float64).array(of: Double.self)), shape: tensor.shape).to(tensor.dtype)
        let own = try tensor * Double(count)
        return try own + (total - own.detached())
    }

    func averageInPlace(_ tensors: [Tensor]) throws {
        for tensor in tensors { try replace(tensor, by: sum(tensor.to(.float64).array(of: Double.self)).map { $0 / 2 }) }
    }

    func broadcastInPlace(_ tensors: [Tensor]) throws {
        for tensor in tensors { try replace(tensor, by: broadcast(tensor.to(.float64).array(of: Double.self))) }
    }

    private func replace(_ tensor: Tensor, by values: [Double]) throws {
        try withoutGradients {
            try tensor.copyInPlace(Tensor(values.map { Float($0) }, shape: tensor.shape).to(tensor.dtype))
        }
    }
}
