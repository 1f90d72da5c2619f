import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// The transforms of a bundle, in order, those that are switched off left out.
private func transforms(_ value: JSONValue, of configuration: MONAIConfiguration, place: String) throws -> [MONAIComponent] {
    var list = try configuration.resolved(value, place: place)
    if list.object != nil {
        var compose = try MONAIComponent(list, of: configuration, place: place)
        guard compose.name == "Compose" else { throw compose.fail("it is no Compose of transforms") }
        compose.ignore("map_items", "unpack_items", "log_stats", "lazy", "overrides")
        list = try compose.raw("transforms").map { try configuration.resolved($0, place: place) } ?? .null
        try compose.end()
    }
    guard let elements = list.array else { throw configuration.fail(place, "it has no list of transforms") }
    var found: [MONAIComponent] = []
    for (index, element) in elements.enumerated() {
        var component = try MONAIComponent(element, of: configuration, place: "\(place), transform \(index)")
        if try !component.isDisabled { found.append(component) }
    }
    return found
}

extension MONAIComponent {
    /// The one key that a transform works on.
    fileprivate mutating func key() throws -> String {
        guard let value = try value("keys") else { throw fail("it has no keys") }
        guard let key = value.string else { throw wrong("keys", value, "one key") }
        ignore("allow_missing_keys")
        return key
    }

    fileprivate func unknown(_ known: [String]) -> ModelImportError { fail("\(target) is not known here; known are \(known.joined(separator: ", "))") }
}

/// What a bundle does with a scan before the network.
struct MONAIPreprocessing {
    private(set) var orientation: AxisCodes?
    /// mm along the file's axes, after turning.
    private(set) var spacing: [Double] = []
    private(set) var steps: [IntensityStep] = []
    private(set) var notes: [String] = []

    private static let known = [
        "LoadImaged", "EnsureChannelFirstd", "EnsureTyped", "ToTensord", "CastToTyped", "Orientationd", "Spacingd", "ScaleIntensityRanged", "ScaleIntensityd",
        "NormalizeIntensityd",
    ]

    private var imageKey: String?
    private var isChannelFirst = false
    private var channels: Int

    /// - Throws: `ModelImportError.setting` for a transform or an argument that is not known.
    init(_ value: JSONValue, of configuration: MONAIConfiguration, channels: Int) throws {
        self.channels = channels
        let place = "preprocessing"
        for var transform in try transforms(value, of: configuration, place: place) {
            guard Self.known.contains(transform.name) else { throw transform.unknown(Self.known) }
            let key = try transform.key()
            guard key == imageKey ?? key else { throw transform.fail("it works on \(key), not on the image, \(imageKey ?? "")") }
            imageKey = key
            try read(&transform)
            try transform.end()
        }
        // Several files, one for each channel, are stacked as channels without more.
        guard imageKey != nil, isChannelFirst || channels > 1 else { throw configuration.fail(place, "it has no LoadImaged with EnsureChannelFirstd") }
        guard !spacing.isEmpty else {
            throw configuration.fail(
                place, "it has no Spacingd, but a plan needs a spacing; add one with the spacing of the scans that the model was trained on")
        }
    }

    private mutating func read(_ transform: inout MONAIComponent) throws {
        switch transform.name {
        case "LoadImaged": try load(&transform)
        case "EnsureChannelFirstd":
            try transform.demand("channel_dim", "no_channel")
            transform.ignore("strict_check")
            isChannelFirst = true
        case "EnsureTyped", "ToTensord", "CastToTyped":
            try transform.demandFloat32()
            transform.ignore("data_type", "device", "wrap_sequence", "track_meta")
        case "Orientationd": try turn(&transform)
        case "Spacingd": try resample(&transform)
        default: try scale(&transform)
        }
    }

    private mutating func load(_ transform: inout MONAIComponent) throws {
        try transform.demandFloat32()
        if try transform.flag("ensure_channel_first") { isChannelFirst = true }
        if let reader = try transform.text("reader") {
            let name = reader.lowercased()
            guard ["nibabelreader", "itkreader"].contains(name) else {
                throw transform.fail("its reader \(reader) is not known here; NibabelReader and ITKReader are")
            }
            if name == "itkreader" {
                notes.append(
                    "Scans are read as by nibabel, also where the bundle names ITKReader: where a NIfTI file's two affines differ, that of the sform counts.")
            }
        }
        transform.ignore(
            "meta_keys", "meta_key_postfix", "overwriting", "image_only", "simple_keys", "prune_meta_pattern", "prune_meta_sep", "expanduser")
    }

    private mutating func turn(_ transform: inout MONAIComponent) throws {
        guard orientation == nil, spacing.isEmpty else {
            throw transform.fail("it comes after Spacingd or another Orientationd; turning comes first, and once")
        }
        try transform.demand("labels")
        transform.ignore("lazy")
        let isCanonical = try transform.flag("as_closest_canonical"), codes = try transform.text("axcodes") ?? ""
        let text = isCanonical ? "RAS" : codes
        guard let codes = AxisCodes(text) else { throw transform.wrong("axcodes", .string(text), "one letter each of R or L, A or P, S or I, such as RAS") }
        orientation = codes
    }

    private mutating func resample(_ transform: inout MONAIComponent) throws {
        guard spacing.isEmpty, steps.isEmpty else {
            throw transform.fail("it comes after another Spacingd or after the intensities have been scaled; resampling comes before that, and once")
        }
        guard let value = try transform.list("pixdim") else { throw transform.fail("it has no pixdim") }
        guard let numbers = value.doubles ?? value.double.map({ [$0] }), let last = numbers.last, numbers.allSatisfy({ $0.isFinite && $0 > 0 }) else {
            throw transform.wrong("pixdim", value, "a spacing in mm for each axis")
        }
        // The last number stands for axes that have none.
        spacing = Array((numbers + [last, last]).prefix(3))
        try transform.demand("mode", "bilinear")
        try transform.demand("padding_mode", "border")
        try transform.demand("diagonal", false)
        try transform.demand("scale_extent", false)
        try transform.demand("recompute_affine", false)
        try transform.demand("min_pixdim")
        try transform.demand("max_pixdim")
        try transform.demandFloat32(also: "float64", "double")
        // Positions are those of voxels either way.
        try transform.demand("align_corners", false, true)
        transform.ignore("lazy", "ensure_same_shape")
    }

    private mutating func scale(_ transform: inout MONAIComponent) throws {
        try transform.demandFloat32()
        switch transform.name {
        case "ScaleIntensityRanged":
            guard let start = try transform.number("a_min"), let end = try transform.number("a_max") else {
                throw transform.fail("it has no a_min or no a_max")
            }
            let lower = try transform.number("b_min"), upper = try transform.number("b_max"), clips = try transform.flag("clip")
            guard (lower == nil) == (upper == nil), lower != nil || !clips else {
                throw transform.fail("it has one of b_min and b_max only, or clips to neither")
            }
            steps.append(.range(from: .init(start, end), to: .init(lower ?? 0, upper ?? 1), clips: clips))
        case "ScaleIntensityd":
            try transform.demand("factor")
            try demandOneChannel(&transform)
            steps.append(.extremes(to: .init(try transform.number("minv") ?? 0, try transform.number("maxv") ?? 1)))
        default:
            try transform.demand("subtrahend")
            try transform.demand("divisor")
            try demandOneChannel(&transform)
            steps.append(.standardize(onlyNonZero: try transform.flag("nonzero")))
        }
    }

    private func demandOneChannel(_ transform: inout MONAIComponent) throws {
        guard try transform.flag("channel_wise") || channels == 1 else {
            throw transform.fail("it takes its numbers over all \(channels) channels together (channel_wise is false); here each channel has its own")
        }
    }
}

/// What a bundle does with the network's outputs.
struct MONAIPostprocessing {
    private(set) var restored = InferenceSettings.Restored.averages
    private(set) var cleaning: PostProcessing?

    private static let known = [
        "Activationsd", "AsDiscreted", "Invertd", "KeepLargestConnectedComponentd", "EnsureTyped", "ToTensord", "SaveImaged",
    ]

    private var predictionKey: String?
    private var isSoftmax = false, isDecided = false, isSaved = false
    /// Whether labels or outputs go back to the scan, and how.
    private var inversion: (ofLabels: Bool, isNearest: Bool)?

    /// - Parameters:
    ///   - value: the transforms.
    ///   - preprocessing: names of the transforms that Invertd may go back.
    ///   - labels: the values of the structures.
    /// - Throws: `ModelImportError.setting` for a transform, an argument or an order that is not known.
    init(_ value: JSONValue, of configuration: MONAIConfiguration, preprocessing: [String], labels: [Int]) throws {
        let place = "postprocessing"
        for var transform in try transforms(value, of: configuration, place: place) {
            guard Self.known.contains(transform.name) else { throw transform.unknown(Self.known) }
            guard !isSaved else { throw transform.fail("it comes after SaveImaged") }
            if transform.name == "SaveImaged" {
                isSaved = true
                continue
            }
            let key = try transform.key()
            guard key == predictionKey ?? key else { throw transform.fail("it works on \(key), not on the prediction, \(predictionKey ?? "")") }
            predictionKey = key
            switch transform.name {
            case "Activationsd": try activate(&transform)
            case "AsDiscreted": try decide(&transform)
            case "Invertd": try invert(&transform, preprocessing)
            case "KeepLargestConnectedComponentd": try clean(&transform, labels)
            default:
                try transform.demandFloat32()
                transform.ignore("data_type", "device", "wrap_sequence", "track_meta")
            }
            try transform.end()
        }
        guard isDecided else { throw configuration.fail(place, "it has no AsDiscreted with argmax, so its result is no mask") }
        guard let inversion else { throw configuration.fail(place, "it has no Invertd, so its result does not lie on the grid of the scan") }
        restored =
            inversion.isNearest
            ? .nearestLabels  // the nearest voxel's label is the same whether it is decided before or after
            : inversion.ofLabels ? .interpolatedLabels : isSoftmax ? .probabilities : .averages
    }

    private mutating func activate(_ transform: inout MONAIComponent) throws {
        guard !isDecided else { throw transform.fail("it comes after AsDiscreted") }
        if try transform.flag("sigmoid") {
            throw transform.fail("it has sigmoid: outputs that may overlap and become labels by rules of the bundle's own are not known here; softmax is")
        }
        try transform.demand("other")
        // After Invertd it changes no decision.
        if try transform.flag("softmax"), inversion == nil { isSoftmax = true }
    }

    private mutating func decide(_ transform: inout MONAIComponent) throws {
        guard !isDecided else { throw transform.fail("it comes twice") }
        guard try transform.flag("argmax") else { throw transform.fail("it has no argmax, which is the only decision that is known here") }
        try transform.demand("to_onehot")
        try transform.demand("threshold")
        try transform.demand("rounding")
        try transform.demand("dim", 0)
        try transform.demand("keepdim", true)
        isDecided = true
    }

    private mutating func invert(_ transform: inout MONAIComponent, _ preprocessing: [String]) throws {
        guard inversion == nil else { throw transform.fail("it comes twice") }
        let reference = transform.raw("transform")?.string ?? ""
        guard preprocessing.contains(String(reference.drop { $0 == "$" || $0 == "@" })) else {
            throw transform.fail("its transform is \(reference), not a reference to the bundle's preprocessing")
        }
        try transform.demand("post_func")
        inversion = (isDecided, try transform.flag("nearest_interp", default: true))
        transform.ignore("orig_keys", "meta_keys", "orig_meta_keys", "meta_key_postfix", "to_tensor", "device")
    }

    private mutating func clean(_ transform: inout MONAIComponent, _ labels: [Int]) throws {
        guard isDecided else { throw transform.fail("it comes before AsDiscreted; here masks are cleaned up") }
        try transform.demand("is_onehot", false)
        try transform.demand("num_components", 1)
        var values = labels
        if let given = try transform.list("applied_labels") {
            guard let numbers = given.ints ?? given.int.map({ [$0] }), !numbers.isEmpty, Set(numbers).isSubset(of: labels) else {
                throw transform.wrong("applied_labels", given, "labels of the bundle (\(labels))")
            }
            values = numbers
        }
        let number = try transform.whole("connectivity") ?? 3
        guard (1...3).contains(number) else { throw transform.wrong("connectivity", .integer(number), "1, 2 or 3") }
        let sets = try transform.flag("independent", default: true) ? values.map { [$0] } : [values]
        var cleaning = PostProcessing(
            keepLargest: sets, connectivity: [.faces, .edges, .corners][number - 1], grid: inversion == nil ? .prepared : .scan)
        if let before = self.cleaning {
            guard (before.connectivity, before.grid) == (cleaning.connectivity, cleaning.grid) else {
                throw transform.fail("it comes twice, with another connectivity or on both sides of Invertd")
            }
            cleaning.keepLargest = before.keepLargest + sets
        }
        self.cleaning = cleaning
    }
}
