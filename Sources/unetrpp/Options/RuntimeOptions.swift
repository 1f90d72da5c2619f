import ArgumentParser
import Foundation
import UNETRSupport
import UNETRTorch
import UNETRWorkflows

/// Options of every command that computes.
struct RuntimeOptions: ParsableArguments {
    @Option(help: "Device: auto, cpu, cuda, cuda:N or mps.")
    var device = "auto"

    @Option(help: "Threads on the CPU (default: all cores; several processes on one machine share them).")
    var threads: Int?

    @Option(
        help:
            "Precision of products and convolutions: float32, bfloat16, float16, or auto (bfloat16 if the processor has it; 8 bits with the compiled engine if the model was converted for it)."
    )
    var precision = "auto"

    @Flag(help: "Print results as JSON on standard output.")
    var json = false

    func validate() throws {
        try Self.check(threads: threads)
        guard Precision(rawValue: precision) != nil else {
            throw ValidationError("--precision is '\(precision)'; expected auto, float32, bfloat16 or float16")
        }
    }

    /// Refuses numbers of threads that no machine is better off with.
    static func check(threads: Int?) throws {
        let cores = Machine.cores, most = max(64, 4 * cores)
        guard let threads, !(1...most).contains(threads) else { return }
        throw ValidationError("--threads is \(threads); expected 1 to \(most) (this machine has \(cores) core\(cores == 1 ? "" : "s"))")
    }

    /// Applies the settings to this process and returns the device.
    func apply() throws -> Device { try Self.apply(device: device, threads: threads) }

    /// The same for one of several processes, which share the cores and the GPUs of their machine.
    func apply(_ launch: Launch?) throws -> Device {
        guard let launch else { return try apply() }
        let chosen = try Self.apply(device: device, threads: threads ?? max(1, Machine.cores / launch.localCount))
        guard case .cuda(0) = chosen, !device.contains(":") else { return chosen }
        return try Device(named: "cuda:\(launch.localRank)")
    }

    /// The same for a device and a number of threads.
    static func apply(device: String, threads: Int?) throws -> Device {
        try Runtime.setThreads(threads ?? ProcessInfo.processInfo.activeProcessorCount)
        return try Device(named: device)
    }

    /// Whether a model that was made for 8 bits is computed so.
    var allowsEightBits: Bool { precision == "auto" }

    /// `validate()` has looked at the text.
    var chosenPrecision: Precision { Precision(rawValue: precision) ?? .automatic }

    /// The type of mixed precision on that device, nil for float32.
    func mixedPrecision(on device: Device) -> DType? {
        chosenPrecision.mixed(on: device)
    }
}
