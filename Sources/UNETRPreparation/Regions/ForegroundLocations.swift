/// Where the voxels of each label are: a random choice of them, for training patches that are centered on foreground.
public struct ForegroundLocations: Equatable, Sendable {
    /// For each label value the chosen voxels as indices into the prepared volume [D, H, W] in C order; labels without voxels are absent.
    public var voxels: [Int: [Int32]]

    /// Flat voxel indices for each label.
    public init(voxels: [Int: [Int32]] = [:]) { self.voxels = voxels }

    /// How many voxels of a label are kept: at most 10,000, but at least 1 % of them.
    static func sampleCount(of count: Int) -> Int { max(min(10_000, count), Int((Double(count) * 0.01).rounded(.up))) }

    /// Chooses voxels of the given labels in `labels` [D, H, W], drawing for one label after another in the order given.
    ///
    /// The choice is nnU-Net's: `RandomState(1234).choice` without replacement over the voxels of a label in C order.
    init(of values: [Int], in labels: [Int16]) {
        var wanted = [Int: Int]()
        for (slot, value) in values.enumerated() { wanted[value] = slot }
        var found = [[Int32]](repeating: [], count: values.count)
        labels.withUnsafeBufferPointer { labels in
            var last: Int16 = 0, slot = wanted[0]
            for index in labels.indices {
                if labels[index] != last { last = labels[index]; slot = wanted[Int(last)] }
                if let slot { found[slot].append(Int32(index)) }
            }
        }
        var random = NumPyRandom(seed: 1234)
        var chosen = [Int: [Int32]]()
        for (value, all) in zip(values, found) where !all.isEmpty {
            chosen[value] = random.permutation(all.count).prefix(Self.sampleCount(of: all.count)).map { all[Int($0)] }
        }
        voxels = chosen
    }
}
