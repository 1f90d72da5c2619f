internal import CTorch

/// Settings and facts of the libtorch under this process.
public enum Runtime {
    /// Version of libtorch this was built against, such as "2.13.0".
    public static var version: String { String(cString: ct_version()) }

    /// The vector instructions libtorch uses on this CPU, such as "AVX512".
    public static var cpuCapability: String {
        var name: UnsafePointer<CChar>?
        return ct_cpu_capability(&name) == CT_OK ? name.map { String(cString: $0) } ?? "unknown" : "unknown"
    }

    /// True if the CUDA part of libtorch was found and loaded. Asking loads it.
    public static let hasCUDALibrary: Bool = {
        var loaded = false
        return ct_load_cuda(&loaded) == CT_OK && loaded
    }()

    /// How many devices of that kind there are (the index is ignored).
    public static func deviceCount(_ device: Device) -> Int {
        if case .cuda = device { guard hasCUDALibrary else { return 0 } }
        var count: Int64 = 0
        return ct_device_count(device.c.kind, &count) == CT_OK ? Int(count) : 0
    }

    /// Number of threads an operation on the CPU may use.
    public static var threads: Int {
        var count: Int32 = 0
        return ct_threads(&count) == CT_OK ? Int(count) : 1
    }

    /// Sets the number of threads of one operation.
    public static func setThreads(_ count: Int) throws {
        try check("threads", [], ct_set_threads(Int32(clamping: count)))
    }

    /// Seeds every random generator of libtorch.
    public static func seed(_ seed: UInt64) throws {
        try check("seed", [], ct_seed(seed))
    }

    /// The state of the CPU's random generator, to be stored with a checkpoint.
    public static func randomState() throws -> Tensor {
        try yields("random state", []) { ct_random_state($0) }
    }

    /// Continues the global generator from a state that was saved.
    public static func setRandomState(_ state: Tensor) throws {
        try check("random state", [state], ct_set_random_state(state.handle))
    }

    /// Waits until the device has done all that was asked of it.
    public static func synchronize(_ device: Device) throws {
        try check("synchronize", [], ct_synchronize(device.c))
    }

    /// Asks libtorch for algorithms that give the same bits every time (a promise of this project for equal seed, device, threads).
    public static func setDeterministic(_ on: Bool) throws {
        try check("deterministic", [], ct_set_deterministic(on))
    }

    /// Lets the C allocator keep freed blocks of up to `bytes` instead of returning each to the system.
    ///
    /// Every step of a network frees and asks again for the same large blocks; returned to the system, their pages are faulted in
    /// anew each time, which doubles the time of a training step on Linux. Call it at the start of a program, before it has threads.
    /// Other systems ignore it.
    public static func keepLargeBlocks(upTo bytes: Int = 2_000_000_000) throws {
        try check("allocator", [], ct_keep_large_blocks(Int64(bytes)))
    }

    /// Handles given out and not yet freed, for leak tests.
    public static var liveHandles: Int { Int(ct_live_handles()) }

    /// Handles given out on this thread less those freed on it: a leak shows here undisturbed by what other threads do.
    public static var liveHandlesOfThread: Int { Int(ct_live_handles_of_thread()) }
}
