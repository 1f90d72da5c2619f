#if DEBUG
    public import Foundation
#endif

/// Faults on demand, to prove that no moment at which the disk fails or the program is killed loses a file or leaves half of one.
///
/// In debug builds the variable `UNETRPP_FAULT` holds `ACTION:POINT:N`, such as `kill:rename:3` or `ENOSPC:write:2`: at the N-th such
/// point (counted from 1, over all threads) the process kills itself, or the system's call is not made and fails with that error. A full
/// disk (`ENOSPC`) stays full: all later points of that kind fail too, but for removals. `any` stands for every point. Every path on which the program
/// writes files asks here first. In release builds all of this is nothing.
public enum FaultInjection {
    /// What is about to be done to a file or folder.
    public enum Point: String, Sendable, CaseIterable { case create, write, sync, rename, remove }

    #if DEBUG
        /// What happens at a point.
        public enum Action: Equatable, Sendable {
            /// The process ends as by `kill -9`.
            case kill
            /// The call fails with this `errno`.
            case fail(Int32)
        }

        /// A fault and when it strikes.
        public struct Fault: Equatable, Sendable {
            /// What happens.
            public var action: Action
            /// Nil: every point.
            public var point: Point?
            /// From 1.
            public var number: Int

            /// A fault at the operation number `number`; without a point all kinds count.
            public init(_ action: Action, at point: Point? = nil, number: Int) {
                self.action = action
                self.point = point
                self.number = number
            }

            /// From text such as `kill:rename:3`; nil if it is none.
            public init?(_ text: String) {
                let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 3, let number = Int(parts[2]), number > 0 else { return nil }
                guard parts[1] == "any" || Point(rawValue: parts[1]) != nil else { return nil }
                switch parts[0] {
                case "kill": action = .kill
                case "ENOSPC": action = .fail(ENOSPC)
                case "EIO": action = .fail(EIO)
                default: return nil
                }
                (point, self.number) = (Point(rawValue: parts[1]), number)
            }
        }

        /// Calls `body` with a fault that strikes files under `folder` only, so that tests may run beside each other.
        ///
        /// - Parameter fault: nil: points are counted, and nothing fails.
        /// - Parameter folder: files below it are struck.
        /// - Parameter body: what is called.
        /// - Returns: what `body` returns, and how many points of the fault's kind were passed.
        @discardableResult
        public static func with<Result>(_ fault: Fault?, under folder: URL, _ body: () throws -> Result) rethrows -> (result: Result, points: Int) {
            let armed = Armed(fault ?? Fault(.fail(0), number: .max), folder: folder.standardizedFileURL.path)
            lock.withLock { all.append(armed) }
            defer { lock.withLock { all.removeAll { $0 === armed } } }
            let result = try body()
            return (result, lock.withLock { armed.passed })
        }

        private final class Armed: @unchecked Sendable {
            let fault: Fault
            /// Nil: everywhere.
            let folder: String?
            var passed = 0

            init(_ fault: Fault, folder: String?) {
                self.fault = fault
                self.folder = folder
            }
        }

        private static let lock = NSLock()
        nonisolated(unsafe) private static var all = fromEnvironment

        private static var fromEnvironment: [Armed] {
            guard let text = ProcessInfo.processInfo.environment["UNETRPP_FAULT"] else { return [] }
            guard let fault = Fault(text) else { preconditionFailure("UNETRPP_FAULT is \(text); expected such as kill:rename:3") }
            return [Armed(fault, folder: nil)]
        }

        /// True, with `errno` set, where the call that is about to be made on `path` is to fail instead. Does not return where the
        /// process is to be killed.
        public static func strikes(_ point: Point, _ path: String) -> Bool {
            let action: Action? = lock.withLock {
                for armed in all where armed.fault.point ?? point == point && path.hasPrefix(armed.folder ?? "") {
                    armed.passed += 1
                    let isLasting = armed.fault.action == .fail(ENOSPC)
                    if isLasting, point == .remove { continue }  // a full disk keeps nobody from removing
                    if armed.passed == armed.fault.number || isLasting && armed.passed > armed.fault.number { return armed.fault.action }
                }
                return nil
            }
            switch action {
            case nil: return false
            case .fail(let code):
                errno = code
                return true
            case .kill:
                kill(getpid(), SIGKILL)
                while true { sleep(1) }  // the signal is on its way
            }
        }
    #else
        @inlinable @inline(__always)
        public static func strikes(_ point: Point, _ path: @autoclosure () -> String) -> Bool { false }
    #endif
}
