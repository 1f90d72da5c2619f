internal import CTorch
import Foundation

/// Settings and facts of the libtorch under this process.
public enum Runtime {
    /// Version of libtorch this was built against, such as "2.13.0"; "unknown" where what calls libtorch cannot be loaded.
    public static var version: String { (ct_version() as UnsafePointer<CChar>?).map { String(cString: $0) } ?? "unknown" }

    /// Whether libtorch is in this process. An app that links it has it from the start; the program `unetrpp` loads it when it first calls it.
    public static var isLoaded: Bool { ct_is_loaded() }

    /// Whether there is no libtorch to be had. Asking loads it.
    public static var isMissing: Bool { ct_load() == CT_NOT_LOADED }

    /// Loads libtorch now, where that is still to be done.
    /// - Throws: `LibtorchMissingError`.
    public static func load() throws { try check("load", [], ct_load()) }

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

    /// How many devices of that kind there are (the index is ignored). Loads libtorch only where there can be some.
    public static func deviceCount(_ device: Device) -> Int {
        switch device {
        case .cpu: return 1
        case .cuda: guard hasGPUDriver, hasCUDALibrary else { return 0 }
        case .mps:
            #if os(macOS)
                break
            #else
                return 0
            #endif
        }
        var count: Int64 = 0
        return ct_device_count(device.c.kind, &count) == CT_OK ? Int(count) : 0
    }

    /// Whether the system has a driver of a GPU that libtorch's CUDA part can use: NVIDIA's, also under Windows, or AMD's.
    static var hasGPUDriver: Bool { (["/dev/nvidiactl", "/dev/dxg", "/dev/kfd"] as [String]).contains { access($0, F_OK) == 0 } }

    /// Number of threads an operation on the CPU may use.
    public static var threads: Int {
        let requested = ct_requested_threads()
        if requested > 0, !isLoaded { return Int(requested) }
        var count: Int32 = 0
        return ct_threads(&count) == CT_OK ? Int(count) : 1
    }

    /// Sets the number of threads of one operation, now or when libtorch is loaded.
    public static func setThreads(_ count: Int) throws {
        try check("threads", [], ct_request_threads(Int32(clamping: count)))
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
    public static func keepLargeBlocks(upTo bytes: Int = 2_000_000_000) { ct_keep_large_blocks(Int64(bytes)) }

    /// Handles given out and not yet freed, for leak tests.
    public static var liveHandles: Int { Int(ct_live_handles()) }

    /// Handles given out on this thread less those freed on it: a leak shows here undisturbed by what other threads do.
    public static var liveHandlesOfThread: Int { Int(ct_live_handles_of_thread()) }
}
