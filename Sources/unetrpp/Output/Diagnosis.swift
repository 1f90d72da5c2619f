import ArgumentParser
import Foundation
import UNETRSupport
import UNETRTorch
import UNETRVolumes

/// What this program stands on: versions, devices, processor, memory, and what is wrong with them.
struct Diagnosis: Encodable {
    struct Libtorch: Encodable {
        var builtFor: String
        /// Why there is none; nil where it is loaded.
        var missing: String?
        var running: String?
        var path: String?
        var isCUDABuild: Bool
        var cudaLibraryLoaded: Bool
    }

    struct ProcessorFacts: Encodable {
        var name: String
        var cores: Int
        var coreLimit: Double?
        var threads: Int
        var instructionSets: [String]
        var libtorchUses: String
        var bfloat16: Bool
    }

    struct Memory: Encodable {
        var bytes: Int
        var availableBytes: Int?
    }

    /// Something that is not as it should be, and what to do about it.
    struct Problem: Encodable {
        var what: String
        var remedy: String
        /// True if nothing can be computed until it is mended.
        var isFatal = false
    }

    var unetrpp = UNETRPP.configuration.version
    var system = ProcessInfo.processInfo.operatingSystemVersionString
    var libtorch: Libtorch
    var devices: [String]
    var defaultDevice: String
    var processor: ProcessorFacts
    var pixelLibraries = PixelLibrary.all
    var memory = Memory(bytes: SystemMemory.current.bytes, availableBytes: SystemMemory.available)
    var problems: [Problem] = []
    var usable: Bool { !problems.contains(where: \.isFatal) }

    /// Looks at this machine.
    init() {
        libtorch = Libtorch(
            builtFor: Runtime.version, missing: Self.reasonWithoutLibtorch, running: Runtime.loadedVersion,
            path: Runtime.libraryPath.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path },
            isCUDABuild: Runtime.isCUDABuild, cudaLibraryLoaded: Runtime.hasCUDALibrary)
        let found: [Device] =
            [.cpu] + (0..<Runtime.deviceCount(.cuda(0))).map { .cuda($0) } + (Runtime.deviceCount(.mps) > 0 ? [.mps] : [])
        devices = found.map(\.description)
        defaultDevice = Device.best.description
        processor = ProcessorFacts(
            name: Processor.current.name, cores: Machine.cores, coreLimit: Machine.coreLimit, threads: Runtime.threads,
            instructionSets: Processor.current.instructionSets, libtorchUses: Runtime.cpuCapability, bfloat16: Processor.current.hasBFloat16)
        let ofLibtorch = libtorch.missing.map(Self.problem(withoutLibtorch:)).map { [$0] } ?? versionProblems + found.compactMap(Self.trial) + cudaProblems
        problems = ofLibtorch + processorProblems + memoryProblems
    }

    private enum CodingKeys: CodingKey {
        case unetrpp, system, libtorch, devices, defaultDevice, processor, pixelLibraries, memory, problems, usable
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(unetrpp, forKey: .unetrpp)
        try container.encode(system, forKey: .system)
        try container.encode(libtorch, forKey: .libtorch)
        try container.encode(devices, forKey: .devices)
        try container.encode(defaultDevice, forKey: .defaultDevice)
        try container.encode(processor, forKey: .processor)
        try container.encode(pixelLibraries, forKey: .pixelLibraries)
        try container.encode(memory, forKey: .memory)
        try container.encode(problems, forKey: .problems)
        try container.encode(usable, forKey: .usable)
    }
}
