import ArgumentParser
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

    @Option(help: "Published settings: synapse, btcv, acdc, lung, tumor (BraTS), or none (default: by the name of the data set).")
    var preset: String?

    @Option(help: "Channels at full resolution of UNETR++.")
    var featureSize = 16

    @Option(help: "Network, in its usual size (default: that of the plan, otherwise UNETR++).")
    var network: NetworkDescription.Architecture?

    func validate() throws {
        if let preset, preset != "none", Benchmark(named: preset) == nil {
            throw ValidationError(
                "--preset '\(preset)' is unknown; expected one of \(Benchmark.allCases.map(\.rawValue).joined(separator: ", ")), none")
        }
        if let memory, Self.bytes(memory) == nil { throw ValidationError("--memory is '\(memory)'; expected a size such as 8G or 900M") }
        guard (1...512).contains(featureSize) else { throw ValidationError("--feature-size is \(featureSize); expected 1 to 512") }
    }

    /// What was said, for a workflow.
    var request: PlanningRequest {
        var request = PlanningRequest()
        request.memory = memory.flatMap(Self.bytes)
        request.preset = preset.map { Benchmark(named: $0).map { .benchmark($0) } ?? .free } ?? .byName
        request.featureSize = featureSize
        request.architecture = network
        return request
    }

    /// "8G", "900M", "512K" or a number of bytes.
    static func bytes(_ text: String) -> Int? {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        let upper = text.uppercased().replacingOccurrences(of: "IB", with: "").replacingOccurrences(of: "B", with: "")
        guard let last = upper.last else { return nil }
        let factor = units[last] ?? 1
        guard let number = Double(units[last] == nil ? upper : String(upper.dropLast())), number > 0, number.isFinite else { return nil }
        let bytes = number * Double(factor)
        return bytes < 0x1p62 ? Int(rounding: bytes, .towardZero) : nil
    }
}
