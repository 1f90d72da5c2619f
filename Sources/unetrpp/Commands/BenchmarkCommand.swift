import ArgumentParser
import Foundation
import UNETRArchitectures
import UNETRArchives
import UNETREngines
import UNETRGraphs
import UNETRLayers
import UNETRNetworks
import UNETROpenVINO
import UNETRSupport
import UNETRTorch
import UNETRTorchEngine
import UNETRTraining
import UNETRVolumes

struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark", abstract: "Time a network's forward pass, training step or augmentation, or the reading of a scan, on this machine.",
        discussion: """
            One figure a call, so that the peak memory is that of the thing timed. The input is random; a training step is forward with
            deep supervision, Dice and cross-entropy, backward, gradient clipping and SGD. The first run is not counted. With --augmentation the time is that of a batch of
            training samples, made by all threads. With --scan the first reading is told, too, for which memory has to be found. Started several times by torchrun, mpirun or srun, --train times the step of all processes together, each
            with a batch of its own, and --gradients tells how much of the communication is hidden behind the backward pass.
            """)

    @OptionGroup var choice: NetworkOptions
    @Option(help: "Samples per batch.") var batch = 1
    @Option(help: "Timed repetitions.") var repetitions = 5
    @Flag(help: "Time the training step instead of the forward pass.") var train = false
    @Option(help: "Several processes: average gradients while they are computed (overlapped), when all are there (afterward), or not at all (apart).")
    var gradients = GradientMean.overlapped
    @OptionGroup var group: ProcessOptions
    @Flag(help: "Time the augmentation of training samples instead, without a network.") var augmentation = false
    @Option(help: "Time reading this scan into memory instead, without a network.", completion: .file()) var scan: String?
    @Flag(help: "Use plain operations instead of fused ones and our own kernels.") var plain = false
    @Option(help: "Engine: torch (libtorch) or compiled (OpenVINO, finest output only).") var engine = EngineChoice.torch
    @Flag(help: "Compute the convolutions in 8 bits with made-up ranges; only with --engine compiled.") var eightBits = false
    @OptionGroup var runtime: RuntimeOptions

    func validate() throws {
        if scan != nil, augmentation || train || plain || runtime.json {
            throw ValidationError("--scan goes with none of --augmentation, --train, --plain and --json")
        }
        if augmentation, train || plain || runtime.json { throw ValidationError("--augmentation goes with none of --train, --plain and --json") }
        guard (1...4096).contains(batch) else { throw ValidationError("--batch is \(batch); expected 1 to 4096") }
        guard (1...100_000).contains(repetitions) else { throw ValidationError("--repetitions is \(repetitions); expected 1 to 100000") }
        if eightBits, engine != .compiled { throw ValidationError("--eight-bits is for --engine compiled") }
        if train, engine != .torch { throw ValidationError("--engine \(engine.rawValue) cannot train; leave --engine or --train out") }
    }

    /// When several processes average their gradients.
    enum GradientMean: String, ExpressibleByArgument, CaseIterable { case overlapped, afterward, apart }

    struct Result: Codable {
        var what: String
        var precision: String
        var engine: String
        var batch: Int
        var threads: Int
        /// How many share the work, and when they average gradients; nil for one.
        var processes: Int?
        var gradients: String?
        var device: String
        /// Median, fastest and slowest run, in seconds.
        var median: Double
        var fastest: Double
        var slowest: Double
        var peakMegabytes: Int
    }

    func run() throws {
        if let scan { return try timeReading(scan) }
        let launch = try train ? group.launch() : nil
        let device = try runtime.apply(launch)
        let processes = try launch.map { try group.join($0, in: FileManager.default.temporaryDirectory, device: device, isStoppable: false) } ?? SingleProcess()
        let mixed = runtime.mixedPrecision(on: device)
        let description = try choice.description()
        if augmentation {
            let seconds = try timeAugmentation(patch: description.patchSize, channels: description.inputChannels)
            let patch = description.patchSize.text()
            print(
                String(format: "augmentation, \(patch), \(Runtime.threads) threads: %.2f ms a sample, ", 1000 * seconds / Double(batch))
                    + String(format: "%.1f samples/s", Double(batch) / seconds))
            return
        }
        let network = try description.makeNetwork(device: device, generator: Generator(seed: 1, device: device))
        let input = try Tensor.randn([batch, description.inputChannels] + description.patchSize, on: device)
        let compiled = try engine == .torch ? nil : compiled(network, description, mixed)
        let patches = try FloatArray(input)
        let once: () throws -> Void =
            try train
            ? trainingStep(network, description, input, mixed, processes)
            : {
                if let compiled { return try patches.withView { try compiled.withLogits(of: $0) { _ in } } }
                _ = try withoutGradients { try network(input, pass(training: false, mixed), deepSupervision: true) }
            }
        let times = try measure(once, device).sorted()
        guard processes.rank == 0 else { return }
        let result = Result(
            what: "\(description.architecture.displayName), \(train ? "training step" : "forward"), "
                + description.patchSize.text(),
            precision: mixed?.rawValue ?? "float32", engine: compiled?.summary ?? "libtorch", batch: batch,
            threads: Runtime.threads, processes: launch?.count, gradients: launch.map { _ in gradients.rawValue }, device: "\(device)",
            median: times[times.count / 2], fastest: times[0], slowest: times[times.count - 1],
            peakMegabytes: ProcessUsage.peakMemory >> 20)
        if runtime.json {
            print(try JSONLine.encode(result))
        } else {
            print(
                "\(result.what), batch \(batch), \(result.precision), \(result.engine), \(result.device), \(result.threads) threads"
                    + (launch.map { ", \($0.count) processes, gradients \(gradients.rawValue)" } ?? "") + ": "
                    + String(format: "median %.3f s (%.3f–%.3f), ", result.median, result.fastest, result.slowest)
                    + "peak memory \(result.peakMegabytes) MB")
        }
    }

    private func timeReading(_ path: String) throws {
        var voxels = 0
        let times = try (0...repetitions).map { _ in
            let start = Date()
            voxels = try VolumeFile.open(URL(fileURLWithPath: path)).scan().voxels.count
            return -start.timeIntervalSinceNow
        }
        let later = times.dropFirst().sorted()
        print(
            "\(path), \(voxels) voxels: "
                + String(format: "first %.3f s, then median %.3f s (%.3f–%.3f), ", times[0], later[later.count / 2], later[0], later.last!)
                + "peak memory \(ProcessUsage.peakMemory >> 20) MB")
    }

    private func compiled(
        _ network: any SegmentationNetwork, _ description: NetworkDescription, _ mixed: DType?
    ) throws -> CompiledEngine {
        let weights = try network.store.state()
        let names = try eightBits ? description.graph(weights: weights, form: .fast, batch: 1).eightBitConvolutions : nil
        return try CompiledEngine(
            description, weights: { weights }, weightsDigest: "", library: OpenVINOProvider.besideLibtorch.loadOpenVINO(),
            precision: mixed == .bfloat16 ? .bfloat16 : .float32,
            eightBits: names.map { Dictionary($0.map { ($0, -4...4) }) { first, _ in first } }, threads: Runtime.threads,
            usesKernels: !plain, cache: nil)
    }

    private func measure(_ body: () throws -> Void, _ device: Device) throws -> [Double] {
        try (0...repetitions).map { _ in
            let start = Date()
            try body()
            try Runtime.synchronize(device)
            return -start.timeIntervalSinceNow
        }.dropFirst().map { $0 }
    }

    private func pass(training: Bool, _ mixed: DType?) -> ForwardPass {
        var pass = ForwardPass(training: training, mixedPrecision: mixed)
        if plain { pass.fused = false }
        return pass
    }

    private func trainingStep(
        _ network: any SegmentationNetwork, _ description: NetworkDescription, _ input: Tensor, _ mixed: DType?, _ processes: any ProcessGroup
    ) throws -> () throws -> Void {
        let optimizer = SGD(network.store.parameters, rate: 0.01, momentum: 0.99, weightDecay: 3e-5, nesterov: true)
        let loss = DeepSupervisionLoss(DiceCrossEntropyLoss(batchDice: false))
        let targets = try description.outputSizes.map { size in
            try (Tensor.rand([batch] + size, on: input.device) * Double(description.classes)).to(.int64)
        }
        let pass = pass(training: true, mixed)
        let reducer = try gradients == .overlapped ? processes.makeReducer(of: optimizer.parameters) : nil
        return {
            try optimizer.clearGradients()
            let value = try loss(network(input, pass, deepSupervision: true), targets)
            try reducer?.prepare(for: value)
            try value.backward()
            if gradients == .afterward { try processes.averageInPlace(optimizer.parameters.compactMap(\.gradient)) }
            try optimizer.clipGradients(to: 12)
            try optimizer.step()
        }
    }
}
