import ArchitectureTestSupport
import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRSupport

/// `Tests/Fixtures/parity/networks.json`, from which `Scripts/gpu-check` knows the networks of the fixtures.
struct ReferenceDescriptionTests {
    private struct Entry: Codable, Equatable {
        var network: NetworkDescription
        /// How tables of positions are filled; whether the reference returns the soft-max.
        var smallPositions, isSoftMax: Bool
    }

    private func entries() throws -> [String: Entry] {
        var entries: [String: Entry] = [:]
        for variant in ["synapse", "acdc", "lung", "tumor"] {
            entries[variant] = try Entry(network: .unetrPlusPlus(Manifest(variant).configuration), smallPositions: true, isSoftMax: false)
        }
        for name in PublishedNetworkParityTests.narrow + PublishedNetworkParityTests.wide {
            let patch = try #require(ParityManifest(name).inputShape.flatMap { Size3($0.dropFirst(2)) })
            entries[name] = Entry(
                network: ReferenceNetworks.description(name, patch: patch), smallPositions: false, isSoftMax: name.hasPrefix("transbts"))
        }
        for (name, network) in try others() { entries[name] = Entry(network: network, smallPositions: true, isSoftMax: false) }
        return entries
    }

    /// Those whose settings are in tests of their own.
    private func others() throws -> [String: NetworkDescription] {
        var swin = SwinUNETRParityTests.narrow
        swin.patchSize = [32, 64, 96]
        var unetr = NarrowNetworks.unetr
        (unetr.inputChannels, unetr.layers, unetr.embedding) = (2, 12, .perceptron)
        var convolution = unetr
        convolution.embedding = .convolution
        return [
            "unetr_narrow_perceptron": .unetr(unetr), "unetr_narrow_convolution": .unetr(convolution), "swin_unetr_narrow": .swinUNETR(swin),
            "nnformer_acdc_narrow": .nnFormer(NNFormerParityTests.narrow(.acdc)), "nnformer_tumor_narrow": .nnFormer(NNFormerParityTests.narrow(.tumor)),
            "nnunet_plain_narrow": .nnUNet(NNUNetParityTests.narrow(.plain)), "nnunet_resenc_narrow": .nnUNet(NNUNetParityTests.narrow(.residual)),
        ]
    }

    @Test func `The descriptions beside the reference runs are those that the tests compare`() throws {
        let url = Fixtures.url("parity/networks.json")
        let entries = try entries()
        let found = try JSONDecoder().decode([String: Entry].self, from: Data(contentsOf: url))
        #expect(found.keys.sorted() == entries.keys.sorted())
        for (name, entry) in entries { #expect(found[name] == entry, "\(name)") }
    }
}
