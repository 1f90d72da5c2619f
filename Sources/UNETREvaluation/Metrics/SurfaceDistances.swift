/// The distances between two surfaces: from every element of each to the nearest of the other, in the definition's unit.
struct SurfaceDistances: Sendable {
    /// One directed list.
    struct Directed: Sendable {
        /// Distance of each element.
        var distances: [Double]
        /// Area of each element; nil where all count alike.
        var areas: [Double]?

        var weight: Double { areas?.reduce(0, +) ?? Double(distances.count) }

        /// Weight of the elements that are at most `tolerance` away.
        func weight(within tolerance: Double) -> Double {
            var sum = 0.0
            if let areas {
                for (distance, area) in zip(distances, areas) where distance <= tolerance { sum += area }
            } else {
                for distance in distances where distance <= tolerance { sum += 1 }
            }
            return sum
        }

        /// Sum of distances times weights.
        var total: Double {
            guard let areas else { return distances.reduce(0, +) }
            return zip(distances, areas).reduce(0) { $0 + $1.0 * $1.1 }
        }

        var mean: Double { total / weight }

        /// The distance below which `fraction` of the surface lies: interpolated between voxels; the first element at which the
        /// cumulated area reaches the fraction where elements have areas (as surface-distance does).
        func percentile(_ fraction: Double) -> Double? {
            guard let areas else { return Quantiles.linear(distances, fraction) }
            let order = distances.indices.sorted { distances[$0] < distances[$1] }
            let whole = weight
            var cumulated = 0.0
            for index in order {
                cumulated += areas[index]
                if cumulated / whole >= fraction { return distances[index] }
            }
            return order.last.map { distances[$0] }
        }
    }

    var predictionToReference: Directed
    var referenceToPrediction: Directed

    /// The figures of a definition, both surfaces holding at least one element.
    func metrics(_ definition: MetricDefinition, tolerances: [Double]) -> SurfaceMetrics {
        let (there, back) = (predictionToReference, referenceToPrediction)
        let weights = there.weight + back.weight
        let hd95: Double? =
            switch definition.percentile {
            case .pooled: Quantiles.linear(there.distances + back.distances, 0.95)
            case .largerOfDirected: [there.percentile(0.95), back.percentile(0.95)].compactMap { $0 }.max()
            }
        let assd =
            switch definition.average {
            case .pooled: (there.total + back.total) / weights
            case .meanOfDirected: (there.mean + back.mean) / 2
            }
        let nsd = tolerances.map { tolerance in
            let (a, b) = (there.weight(within: tolerance), back.weight(within: tolerance))
            let value =
                switch definition.surfaceDice {
                case .pooled: (a + b) / weights
                case .meanOfDirected: (a / there.weight + b / back.weight) / (2 + 1e-8)
                }
            return SurfaceMetrics.SurfaceDice(tolerance: tolerance, value: value)
        }
        return SurfaceMetrics(
            hd: [there.distances.max(), back.distances.max()].compactMap { $0 }.max(), hd95: hd95, assd: assd,
            predictionToReference: there.mean, referenceToPrediction: back.mean, nsd: nsd)
    }
}
