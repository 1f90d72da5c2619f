import UNETRPlanning
import UNETRSupport

/// How a bundle puts a scan's prediction together: its `SlidingWindowInferer`.
struct MONAIInferer {
    let window: Size3
    let settings: InferenceSettings

    /// - Throws: `ModelImportError.setting` for another inferer, or an argument that is not known.
    init(_ value: JSONValue, of configuration: MONAIConfiguration) throws {
        var inferer = try MONAIComponent(value, of: configuration, place: "inferer")
        guard inferer.name == "SlidingWindowInferer" else { throw inferer.fail("\(inferer.target) is not known here; SlidingWindowInferer is") }
        guard let window = try inferer.three("roi_size") else { throw inferer.fail("it has no roi_size") }
        guard window.allSatisfy({ $0 > 0 }) else { throw inferer.fail("its roi_size is \(window): windows as long as the scan are not known here") }
        var overlap = 0.25
        if let value = try inferer.list("overlap") {
            guard let numbers = value.doubles ?? value.double.map({ [$0] }), let first = numbers.first, numbers.allSatisfy({ $0 == first }) else {
                throw inferer.wrong("overlap", value, "one number for all axes")
            }
            overlap = first
        }
        guard (0..<1).contains(overlap), InferenceSettings.stepRange.contains(1 - overlap) else {
            throw inferer.fail("its overlap is \(overlap), expected a number from 0 to \(1 - InferenceSettings.stepRange.lowerBound)")
        }
        let mode = try inferer.text("mode") ?? "constant", padding = try inferer.text("padding_mode") ?? "constant"
        let sigma = try inferer.number("sigma_scale") ?? 0.125
        guard let weight = ["constant": WindowRule.Weight.constant, "gaussian": .gaussian][mode] else {
            throw inferer.fail("its mode is \(mode), which is not known here; constant and gaussian are")
        }
        guard let edge = ["constant": WindowRule.Padding.zeros, "replicate": .edge][padding] else {
            throw inferer.fail("its padding_mode is \(padding), which is not known here; constant and replicate are")
        }
        try inferer.demand("cval", 0)
        try inferer.demand("with_coord", false)
        // What lies where, and how much is done at once, changes no sum.
        inferer.ignore("sw_batch_size", "sw_device", "device", "progress", "cache_roi_weight_map", "cpu_thresh", "buffer_steps", "buffer_dim")
        try inferer.end()
        self.window = window
        settings = InferenceSettings(
            mirrorAxes: [], stepFraction: 1 - overlap, aggregation: .logits, windows: .monai(weight, sigmaScale: sigma, padding: edge))
    }
}
