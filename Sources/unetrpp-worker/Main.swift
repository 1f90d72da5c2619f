import ArgumentParser
import Foundation
import UNETREngines
import UNETRSupport
import UNETRWorker

/// `unetrpp worker` without libtorch: OpenVINO computes, on the CPU, and nothing is trained.
@main
struct OpenVINOWorker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unetrpp-worker",
        abstract: "Segment scans for unetrpp serve, with OpenVINO alone: requests on standard input, events on standard output, a line of JSON each.",
        version: "0.1.0")

    @Argument(help: "What it is asked to be.") var role = "worker"
    @Option(help: "Folder of models; may be given several times.", completion: .directory) var models: [String]
    @Option(help: "Device: auto or cpu.") var device = "auto"
    @Option(help: "Threads (default: all cores).") var threads: Int?
    @Option(help: "Memory limit, such as 4G (default: memory of the machine or container minus a margin).") var memory: String?
    @Option(help: "Engine: auto or compiled.") var engine = "auto"

    func validate() throws {
        guard role == "worker" else { throw ValidationError("\(role) is unknown; expected worker") }
        guard ["auto", "cpu"].contains(device) else { throw ValidationError("--device is '\(device)'; without libtorch it is cpu") }
        if let threads, !(1...4096).contains(threads) { throw ValidationError("--threads is \(threads); expected 1 to 4096") }
        if let memory, ByteCount.parse(memory) == nil { throw ValidationError("--memory is '\(memory)'; expected a size such as 8G or 900M") }
        guard EngineRegistry.withoutLibtorch.choices.contains(EngineChoice(rawValue: engine)) else {
            throw ValidationError("--engine is '\(engine)'; expected \(EngineRegistry.withoutLibtorch.choices.map(\.rawValue).joined(separator: " or "))")
        }
    }

    func run() throws {
        if let bytes = memory.flatMap(ByteCount.parse) { MemoryLimit.current = MemoryLimit(bytes: bytes, reason: "--memory") }
        var settings = Worker.Settings(
            models: models.map { URL(fileURLWithPath: $0) }, engines: .withoutLibtorch, version: Self.configuration.version)
        settings.threads = threads
        settings.engine = EngineChoice(rawValue: engine)
        settings.memory = .current
        try WorkerProgram.run(settings) { FileHandle.standardError.write(Data("unetrpp-worker: \($0)\n".utf8)) }
    }
}
