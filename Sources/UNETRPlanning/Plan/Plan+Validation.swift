import UNETRSupport
import UNETRVolumes

/// What is wrong with a plan.
public enum PlanError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A field breaks a rule.
    case invalid(field: String, value: String, rule: String)
    /// A field of this file breaks a rule.
    case inFile(path: String, problem: String)
    /// The file is no plan.
    case unreadable(path: String, problem: String)
    /// The network does not agree with the plan around it, in what is named.
    case mismatch(what: String, network: [Int], plan: [Int])

    /// A data set has no such configuration.
    case configuration(name: String, dataset: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .invalid(let field, let value, let rule): "the plan's \(field) is \(value), but \(rule)"
        case .inFile(let path, let problem): "\(path): \(problem)"
        case .unreadable(let path, let problem): "\(path) is no plan: \(problem)"
        case .configuration(let name, let dataset):
            "\(dataset) has no configuration \(name): at full resolution a patch holds a quarter of a scan, or nearly; plan 3d_fullres"
        case .mismatch(let what, let network, let plan):
            "the plan's network has \(what) \(network), the plan itself says \(plan); make the two agree in plan.json"
        }
    }
}

extension Plan {
    /// The patch that a file states.
    /// - Throws: `PlanError.invalid` unless there are three numbers.
    static func patchSize(_ numbers: [Int]) throws -> Size3 {
        guard let size = Size3(numbers) else {
            throw PlanError.invalid(field: "patchSize", value: "\(numbers)", rule: "must hold three numbers (voxels)")
        }
        return size
    }

    /// Whether a file states two dimensions; three where it says nothing.
    /// - Throws: `PlanError.invalid` for another number.
    static func isTwoDimensional(_ dimensions: Int?) throws -> Bool {
        guard [nil, 2, 3].contains(dimensions) else {
            throw PlanError.invalid(field: "dimensions", value: dimensions.map { "\($0)" } ?? "", rule: "must be 2 or 3")
        }
        return dimensions == 2
    }

    /// The orientation that a file states.
    /// - Throws: `PlanError.invalid` for anything but three letters of three axes.
    static func orientation(_ text: String) throws -> AxisCodes {
        guard let codes = AxisCodes(text) else {
            throw PlanError.invalid(field: "orientation", value: text, rule: "must be one letter each of R or L, A or P, S or I, such as RAS")
        }
        return codes
    }

    /// Checks every field once.
    /// - Throws: `PlanError.invalid` with the field, its value and the rule it breaks.
    func validate() throws {
        func check(_ holds: Bool, _ field: String, _ value: Any, _ rule: String) throws {
            if !holds { throw PlanError.invalid(field: field, value: "\(value)", rule: rule) }
        }
        try check(!channelNames.isEmpty, "channelNames", channelNames, "must name at least one channel")
        try check(channelNames.count <= 1024, "channelNames", "a list of \(channelNames.count)", "may name at most 1024 channels")
        try check(targetSpacing.count == 3, "targetSpacing", targetSpacing, "must hold three numbers (mm)")
        try check(targetSpacing.allSatisfy { $0.isFinite && $0 > 0 }, "targetSpacing", targetSpacing, "each number must be above 0")
        let range = Geometry.spacingRange
        try check(
            targetSpacing.allSatisfy(range.contains), "targetSpacing", targetSpacing,
            "each number must be from \(range.lowerBound) to \(range.upperBound) mm")
        try check(patchSize.allSatisfy { (1...4096).contains($0) }, "patchSize", patchSize, "each number must be from 1 to 4096")
        try check(patchSize.saturatingProduct() <= 1 << 27, "patchSize", patchSize, "all together may be at most 2²⁷ voxels, 512 × 512 × 512")
        try check(
            !isTwoDimensional || patchSize.depth == 1, "patchSize", patchSize, "a patch of a two-dimensional network has a depth of 1")
        try check((1...4096).contains(batchSize), "batchSize", batchSize, "must be from 1 to 4096")
        try check(
            normalization.count == channelNames.count, "normalization", "a list of \(normalization.count)",
            "needs one entry for each of the \(channelNames.count) channels")
        for (channel, entry) in normalization.enumerated() {
            try entry.validate(field: "normalization[\(channel)]")
        }
        try labels.validate()
        let mirror = inference.mirrorAxes
        try check(
            Set(mirror).count == mirror.count && mirror.allSatisfy { (0...2).contains($0) }, "inference.mirrorAxes", mirror,
            "may hold each of 0, 1, 2 at most once")
        let step = inference.stepFraction
        try check(
            InferenceSettings.stepRange.contains(step), "inference.stepFraction", step,
            "must be from \(InferenceSettings.stepRange.lowerBound) to \(InferenceSettings.stepRange.upperBound)")
        if let temperature = inference.temperature {
            let range = InferenceSettings.temperatureRange
            try check(range.contains(temperature), "inference.temperature", temperature, "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        let sigma = inference.windows.sigmaScale
        try check((0.01...10).contains(sigma), "inference.windows.sigmaScale", sigma, "must be from 0.01 to 10")
        if inference.restored != .averages, compatibility.separatesCoarseAxis {
            // Every rule but that of averages was made for scans that are interpolated along all three axes.
            try check(
                ![.nearestLabels, .interpolatedLabels].contains(inference.restored), "inference.restored", inference.restored.rawValue,
                "needs a compatibility that resamples along all axes, \(Compatibility.monai.rawValue) or \(Compatibility.nnUNetV2Linear.rawValue)")
        }
        try check(
            postProcessing?.grid != .prepared || inference.restored.decidesEarly, "postProcessing.grid", "prepared",
            "inference.restored must then be one of the rules that decide on the prepared grid")
        for values in postProcessing?.keepLargest ?? [] {
            try check(
                !values.isEmpty && Set(values).isSubset(of: labels.foregroundValues), "postProcessing.keepLargest", values,
                "may only hold label values of the plan (\(labels.foregroundValues))")
        }
    }
}

extension IntensityNormalization {
    fileprivate func validate(field: String) throws {
        func fail(_ value: String, _ rule: String) -> PlanError { .invalid(field: field, value: value, rule: rule) }
        if let statistics {
            guard statistics.numbers.allSatisfy({ abs($0) <= 1e30 }) else {
                throw fail("\(statistics.numbers)", "statistics must be finite numbers, from -1e30 to 1e30")
            }
        }
        guard scheme == .steps || steps == nil else { throw fail("\(scheme.rawValue) with steps", "only the scheme steps has steps") }
        switch scheme {
        case .zScore, .noNorm, .rescaleTo01, .rgbTo01: return
        case .steps:
            guard let steps, (1...16).contains(steps.count) else { throw fail("steps without any", "the scheme needs 1 to 16 steps") }
            for step in steps {
                guard step.numbers.allSatisfy({ abs($0) <= 1e30 }) else {
                    throw fail("\(step.numbers)", "numbers of steps must be finite, from -1e30 to 1e30")
                }
                if case .range(let from, _, _) = step, from.lower == from.upper {
                    throw fail("a range from \(from.lower) to \(from.upper)", "the ends must differ")
                }
            }
        case .ct, .ct2:
            guard let known = statistics else {
                throw fail("\(scheme.rawValue) without statistics", "the scheme needs the statistics of the training set")
            }
            guard known.percentile005 <= known.percentile995 else {
                throw fail("\(known.percentile005)…\(known.percentile995)", "percentile005 may not be above percentile995")
            }
            guard scheme == .ct2 || known.standardDeviation >= 1e-30 else {
                throw fail("\(known.standardDeviation)", "standardDeviation must be above 0, at least 1e-30")
            }
        }
    }
}

extension LabelSet {
    /// Checks that values fit a label map and that ordinary labels do not share values.
    package func validate() throws {
        func check(_ holds: Bool, _ field: String, _ value: Any, _ rule: String) throws {
            if !holds { throw PlanError.invalid(field: field, value: "\(value)", rule: rule) }
        }
        try check(
            definitions.first?.isBackground == true, "labels", definitions.first.map { "\($0.name): \($0.values)" } ?? "empty",
            "the first label must be the background with the value 0")
        try check(definitions.count > 1, "labels", "only the background", "at least one structure to segment is needed")
        try check(definitions.count <= 1024, "labels", "a list of \(definitions.count)", "at most 1024 labels are possible")
        let names = definitions.map(\.name)
        try check(Set(names).count == names.count, "labels", names, "every name may occur once")
        for label in definitions.dropFirst() {
            try check(!label.values.isEmpty, "labels", "\(label.name): \(label.values)", "every label needs a value")
            try check(
                label.values.allSatisfy { (1...32767).contains($0) }, "labels", "\(label.name): \(label.values)",
                "values must be from 1 to 32767")
        }
        if !hasRegions {
            let values = definitions.map { $0.values[0] }
            try check(Set(values).count == values.count, "labels", values, "two labels may share a value only as regions")
        }
        if let order = regionOrder {
            try check(hasRegions, "regionOrder", order, "only labels with several values (regions) have an order")
            try check(order.count == foreground.count, "regionOrder", order, "needs one value for each of the \(foreground.count) regions")
            try check(order.allSatisfy { (0...32767).contains($0) }, "regionOrder", order, "values must be from 0 to 32767")
        }
        if let ignored = ignoreValue {
            try check((-32768...32767).contains(ignored), "ignoreLabel", ignored, "must be from -32768 to 32767, as labels in files are")
            try check(!foregroundValues.contains(ignored) && ignored != 0, "ignoreLabel", ignored, "may not be the value of a label")
        }
    }
}
