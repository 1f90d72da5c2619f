import Foundation
public import UNETRArchitectures
public import UNETRSupport

/// The data sets that UNETR++ was published on, and the network settings that were published with them.
///
/// Source: Shaker et al., IEEE TMI 2024, and its released training code. Spacing and normalization are not part of a preset: they
/// follow from the data set by the planning rules, as they did for the authors.
public enum Benchmark: String, Codable, Sendable, CaseIterable {
    /// Synapse multi-organ CT, 18 training and 12 validation cases.
    case synapse
    /// BTCV multi-organ CT.
    case btcv
    /// ACDC cardiac MRI.
    case acdc
    /// Lung tumors, Task06 of the Medical Segmentation Decathlon.
    case lung

    /// Also called BraTS; the released code says tumor.
    case tumor

    /// The benchmark of that name, whatever the case, with its other names: "BraTS", "MSD Lung", "Task02_Synapse", …
    public init?(named name: String) {
        let plain = name.lowercased()
        if let exact = Self(rawValue: plain) { self = exact; return }
        let task = plain.split(separator: "_", maxSplits: 1).last.map(String.init) ?? plain
        let names: [String: Benchmark] = [
            "synapse": .synapse, "btcv": .btcv, "acdc": .acdc, "lung": .lung, "msd lung": .lung, "tumor": .tumor, "brats": .tumor,
            "braintumor": .tumor, "brain tumor": .tumor, "braintumour": .tumor, "brain tumour": .tumor,
        ]
        guard let found = names[plain] ?? names[task] else { return nil }
        self = found
    }

    /// The published variant of the network.
    public var variant: UNETRPlusPlusConfiguration.Variant {
        switch self {
        case .synapse, .btcv: .synapse
        case .acdc: .acdc
        case .lung: .lung
        case .tumor: .tumor
        }
    }

    /// Channels of a scan.
    public var channelCount: Int { UNETRPlusPlusConfiguration(variant).inputChannels }

    /// Voxels of a patch [D, H, W].
    public var patchSize: Size3 { UNETRPlusPlusConfiguration(variant).patchSize }

    /// Patches in a training step.
    public var batchSize: Int { self == .acdc ? 4 : 2 }
}
