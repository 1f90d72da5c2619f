public import ArgumentParser
import Foundation
import UNETRArchitectures
import UNETRNetworks
import UNETRPlanning
import UNETRSupport
import UNETRWorkflows

/// How commands that need a plan come by one.
struct PlanningOptions: ParsableArguments {
    @Option(help: "Memory limit for training, from which patch and batch size follow (default: 8G).")
    var memory: String?

    @Option(
        help: ArgumentHelp(
            "Plan as nnU-Net v2 does: nnunet, resenc-m, resenc-l or resenc-xl, for its U-Nets.",
            discussion: "--memory is then the graphics card's memory (default: 8G; 24G for resenc-l, 40G for resenc-xl)."))
    var planner: NNUNetV2Planner.Preset?

    @Option(help: "With --planner: 3d_fullres, 3d_lowres, or 2d for a network that sees one slice at a time (default: 3d_fullres).")
    var configuration: NNUNetV2Planner.Configuration?

    @Option(help: "Published settings: synapse, btcv, acdc, lung, tumor (BraTS), or none (default: by the name of the data set).")
    var preset: String?

    @Option(help: "Channels at full resolution of UNETR++ (default: 16).")
    var featureSize: Int?

    @Option(help: "Network, in its usual size (default: that of the plan, otherwise UNETR++).")
    var network: NetworkDescription.Architecture?

    func validate() throws {
        if let preset, preset != "none", Benchmark(named: preset) == nil {
            throw ValidationError(
                "--preset '\(preset)' is unknown; expected one of \(Benchmark.allCases.map(\.rawValue).joined(separator: ", ")), none")
        }
        if let memory, ByteCount.parse(memory) == nil { throw ValidationError("--memory is '\(memory)'; expected a size such as 8G or 900M") }
        if let featureSize, !(1...512).contains(featureSize) { throw ValidationError("--feature-size is \(featureSize); expected 1 to 512") }
        if let planner {
            let contradicting = [("--preset", preset != nil), ("--network", network != nil), ("--feature-size", featureSize != nil)]
            if let (option, _) = contradicting.first(where: { $0.1 }) {
                throw ValidationError("--planner \(planner.rawValue) chooses the network and its settings; leave out \(option)")
            }
        } else if configuration != nil {
            throw ValidationError("--configuration needs --planner")
        }
    }

    /// What was said, for a workflow.
    var request: PlanningRequest {
        var request = PlanningRequest()
        if let planner { request.planner = .nnUNetV2(planner, configuration ?? .fullResolution) }
        request.memory = memory.flatMap(ByteCount.parse)
        request.preset = preset.map { Benchmark(named: $0).map { .benchmark($0) } ?? .free } ?? .byName
        request.featureSize = featureSize ?? request.featureSize
        request.architecture = network
        return request
    }
}

extension NNUNetV2Planner.Preset: ExpressibleByArgument {}
extension NNUNetV2Planner.Configuration: ExpressibleByArgument {}
