package import UNETREngines
package import UNETRPreparation
import UNETRSupport
package import UNETRVolumes

/// The probabilities of a model's outputs on the whole grid of a scan, C-order [K, D, H, W]: four bytes for each voxel and output.
package struct ProbabilityMap: Sendable {
    package let geometry: Geometry
    package let values: [Float]

    package init(geometry: Geometry, values: [Float]) { (self.geometry, self.values) = (geometry, values) }

    /// The mean of two, decided as an `EnsembleSegmenter` does.
    package func mask(with other: ProbabilityMap, _ labels: LabelSet, threads: Int?) -> LabelMap {
        let means = zip(values, other.values).map { ($0 + $1) / 2 }
        var mask = LabelMap(geometry: geometry, voxels: [Int16](repeating: 0, count: geometry.count))
        mask.voxels.withUnsafeMutableBufferPointer { labels.decision.decide(means, to: $0, threads: threads) }
        return mask
    }
}

extension Segmenter {
    /// Segments a scan that has been prepared with the model's plan, and keeps its probabilities.
    ///
    /// - Parameter progress: as of `segment`.
    package func segmentKeepingProbabilities(
        _ image: FloatArray, of properties: CaseProperties, progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> (mask: LabelMap, probabilities: ProbabilityMap) {
        let geometry = properties.geometry, sums = ProbabilitySums(outputs: labels.outputCount, size: geometry.size)
        let found = try segment(image, of: properties, probabilities: { sums.add($0) }, progress: progress)
        // As in an ensemble: outside of what was looked at there is background for certain.
        if !labels.hasRegions { sums.addBackground(outside: properties.cropBox) }
        return (found.labels, ProbabilityMap(geometry: geometry, values: sums.means(of: 1)))
    }
}
