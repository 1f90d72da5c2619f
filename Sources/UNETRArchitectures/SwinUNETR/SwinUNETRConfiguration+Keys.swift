extension SwinUNETRConfiguration: PublishedKeys {
    /// Weights from self-supervised pre-training name the linear layers as the original Swin Transformer does.
    public func key(forPublished key: String) -> String? {
        key.replacing(".mlp.fc1.", with: ".mlp.linear1.").replacing(".mlp.fc2.", with: ".mlp.linear2.")
    }
}
