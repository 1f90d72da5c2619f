extension LesionMatching {
    /// Components of both masks and which of them share a voxel with the other mask.
    func match(_ masks: MaskPair) -> LesionMetrics {
        let prediction = components(masks, MaskPair.prediction)
        let reference = components(masks, MaskPair.reference)
        return LesionMetrics(
            predicted: prediction.count, referenced: reference.count, matchedPredictions: prediction.matched, detected: reference.matched)
    }

    /// Number of components of one mask, and how many of them touch the other.
    private func components(_ masks: MaskPair, _ bit: UInt8) -> (count: Int, matched: Int) {
        let offsets = neighbors(masks.size)
        var open = masks.bytes
        var stack: [Int] = []
        var (count, matched) = (0, 0)
        for start in open.indices where open[start] & bit != 0 {
            count += 1
            var touches = false
            open[start] &= ~bit
            stack.append(start)
            while let voxel = stack.popLast() {
                if masks.bytes[voxel] == MaskPair.prediction | MaskPair.reference { touches = true }
                // The empty rim keeps every neighbor inside the array.
                for offset in offsets where open[voxel + offset] & bit != 0 {
                    open[voxel + offset] &= ~bit
                    stack.append(voxel + offset)
                }
            }
            if touches { matched += 1 }
        }
        return (count, matched)
    }

    /// Distances in memory to the touching voxels.
    private func neighbors(_ size: [Int]) -> [Int] {
        let reach = connectivity == .faces ? 1 : connectivity == .edges ? 2 : 3
        var offsets: [Int] = []
        for d in -1...1 {
            for h in -1...1 {
                for w in -1...1 where (1...reach).contains(abs(d) + abs(h) + abs(w)) {
                    offsets.append((d * size[1] + h) * size[2] + w)
                }
            }
        }
        return offsets
    }
}
