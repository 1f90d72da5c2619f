import Foundation
import UNETRTorch

/// What this process holds at a moment: for tests that nothing grows.
public struct ProcessFigures: CustomStringConvertible, Sendable {
    /// Resident bytes; 0 where the system does not say.
    public let memory: Int
    /// Open descriptors.
    public let files: Int
    /// Handles of libtorch's objects.
    public let tensors: Int

    public init() {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ").dropFirst().first
        memory = (pages.flatMap { Int($0) } ?? 0) * Int(getpagesize())
        files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        tensors = Runtime.liveHandles
    }

    public var description: String { "\(memory >> 10) KB, \(files) descriptors, \(tensors) handles" }
}
