import ArchitectureTestSupport
import Foundation
import Testing
import UNETRArchitectures
import UNETRSupport

/// What is known of the architectures before they have a size.
struct RegistryTests {
    private typealias Architecture = NetworkDescription.Architecture

    @Test func `Every architecture has its name, in files and in sentences`() {
        #expect(
            Architectures.all.map(\.rawValue) == [
                "unetr-plus-plus", "unetr", "swin-unetr", "nnformer", "nnunet", "nnunet-resenc", "monai-unet", "segresnet", "basic-unet",
                "attention-unet", "stunet", "mednext", "dynunet", "transbts", "setr", "transunet3d", "cotr",
                "transunet", "swin-unet", "missformer",
            ])
        #expect(
            Architectures.all.map(\.displayName) == [
                "UNETR++", "UNETR", "Swin UNETR", "nnFormer", "nnU-Net", "nnU-Net ResEnc", "MONAI U-Net", "SegResNet", "Basic U-Net",
                "Attention U-Net", "STU-Net", "MedNeXt", "DynUNet", "TransBTS", "SETR", "3D TransUNet", "CoTr", "TransUNet",
                "Swin-Unet", "MISSFormer",
            ])
        #expect(Architecture(rawValue: "swin-unetr") == .swinUNETR && Architecture(rawValue: "Swin UNETR") == nil)
    }

    @Test func `An architecture is its name in JSON`() throws {
        #expect(
            try String(decoding: JSONEncoder().encode(Architectures.all.prefix(4).map { $0 }), as: UTF8.self)
                == #"["unetr-plus-plus","unetr","swin-unetr","nnformer"]"#)
        #expect(try JSONDecoder().decode([Architecture].self, from: Data(#"["nnunet-resenc"]"#.utf8)) == [.nnUNetResidual])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Architecture].self, from: Data(#"["u-net"]"#.utf8)) }
    }

    @Test func `Printed figures come by source, those of the networks here first`() {
        let names = PublishedFigures.all.map { "\($0.name) \($0.source == .unetrPlusPlus ? "paper" : "slides")" }
        #expect(
            names == [
                "UNETR++ paper", "UNETR paper", "Swin UNETR paper", "nnFormer paper", "nnU-Net paper", "UNETR slides", "nnU-Net slides",
                "CoTr slides", "TransUNet slides", "SETR slides", "ASPP slides",
            ])
        #expect(
            PublishedFigures.all.map(\.architecture) == [
                .unetrPlusPlus, .unetr, .swinUNETR, .nnFormer, .nnUNet, .unetr, .nnUNet, .coTr, .transUNet, nil, nil,
            ])
        #expect(PublishedFigures.all.first { $0.architecture == .nnFormer }?.parameters == 150.5)
        #expect(PublishedFigures.all.compactMap(\.synapseDice) == [87.22, 78.35, 83.48, 86.57])
    }

    @Test func `The presets are the published networks and the one that is shipped`() {
        #expect(
            NetworkPreset.allCases.map(\.network.patchSize) == [
                [64, 128, 128], [16, 160, 160], [32, 192, 192], [128, 128, 128], [48, 64, 48],
            ])
        #expect(NetworkPreset.allCases.map(\.network.classes) == [14, 4, 2, 4, 3])
        #expect(NetworkPreset.allCases.map(\.network.inputChannels) == [1, 1, 1, 4, 1])
    }
}

/// The usual settings for given data.
struct UsualSettingsTests {
    @Test(
        "The patch is rounded up to what the network takes",
        arguments: [
            (.unetrPlusPlus, [40, 100, 100], [48, 128, 128]), (.unetr, [40, 100, 100], [48, 112, 112]),
            (.swinUNETR, [40, 100, 100], [64, 128, 128]), (.nnFormer, [40, 100, 100], [48, 128, 128]),
            (.nnUNet, [40, 100, 100], [40, 112, 112]), (.nnUNetResidual, [40, 100, 100], [40, 112, 112]), (.monaiUNet, [40, 100, 100], [40, 112, 112]),
            (.segResNet, [40, 100, 100], [40, 104, 104]), (.basicUNet, [40, 100, 100], [48, 112, 112]),
            (.attentionUNet, [40, 100, 100], [40, 112, 112]), (.stuNet, [40, 100, 100], [40, 112, 112]),
            (.medNeXt, [40, 100, 100], [48, 112, 112]), (.dynUNet, [40, 100, 100], [40, 112, 112]), (.dynUNet, [5, 6, 7], [5, 6, 7]),
            (.transUNet3D, [40, 100, 100], [40, 112, 112]), (.transUNet3D, [5, 6, 7], [5, 6, 7]), (.coTr, [40, 100, 100], [40, 112, 112]),
            (.transBTS, [40, 100, 100], [40, 104, 104]), (.setr, [40, 100, 100], [48, 112, 112]), (.monaiUNet, [5, 6, 7], [5, 6, 7]),
            (.stuNet, [5, 6, 7], [5, 6, 7]), (.unetr, [16, 32, 48], [16, 32, 48]), (.transUNet, [40, 100, 240], [1, 112, 240]),
            (.swinUNet, [40, 100, 240], [1, 128, 256]), (.missFormer, [1, 100, 240], [1, 128, 256]),
        ] as [(NetworkDescription.Architecture, Size3, Size3)])
    func patches(architecture: NetworkDescription.Architecture, asked: Size3, patch: Size3) throws {
        let network = NetworkDescription.usual(architecture, inputChannels: 2, classes: 5, patchSize: asked)
        #expect(network.architecture == architecture && network.inputChannels == 2 && network.classes == 5)
        #expect(network.patchSize == patch)
        try network.configuration.validate()
    }

    // Spacings and median scans of the published benchmarks, and their stems.
    @Test(
        arguments: [
            ([2.43, 0.766, 0.766], [184, 512, 512], [2, 4, 4]), ([6.87, 1.52, 1.52], [13, 218, 239], [1, 4, 4]),
            ([1.0, 1, 1], [140, 168, 138], [4, 4, 4]), ([1.0, 1, 1], [36, 50, 35], [2, 2, 2]), ([1.0, 1, 1], [15, 15, 15], [1, 1, 1]),
        ] as [([Double], Size3, Size3)])
    func `The stem is halved for coarse axes and for small scans`(spacing: [Double], scan: Size3, stem: Size3) {
        #expect(Stem.usual(spacing: spacing, scan: scan) == stem)
    }

    @Test func `A patch that is no cube is one at coarser spacing`() {
        #expect(Stem.cubicSpacing(of: [64, 128, 128]) == [2, 1, 1])
        #expect(Stem.usual(spacing: Stem.cubicSpacing(of: [64, 128, 128]), scan: [64, 128, 128]) == [2, 4, 4])
    }

    @Test func `The U-Net of a flat patch pools the slices later`() throws {
        let description = NetworkDescription.usual(
            .nnUNetResidual, inputChannels: 1, classes: 2, patchSize: [48, 192, 192], spacing: [3, 0.8, 0.8])
        let network = try #require(description.configuration as? NNUNetConfiguration)
        #expect(network.strides == [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2], [2, 2, 2], [1, 2, 2]])
        #expect(network.features == [32, 64, 128, 256, 320, 320] && network.depths == [1, 3, 4, 6, 6, 6])
        #expect(network.decoderDepths == [1, 1, 1, 1, 1] && network.supervisedOutputs == 4)
    }
}
