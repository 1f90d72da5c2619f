extension SwinUNetConfiguration: PublishedKeys {
    /// Trained checkpoints have the network as a part of another module.
    public func key(forPublished key: String) -> String? { key.hasPrefix("swin_unet.") ? String(key.dropFirst("swin_unet.".count)) : key }
}
