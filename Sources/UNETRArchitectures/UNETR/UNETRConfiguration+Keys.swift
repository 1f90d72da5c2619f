extension UNETRConfiguration: PublishedKeys {
    /// MONAI 1.4 and 1.5 made an attention to a second image in every block and saved it though nothing used it.
    public func key(forPublished key: String) -> String? { key.contains(".cross_attn.") ? nil : key }

    /// Releases before 1.4 had no norm for that attention.
    public func value(ofMissing key: String) -> Double? {
        key.hasSuffix("norm_cross_attn.weight") ? 1 : key.hasSuffix("norm_cross_attn.bias") ? 0 : nil
    }
}
