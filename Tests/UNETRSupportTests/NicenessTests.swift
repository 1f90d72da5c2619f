#if os(Linux)
    import Glibc
    import Testing

    @testable import UNETRSupport

    struct NicenessTests {
        /// Niceness for each thread is Linux's own.
        @Test func `A thread takes over a nicer niceness and never a less nice one, for itself alone`() {
            let before = getpriority(Niceness.kind, 0), process = getpriority(Niceness.kind, UInt32(getpid()))
            let wanted = min(before + 3, 19)
            let seen = Background {
                Niceness.adopt(wanted)
                let first = getpriority(Niceness.kind, 0)
                Niceness.adopt(-20)
                return [first, getpriority(Niceness.kind, 0)]
            }
            #expect((try? seen.take()) == [wanted, wanted])
            #expect(getpriority(Niceness.kind, UInt32(getpid())) == process)
        }
    }
#endif
