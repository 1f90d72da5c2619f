import ArgumentParser
import Foundation
import UNETREngines
import UNETRSupport
import UNETRTorch
import UNETRTorchEngine
import UNETRWorker
import UNETRWorkflows

/// What `unetrpp serve` starts, one for each device.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Segment scans for unetrpp serve: requests on standard input, events on standard output, a line of JSON each.",
        shouldDisplay: false)

    @Option(help: "Folder of models; may be given several times.", completion: .directory) var models: [String]
    @Option(help: "Device: auto, cpu, cuda, cuda:N or mps.") var device = "auto"
    @Option(help: "Threads on the CPU (default: all cores).") var threads: Int?
    @OptionGroup var memory: MemoryOptions
    @OptionGroup var engine: EngineOptions

    func validate() throws { try RuntimeOptions.check(threads: threads) }

    func run() throws {
        memory.apply()
        let device = try RuntimeOptions.apply(device: device, threads: threads)
        var settings = Worker.Settings(models: models.map { URL(fileURLWithPath: $0) }, engines: .all, version: UNETRPP.configuration.version)
        settings.device = EngineDevice(device)
        settings.threads = Runtime.threads
        settings.engine = engine.engine
        settings.memory = .current
        settings.training = { try $0.run(from: $1, on: device, report: $2) }
        try WorkerProgram.run(settings, note: EngineOptions.note)
    }
}
