import ArchitectureTestSupport
import Testing
import UNETRArchitectures
import UNETRLayers
import UNETRNetworks
import UNETRSupport
import UNETRTorch

/// The list of layers against the networks themselves.
struct LayerParameterTests {
    static let listed: [NetworkDescription] =
        NetworkPreset.allCases.map(\.network) + (NarrowNetworks.names + ["cotr patches", "cotr aspp"]).map(NarrowNetworks.description)
        + ["nnformer acdc", "unetr convolution", "nnunet-resenc flat"].map(PublishedNetworks.description)
        + [("unet_monai", 32), ("unet_monai_plain", 32), ("swin_unetr_v2", 64), ("stunet_large", 64), ("mednext_m_k5", 32)].map { name, side in
            ReferenceNetworks.description(name, patch: [side, side, side])
        }

    @Test("Every layer of the list has the parameters that the network has under its name", arguments: listed)
    func parametersOfLayers(description: NetworkDescription) throws {
        let complexity = try description.complexity()
        let network = try description.makeNetwork(values: .unset)
        var left = network.store.entries.filter { $0.kind == .parameter && $0.aliasOf == nil }
        for layer in complexity.layers {
            let own = left.filter { $0.key == layer.name || $0.key.hasPrefix(layer.name + ".") }
            #expect(own.reduce(0) { $0 + $1.tensor.count } == layer.parameters, "\(layer.name)")
            left.removeAll { entry in own.contains { $0.key == entry.key } }
        }
        #expect(left.map(\.key) == [])
        #expect(Set(complexity.layers.map(\.name)).count == complexity.layers.count)
        #expect(complexity.parameters == network.store.parameterCount)
    }
}
