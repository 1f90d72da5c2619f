import Foundation
public import UNETRPlanning
import UNETRSupport
import UNETRVolumes

extension Fingerprint {
    /// Reads every case of a data set.
    ///
    /// - Parameters:
    ///   - threads: how many cases are read at the same time, each held in memory; all cores, but at most 8, when nil.
    ///   - finished: called after each case, on any thread, with its name.
    ///   - dataset: the data set.
    /// - Throws: the first case's error; `PreparationError.notADataset` when no case has a foreground voxel.
    public init(of dataset: Dataset, threads: Int? = nil, finished: @Sendable (String) throws -> Void = { _ in }) throws {
        let cases = dataset.cases.sorted { CaseNames.isBefore($0.name, $1.name) }
        var samples = [Sample?](repeating: nil, count: cases.count)
        try samples.withUnsafeMutableBufferPointer { samples in
            let samples = SharedPointer(samples)
            try Parallel.forEach(cases.count, threads: threads ?? min(8, ProcessInfo.processInfo.activeProcessorCount)) { index in
                let scan = try cases[index].readScan(channelNames: dataset.channelNames)
                guard let labels = try cases[index].readLabels(on: scan.geometry, as: dataset.labels) else {
                    throw PreparationError.missingFile(path: "the label map of \(cases[index].name)", neededFor: "the fingerprint")
                }
                samples[index] = try Sample(scan, labels, name: cases[index].name)
                try finished(cases[index].name)
            }
        }
        try self.init(samples.compactMap { $0 }, channelNames: dataset.channelNames, dataset: dataset.folder.path)
    }

    init(_ samples: [Sample], channelNames: [String], dataset: String) throws {
        guard samples.contains(where: { !$0.foreground[0].isEmpty }) else {
            throw PreparationError.notADataset(path: dataset, problem: "no case has a voxel with a label above 0")
        }
        self.init(
            channelNames: channelNames, cases: samples.map(\.summary),
            intensities: channelNames.indices.map { channel in IntensityStatistics(of: samples.flatMap { $0.foreground[channel] }) })
    }

    /// What is kept of one case.
    struct Sample: Sendable {
        let summary: Case

        /// For each channel the intensity of every tenth foreground voxel in C order, beginning with the first.
        let foreground: [[Float]]

        init(_ scan: Scan, _ labels: LabelMap, name: String) throws {
            guard let region = NonZeroRegion(scan.voxels, channels: scan.channels, size: scan.geometry.size, needsMask: false, threads: 1)
            else { throw PreparationError.emptyScan(scan: name) }
            // Labels outside the crop do not exist for the preparation.
            let size = scan.geometry.size, cropped = region.box.cut(labels.voxels, channels: 1, from: size)
            var values = Set<Int16>(), chosen = [Int](), seen = 0
            for (index, label) in cropped.enumerated() where label != 0 {
                values.insert(label)
                guard label > 0 else { continue }
                if seen % 10 == 0 { chosen.append(index) }
                seen += 1
            }
            let count = cropped.count, voxels = region.box.cut(scan.voxels, channels: scan.channels, from: size)
            foreground = (0..<scan.channels).map { channel in chosen.map { voxels[channel * count + $0] } }
            summary = Case(
                name: name, originalSize: size, size: region.box.size, spacing: scan.geometry.spacing, orientation: scan.geometry.orientation,
                labels: values.map { Int($0) }.sorted())
        }
    }
}

extension IntensityStatistics {
    /// The statistics of at least one value.
    init(of values: [Float]) {
        var sorted = values.sorted()
        let moments = sorted.withUnsafeMutableBufferPointer { Moments($0, threads: nil) { _, _ in true } }
        self.init(
            mean: moments.mean, standardDeviation: moments.standardDeviation, median: Percentile.of(sorted: sorted, 50),
            minimum: Double(sorted.first ?? 0), maximum: Double(sorted.last ?? 0), percentile005: Percentile.of(sorted: sorted, 0.5),
            percentile995: Percentile.of(sorted: sorted, 99.5))
    }
}
