import ArgumentParser
import Foundation
import UNETRVolumes

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Show versions, devices, processor and memory, and explain problems.",
        discussion: "The exit code is 0 if the program works on this machine, otherwise 1.")

    @Flag(help: "Print the result as JSON on standard output.")
    var json = false

    func run() throws {
        let diagnosis = Diagnosis()
        print(try json ? JSONLine.encode(diagnosis, pretty: true) : text(diagnosis))
        if !diagnosis.usable { throw ExitCode(1) }
    }

    private func text(_ diagnosis: Diagnosis) -> String {
        let libtorch = diagnosis.libtorch
        let processor = diagnosis.processor
        let rows = [
            ("unetrpp", "\(diagnosis.unetrpp) on \(diagnosis.system)"),
            (
                "libtorch",
                libtorch.missing == nil
                    ? "\(libtorch.running ?? "unknown"), \(libtorch.isCUDABuild ? "CUDA" : "CPU") build (headers \(libtorch.builtFor))" : "not loaded"
            ),
            ("", libtorch.path ?? "at an unknown place"),
            ("devices", diagnosis.devices.joined(separator: ", ") + " (auto is \(diagnosis.defaultDevice))"),
            ("CUDA library", libtorch.cudaLibraryLoaded ? "loaded" : "not loaded"),
            ("processor", "\(processor.name), \(cores(processor)), \(processor.threads) threads"),
            ("instructions", instructions(processor)),
            ("bfloat16", processor.bfloat16 ? "in hardware: the default precision" : "not in hardware: float32 is the default on the CPU"),
            ("memory", memory(diagnosis.memory)),
        ]
        let table = (rows + diagnosis.pixelLibraries.map { ($0.name, pixels($0)) }).map { $0.0.padding(toLength: 14, withPad: " ", startingAt: 0) + $0.1 }
        return (table + [""] + verdict(diagnosis)).joined(separator: "\n")
    }

    private func cores(_ processor: Diagnosis.ProcessorFacts) -> String {
        let limit = processor.coreLimit.map { String(format: " (container: %.1f)", $0) } ?? ""
        return "\(processor.cores) core\(processor.cores == 1 ? "" : "s")\(limit)"
    }

    private func instructions(_ processor: Diagnosis.ProcessorFacts) -> String {
        let sets = processor.instructionSets.isEmpty ? "" : processor.instructionSets.joined(separator: " ") + "; "
        return "\(sets)libtorch uses \(processor.libtorchUses)"
    }

    private func memory(_ memory: Diagnosis.Memory) -> String {
        func gibibytes(_ bytes: Int) -> String { String(format: "%.1f GiB", Double(bytes) / 0x1p30) }
        return gibibytes(memory.bytes) + (memory.availableBytes.map { ", \(gibibytes($0)) free" } ?? "")
    }

    private func pixels(_ library: PixelLibrary) -> String {
        let kinds = library.pixels.joined(separator: ", ")
        guard let path = library.path else { return "not found; needed for \(kinds) in DICOM files" }
        return "\(library.version.map { "\($0), " } ?? "")\(path), for \(kinds) in DICOM files"
    }

    private func verdict(_ diagnosis: Diagnosis) -> [String] {
        guard !diagnosis.problems.isEmpty else { return ["Nothing is wrong."] }
        return diagnosis.problems.map { "\($0.isFatal ? "ERROR" : "Note"): \($0.what).\n  → \($0.remedy)." }
    }
}
