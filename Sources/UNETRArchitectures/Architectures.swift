/// The networks that this package knows.
///
/// Adding a network is work in these places:
/// - a folder here with its configuration (`NetworkConfiguration`: sizes, validation, complexity, checkpoint keys) and a static property of
///   `NetworkDescription.Architecture` (names, usual settings, published figures, as in `UNETR/UNETRArchitecture.swift`);
/// - one line in `all`;
/// - a folder of the same name in `UNETRNetworks` with its forward pass, and one line in `Networks.all`;
/// - for compilers, its graph: `GraphWritable`.
public enum Architectures {
    /// All architectures, in the order of tables and help texts.
    public static let all: [NetworkDescription.Architecture] = [
        .unetrPlusPlus,
        .unetr,
        .swinUNETR,
        .nnFormer,
        .nnUNet,
        .nnUNetResidual,
        .monaiUNet,
        .segResNet,
        .basicUNet,
        .attentionUNet,
        .stuNet,
        .medNeXt,
        .dynUNet,
        .transBTS,
        .setr,
        .transUNet3D,
        .coTr,
        .transUNet,
        .swinUNet,
        .missFormer,
    ]
}
