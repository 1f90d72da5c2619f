import UNETRArchitectures
import UNETRSupport

extension MONAINetwork {
    static func unet(_ network: inout MONAIComponent, _ window: Size3) throws -> MONAIUNetConfiguration {
        var settings = MONAIUNetConfiguration()
        (settings.inputChannels, settings.classes) = try network.channels()
        settings.patchSize = window
        guard let channels = try network.wholes("channels"), let strides = try network.sizes("strides") else {
            throw network.fail("it has no channels or no strides")
        }
        settings.channels = channels
        // MONAI passes over strides behind the last level.
        settings.strides = Array(strides.prefix(max(channels.count - 1, 0)))
        settings.kernel = try network.three("kernel_size") ?? [3, 3, 3]
        settings.upKernel = try network.three("up_kernel_size") ?? [3, 3, 3]
        settings.residualUnits = try network.whole("num_res_units") ?? 0
        settings.norm = try network.norm("norm") ?? .instance
        settings.dropout = try network.number("dropout") ?? 0
        try network.demandName("act", "prelu")
        try network.demand("bias", true)
        try network.demand("adn_ordering", "NDA")
        return settings
    }

    static func segResNet(_ network: inout MONAIComponent, _ window: Size3) throws -> SegResNetConfiguration {
        var settings = SegResNetConfiguration()
        (settings.inputChannels, settings.classes) = try network.channels()
        settings.patchSize = window
        settings.featureSize = try network.whole("init_filters") ?? 8
        settings.depths = try network.wholes("blocks_down") ?? [1, 2, 2, 4]
        settings.decoderDepths = try network.wholes("blocks_up") ?? [1, 1, 1]
        settings.dropout = try network.number("dropout_prob") ?? 0
        let given = try network.named("norm"), earlier = try network.text("norm_name") ?? "", groups = try network.whole("num_groups") ?? 8
        guard (given?.name ?? "group") == "group", ["", "group"].contains(earlier.lowercased()) else {
            throw network.fail("its norm is \(earlier.isEmpty ? given?.name ?? "" : earlier), but group is the only one that is known here")
        }
        if earlier.isEmpty, let other = given?.options.keys.sorted().first(where: { $0 != "num_groups" }) {
            throw network.fail("its norm is group with \(other), of which only num_groups is known here")
        }
        settings.groups = earlier.isEmpty ? given?.options["num_groups"]?.int ?? 8 : groups
        try network.demandName("act", "relu")
        try network.demand("use_conv_final", true)
        try network.demand("upsample_mode", "nontrainable")
        return settings
    }

    static func dynUNet(_ network: inout MONAIComponent, _ window: Size3) throws -> DynUNetConfiguration {
        var settings = DynUNetConfiguration()
        (settings.inputChannels, settings.classes) = try network.channels()
        settings.patchSize = window
        guard let kernels = try network.sizes("kernel_size"), let strides = try network.sizes("strides"), let first = strides.first else {
            throw network.fail("it has no kernel_size or no strides")
        }
        guard first == [1, 1, 1] else { throw network.fail("its first stride is \(first), but only networks that begin at full resolution are known here") }
        guard try network.sizes("upsample_kernel_size") == Array(strides.dropFirst()) else {
            throw network.fail("its upsample_kernel_size are not its strides but the first, which are the only ones known here")
        }
        (settings.kernels, settings.strides) = (kernels, Array(strides.dropFirst()))
        settings.features = try network.wholes("filters") ?? strides.indices.map { min(32 << min($0, 8), 320) }
        settings.residual = try network.flag("res_block")
        settings.norm = try network.norm("norm_name") ?? .affineInstance
        settings.upsamplingBias = try network.flag("trans_bias")
        let isSupervised = try network.flag("deep_supervision"), outputs = try network.whole("deep_supr_num") ?? 1
        settings.coarseOutputs = isSupervised ? outputs : 0
        if let activation = try network.named("act_name") {
            let slope = activation.options["negative_slope"]?.double ?? 0.01
            guard activation.name == "leakyrelu", slope == 0.01 else {
                throw network.fail("its act_name is \(activation.name), slope \(slope); leakyrelu with 0.01 is known here")
            }
        }
        // Of training only.
        network.ignore("dropout")
        return settings
    }
}

extension MONAIComponent {
    /// A layer by its name, or by a list of its name and its options.
    mutating func named(_ key: String) throws -> (name: String, options: [String: JSONValue])? {
        guard let value = try list(key) else { return nil }
        guard let name = value.string ?? value.array?.first?.string, (value.array?.count ?? 1) <= 2 else {
            throw wrong(key, value, "a name, or a name and options")
        }
        return (name.lowercased(), value.array?.dropFirst().first?.object ?? [:])
    }

    /// Refuses a layer unless it is missing or has that name, whatever it is told about memory.
    mutating func demandName(_ key: String, _ name: String) throws {
        guard let found = try named(key) else { return }
        guard found.name == name, found.options.keys.allSatisfy({ $0 == "inplace" }) else {
            throw fail("its \(key) is \(found.name)\(found.options.isEmpty ? "" : " with options"), which is not known here; \(name) is")
        }
    }

    /// A normalization.
    mutating func norm(_ key: String) throws -> NormChoice? {
        guard let (name, given) = try named(key) else { return nil }
        var options = given
        let affine = options.removeValue(forKey: "affine")
        switch (name, affine) {
        case ("batch", nil), ("batch", .bool(true)): if options.isEmpty { return .batch }
        case ("instance", nil), ("instance", .bool(false)): if options.isEmpty { return .instance }
        case ("instance", .bool(true)): if options.isEmpty { return .affineInstance }
        default: break
        }
        throw fail(
            "its \(key) is \(name)\(options.isEmpty ? "" : " with \(options.keys.sorted().joined(separator: ", "))"), which is not known here; batch and instance are"
        )
    }

    /// A list of sizes for the axes, for each of which one number may stand.
    mutating func sizes(_ key: String) throws -> [Size3]? {
        guard let value = try list(key) else { return nil }
        let sizes = (value.array ?? []).compactMap { element in element.int.map { Size3($0, $0, $0) } ?? element.ints.flatMap { Size3($0) } }
        guard let elements = value.array, sizes.count == elements.count else { throw wrong(key, value, "a list of whole numbers, or of three each") }
        return sizes
    }
}
