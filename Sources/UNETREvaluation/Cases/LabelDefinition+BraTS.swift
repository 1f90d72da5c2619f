public import UNETRVolumes

extension LabelDefinition {
    /// The three regions of BraTS in the label values of the Medical Segmentation Decathlon: whole tumor 1 ∪ 2 ∪ 3, tumor core
    /// 2 ∪ 3, enhancing tumor 3.
    public static let bratsRegions = [
        LabelDefinition(labels: [1, 2, 3], name: "whole tumor"), LabelDefinition(labels: [2, 3], name: "tumor core"),
        LabelDefinition(3, name: "enhancing tumor"),
    ]
}
