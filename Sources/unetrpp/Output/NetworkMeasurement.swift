import Foundation
import UNETRArchitectures
import UNETRTorch

/// Measures networks, each figure in a process of its own (`unetrpp benchmark`), so that its peak memory is its own.
struct NetworkMeasurement {
    var size: NetworkSizeOptions
    var threads: Int
    var precision: String
    /// Timed forward passes; a training step is timed once, after one that is not.
    var repetitions: Int

    func measure(_ architecture: NetworkDescription.Architecture, on device: Device, _ progress: ProgressBar) throws -> NetworkTable.Measurement {
        func figure(train: Bool) throws -> NetworkTable.Figure {
            defer { progress.advance("\(architecture.displayName), \(train ? "training step" : "forward")") }
            return try run(arguments(architecture, device, train: train))
        }
        return NetworkTable.Measurement(device: "\(device)", forward: try figure(train: false), trainingStep: try figure(train: true))
    }

    private func arguments(_ architecture: NetworkDescription.Architecture, _ device: Device, train: Bool) -> [String] {
        [
            "benchmark", "--network", architecture.rawValue, "--patch", size.patch.map(String.init).joined(separator: "x"),
            "--channels", "\(size.channels)", "--classes", "\(size.classes)", "--threads", "\(threads)", "--device", "\(device)",
            "--precision", precision, "--repetitions", "\(train ? 1 : repetitions)", "--json",
        ] + (train ? ["--train"] : [])
    }

    private func run(_ arguments: [String]) throws -> NetworkTable.Figure {
        let process = Process(), output = Pipe()
        process.executableURL = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = arguments
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0, let result = try? JSONDecoder().decode(BenchmarkCommand.Result.self, from: data) else {
            let how = process.terminationReason == .uncaughtSignal ? "was ended by signal" : "ended with status"
            return .failed("the process \(how) \(process.terminationStatus)")
        }
        return .measured(result)
    }
}
