#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// How much a thread lets others go first.
///
/// On Linux each thread has a niceness of its own, and the dispatch library sets that of its threads to 0 whatever the process was started with; a thread
/// started by one of them inherits it. Without this, `nice unetrpp train` would compete with everything else on the machine as if it had not been asked
/// to be nice. On other systems niceness belongs to the process, and there is nothing to do.
enum Niceness {
    /// Gives the calling thread the niceness of the process, if that is nicer.
    static func adopt() {
        #if os(Linux)
            // The process's own is that of its first thread, whose number is the process's.
            adopt(getpriority(kind, UInt32(getpid())))
        #endif
    }

    #if os(Linux)
        /// `PRIO_PROCESS`, which C libraries declare with different types.
        static let kind: Int32 = 0

        static func adopt(_ wanted: Int32) {
            // 0 is the calling thread. What goes the other way needs rights, and what fails changes nothing.
            if wanted > getpriority(kind, 0) { _ = setpriority(kind, 0, wanted) }
        }
    #endif
}
