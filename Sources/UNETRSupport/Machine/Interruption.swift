import Foundation

/// What SIGINT (Ctrl-C) and SIGTERM do to a program. The first stops the work between two of its steps, or ends work that has no such steps;
/// the second ends the process at once. Either way no partial file stays, and the exit status is 128 and the signal's number.
public enum Interruption {
    /// What the program's work runs under; canceled by the first signal.
    public static let cancellation = Cancellation(parent: nil)

    private static let state = State()

    /// The signal that came, in words of a user; nil as long as none did.
    public static var signalName: String? { state.signal.map { $0 == SIGINT ? "SIGINT" : "SIGTERM" } }

    /// The exit status of work that was stopped; nil as long as no signal came.
    public static var exitStatus: Int32? { state.signal.map { 128 + $0 } }

    /// Begins to listen. What a launcher has the process ignore (`nohup`, a shell's background job) stays ignored.
    /// - Parameter program: its name, for what it says.
    public static func listen(as program: String) {
        state.lock.withLock { state.program = program }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wakingEnd = ends[1]
        let waiting = ends[0]
        Thread.detachNewThread { watch(waiting) }
        for number in [SIGINT, SIGTERM] {
            let before = signal(number, wake)
            if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(number, SIG_IGN) }
        }
    }

    /// To be called before the work begins.
    /// - Parameter stoppable: whether the work looks at the cancellation between its steps; what does not is ended by the first signal.
    public static func begin(stoppable: Bool) { state.lock.withLock { state.isStoppable = stoppable } }

    /// A handler may call next to nothing; the thread that waits at the other end of the pipe does the rest.
    private static let wake: @convention(c) (Int32) -> Void = { number in
        let before = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(wakingEnd, &byte, 1)
        errno = before
    }

    private static func watch(_ end: Int32) {
        var byte: UInt8 = 0
        while true {
            let count = read(end, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return }
            let number = Int32(byte)
            if state.isFirst(number) {
                let text = "\(state.lock.withLock { state.program }): stopping after the step under way; the same signal once more ends the program at once\n"
                FileHandle.standardError.write(Data(text.utf8))
                cancellation.cancel()
            } else {
                endNow(number)
            }
        }
    }

    private static func endNow(_ number: Int32) -> Never {
        // One more must not wait for a file system that hangs.
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        PartialFiles.removeAll()
        _exit(128 + number)
    }

    private final class State: @unchecked Sendable {
        let lock = NSLock()
        var isStoppable = false
        var program = ""
        private var received: Int32?
        var signal: Int32? { lock.withLock { received } }

        /// Notes a signal; true for the first, of work that stops by itself.
        func isFirst(_ number: Int32) -> Bool {
            lock.withLock {
                defer { received = received ?? number }
                return received == nil && isStoppable
            }
        }
    }
}

/// Where the handler writes. Outside the type, so that the handler finds a plain variable.
nonisolated(unsafe) private var wakingEnd: Int32 = -1
