import UNETRSupport
import UNETRVolumes

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
        masks.bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return (0, 0) }
            let components = RunComponents(base, bits: bit, size: masks.size, connectivity: connectivity)
            var isMatched = [Bool](repeating: false, count: components.count)
            components.forEachRun { row, run, component in
                let line = base + row * masks.size[2]
                let shared = MaskPair.prediction | MaskPair.reference
                if !isMatched[component], (run.start..<run.end).contains(where: { line[Int($0)] == shared }) { isMatched[component] = true }
            }
            return (components.count, isMatched.count { $0 })
        }
    }
}
