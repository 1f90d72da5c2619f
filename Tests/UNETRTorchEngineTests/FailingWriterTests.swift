import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETREngines
import UNETRInference
import UNETRPreparation
import UNETRSupport
import UNETRTorch
import UNETRVolumes

/// What happens when the probabilities of a part cannot be written, at whatever part.
struct FailingWriterTests {
    private struct Full: Error, Equatable { var part: Int }

    /// Counts the parts, and fails at one of them.
    private final class Writer: @unchecked Sendable {
        private let lock = NSLock()
        private let failing: Int?
        private var parts = 0
        var count: Int { lock.withLock { parts } }

        init(failingAt part: Int? = nil) { failing = part }

        func write() throws {
            let part = lock.withLock {
                parts += 1; return parts - 1
            }
            if part == failing { throw Full(part: part) }
        }
    }

    /// Calls `body` on a thread of its own; nil if it takes longer than a test should.
    private func withinSeconds<Value: Sendable>(_ seconds: Double, _ body: @escaping @Sendable () -> Value) -> Value? {
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var value: Value?
        let thread = Thread {
            value = body(); done.signal()
        }
        thread.stackSize = 8 << 20
        thread.start()
        return done.wait(timeout: .now() + seconds) == .success ? value : nil
    }

    /// A scan of several windows along the first axis, so that parts are restored while the network goes on.
    private static func prepared(_ segmenter: Segmenter) throws -> (image: FloatArray, properties: CaseProperties) {
        let size = Size3(44, 17, 19), rule = ParityRule("scan")
        let geometry = Geometry(size: size, affine: [[-1, 0, 0, 9], [0, 1, 0, -8], [0, 0, 1, 7], [0, 0, 0, 1]], spacing: [1, 1, 1])
        let scan = Scan(geometry: geometry, voxels: (0..<size.reduce(1, *)).map { Float(rule.signed($0)) })
        return try segmenter.prepare(scan, name: "scan")
    }

    @Test func `A writer that fails at any part ends the scan with its error, and nothing is waited for without end`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let segmenter = try Segmenter(model: SegmenterTests.bundle(in: folder), options: SegmenterOptions(mirroring: false))
            let (image, properties) = try Self.prepared(segmenter)
            let all = Writer()
            let expected = try segmenter.segment(image, of: properties, probabilities: { _ in try all.write() }).labels.voxels
            #expect(all.count >= 4)
            for part in 0..<all.count {
                let writer = Writer(failingAt: part)
                let error = withinSeconds(30) { () -> (any Error)? in
                    do {
                        _ = try segmenter.segment(image, of: properties, probabilities: { _ in try writer.write() })
                        return nil
                    } catch { return error }
                }
                #expect(error as? Full == Full(part: part), "failing at part \(part) of \(all.count)")
                if error == nil { return }  // it still waits; the segmenter is not free
            }
            // The segmenter is as good as before.
            #expect(try segmenter.segment(image, of: properties).labels.voxels == expected)
        }
    }

    @Test func `Progress that throws while a part is being restored is waited for, and thrown`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let segmenter = try Segmenter(model: SegmenterTests.bundle(in: folder), options: SegmenterOptions(mirroring: false))
            let (image, properties) = try Self.prepared(segmenter)
            for failing in [false, true] {
                let writer = Writer(failingAt: failing ? 0 : nil)
                let error = withinSeconds(30) { () -> (any Error)? in
                    do {
                        _ = try segmenter.segment(
                            image, of: properties, probabilities: { _ in try writer.write() },
                            progress: { done, _ in if done == 9 { throw Full(part: -done) } })
                        return nil
                    } catch { return error }
                }
                #expect(error is Full)
            }
        }
    }
}
