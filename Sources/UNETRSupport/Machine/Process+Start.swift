#if os(macOS) || os(Linux)
    public import Foundation
    import Synchronization

    extension Process {
        private static let starting = Mutex(())

        /// Starts the process as `run()` does, but no two at the same moment.
        ///
        /// On Linux, Foundation learns of a process's end by a socket that closes with it. Two that start at the same moment can each inherit the other's
        /// socket. Then nobody is told of the first one's end before the second one's.
        ///
        /// - Throws: what `run()` throws.
        public func start() throws { try Self.starting.withLock { _ in try run() } }
    }
#endif
