import UNETREngines
import UNETRPreparation
import UNETRVolumes

extension [Segmenter] {
    /// Segments a scan with one segmenter after the other.
    ///
    /// - Parameters:
    ///   - name: what errors call the scan.
    ///   - probabilities: gets the probabilities of each in turn, part by part, on another thread; nil: they are not made.
    ///   - progress: called after each patch with the number done and to do by all; throwing from it stops the work.
    ///   - body: gets the number of a segmenter, its result and the part of the scan that it has looked at.
    /// - Returns: the seconds in the networks.
    func segmentInTurn(
        _ scan: Scan, name: String, probabilities: (@Sendable (RestoredPart) throws -> Void)? = nil, progress: (Int, Int) throws -> Void,
        _ body: (Int, Segmenter.Segmentation, CropBox) throws -> Void
    ) throws -> Double {
        // How many patches one has is known only when it begins.
        var counts = map { $0.patchCount(of: scan.geometry) }, done = 0, networkSeconds = 0.0
        for (index, segmenter) in enumerated() {
            let (image, properties) = try segmenter.prepare(scan, name: name)
            let found = try segmenter.segment(
                image, of: properties, probabilities: probabilities,
                progress: { patches, all in
                    counts[index] = all
                    try progress(done + patches, counts.reduce(0, +))
                })
            done += counts[index]
            networkSeconds += found.networkSeconds
            try body(index, found, properties.cropBox)
        }
        return networkSeconds
    }
}

/// Memory of several segmenters on one scan: all engines stay, their work comes one after the other.
struct MemoryInTurn: SegmentationMemoryEstimate {
    let parts: [SegmentationMemory]

    /// Whether each hands out its probabilities.
    var writesProbabilities = false

    /// The grid on which a scan is segmented, and the bytes of what is kept all the while; nil for a scan that cannot come onto it.
    let grid: @Sendable (Geometry) -> (grid: Geometry, kept: Int)?

    func isTooLarge(_ scan: Geometry) -> Bool {
        guard let (grid, _) = grid(scan) else { return true }
        return parts.contains { $0.isTooLarge(grid) }
    }

    func alone(_ scans: [Geometry], writesProbabilities: Bool) -> Int {
        let bases = parts.map(\.engine.base)
        let work = scans.map { scan in
            guard let (grid, kept) = grid(scan) else { return 1 << 58 }
            let part = parts.map { $0.alone([grid], writesProbabilities: self.writesProbabilities) - $0.engine.base }.max() ?? 0
            return part + kept
        }
        // Scan and turned scan, before the work begins.
        let loading = scans.map(loading).max() ?? 0
        // The program is in each part's base.
        return bases.reduce(0, +) - max(0, parts.count - 1) * EngineMemory.program + max(work.max() ?? 0, loading)
    }

    func overlapped(_ scans: [Geometry], writesProbabilities: Bool) -> Int {
        let loading = scans.dropFirst().map(loading).max() ?? 0
        let writing = scans.map { 2 * $0.count + (8 << 20) }.max() ?? 0
        return alone(scans, writesProbabilities: writesProbabilities) + loading + writing
    }

    private func loading(_ scan: Geometry) -> Int { 8 * scan.count + 4 * (grid(scan)?.grid.count ?? 0) }
}
