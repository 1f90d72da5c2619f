public import Foundation
import UNETRSupport
import UNETRVolumes

/// Looks at every file of a data set before hours are spent on it.
public enum DatasetCheck {
    /// Reads and checks all cases.
    ///
    /// - Parameters:
    ///   - folder: the data set, in any form that `Dataset` reads.
    ///   - splits: a file of splits that the cases will be divided by; the one that comes with the data set when nil.
    ///   - threads: how many cases are looked at together, each held in memory; all cores, but at most 8, when nil.
    ///   - finished: called after each case, on any thread, with its name.
    /// - Throws: `PreparationError` when the folder is no data set at all, `SplitError` for a file of splits that was named and is none;
    ///   everything else is in the report.
    public static func run(
        on folder: URL, splits: URL? = nil, threads: Int? = nil, finished: @Sendable (String) throws -> Void = { _ in }
    ) throws -> DatasetReport {
        var findings: [DatasetFinding] = []
        let dataset = try Dataset(contentsOf: folder) { error in
            let kind: DatasetFinding.Kind = if case .duplicateCase = error { .duplicateName } else { .missingFile }
            findings.append(DatasetFinding(kind, .error, nil, error.description))
        }
        let divisions = try Divisions(of: dataset, splits)
        findings += divisions.findings
        let cases = dataset.cases + dataset.testCases
        var results = [CaseCheck?](repeating: nil, count: cases.count)
        try results.withUnsafeMutableBufferPointer { results in
            let results = SharedPointer(results)
            try Parallel.forEach(cases.count, threads: threads ?? min(8, ProcessInfo.processInfo.activeProcessorCount)) { index in
                results[index] = CaseCheck(cases[index], of: dataset)
                try finished(cases[index].name)
            }
        }
        let checks = results.compactMap { $0 }
        findings += checks.flatMap(\.findings) + divisions.duplicates(checks) + labelsWithoutScan(dataset)
        var casesWithLabel: [Int: Int] = [:]
        for check in checks { for value in check.labels where value > 0 { casesWithLabel[value, default: 0] += 1 } }
        for label in dataset.labels.foreground where !label.values.contains(where: { casesWithLabel[$0] != nil }) {
            let values = label.values.map(String.init).joined(separator: ", ")
            findings.append(
                DatasetFinding(
                    .unusedLabel, .warning, nil, "the label \(label.name) (\(values)) occurs in no case; a network cannot learn it"))
        }
        return DatasetReport(
            name: dataset.name, channelNames: dataset.channelNames, caseCount: dataset.cases.count, casesWithLabel: casesWithLabel,
            findings: findings.sorted { order($0) < order($1) }, groups: divisions.groups.note)
    }

    private static func order(_ finding: DatasetFinding) -> (Int, String, String) {
        (finding.severity == .error ? 0 : 1, finding.caseName ?? "", finding.sentence)
    }

    /// Label maps that no case uses.
    private static func labelsWithoutScan(_ dataset: Dataset) -> [DatasetFinding] {
        let used = Set(dataset.cases.compactMap(\.labelURL?.standardizedFileURL.path))
        let folders = Set(dataset.cases.compactMap { $0.labelURL?.deletingLastPathComponent().standardizedFileURL })
        return folders.sorted { $0.path < $1.path }.flatMap { folder in
            FolderListing(folder).names.filter { VolumeName($0) != nil }
                .filter { !used.contains(folder.appendingPathComponent($0).standardizedFileURL.path) }
                .map {
                    DatasetFinding(
                        .labelsWithoutScan, .warning, nil, "\(folder.appendingPathComponent($0).path) belongs to no training case")
                }
        }
    }
}

/// The check of one case.
struct CaseCheck: Sendable {
    let name: String
    private(set) var findings: [DatasetFinding] = []

    /// The values in the label map.
    private(set) var labels: [Int] = []

    /// A number that equal voxels have in common.
    private(set) var digest: UInt64?

    init(_ dataCase: DatasetCase, of dataset: Dataset) {
        name = dataCase.name
        guard let geometry = checkImages(dataCase, dataset.channelNames) else { return }
        guard let url = dataCase.labelURL, let image = dataCase.imageURLs.first else { return }
        checkLabels(url, image, geometry, dataset.labels)
    }

    private mutating func add(
        _ kind: DatasetFinding.Kind, _ severity: DatasetFinding.Severity, _ sentence: String, repair: DatasetRepair? = nil
    ) {
        findings.append(DatasetFinding(kind, severity, name, sentence, repair: repair))
    }

    /// Reads the images one after another; returns where they lie, or nil when that makes no sense.
    private mutating func checkImages(_ dataCase: DatasetCase, _ channelNames: [String]) -> Geometry? {
        var geometry: Geometry?, channels = 0, hash = FNV1a(), isEmpty = true
        for url in dataCase.imageURLs {
            let scan: Scan
            do { scan = try VolumeFile.readScan(url) } catch {
                add(.unreadableFile, .error, "\(error)")
                return nil
            }
            if let first = geometry {
                if let difference = GridAgreement.difference(first, scan.geometry) {
                    add(
                        .differentGrid, .error,
                        PreparationError.geometryMismatch(
                            scan: dataCase.imageURLs[0].path, other: url.path, difference: difference
                        ).description)
                }
            } else {
                geometry = scan.geometry
                if let problem = Self.problem(scan.geometry, url) { add(.badGeometry, .error, problem) }
            }
            for channel in 0..<scan.channels {
                let label = channelNames.indices.contains(channels) ? channelNames[channels] : "\(channels)"
                if checkValues(scan, channel, label, url, &hash) { isEmpty = false }
                channels += 1
            }
        }
        if channels != channelNames.count {
            let error = PreparationError.wrongChannelCount(scan: name, expected: channelNames, got: channels)
            add(.wrongChannelCount, .error, error.description)
        }
        if isEmpty { add(.emptyScan, .error, PreparationError.emptyScan(scan: name).description) } else { digest = hash.value }
        return geometry
    }

    /// True when the channel holds anything but zeros.
    private mutating func checkValues(_ scan: Scan, _ channel: Int, _ label: String, _ url: URL, _ hash: inout FNV1a) -> Bool {
        let count = scan.geometry.count
        var bad = 0, smallest = Float.infinity, largest = -Float.infinity
        scan.voxels.withUnsafeBufferPointer { voxels in
            let values = voxels.baseAddress! + channel * count
            var index = 0
            while index < count {
                let value = values[index]
                if !value.isFinite { bad &+= 1 }
                if value < smallest { smallest = value }
                if value > largest { largest = value }
                hash.add(UInt64(value.bitPattern))
                index &+= 1
            }
        }
        if bad > 0 { add(.notFinite, .error, PreparationError.notFinite(scan: url.path, channel: label, count: bad).description) }
        if bad == 0, smallest == largest, smallest != 0 {
            add(.constantChannel, .error, PreparationError.constantChannel(scan: url.path, channel: label, value: smallest).description)
        }
        return bad > 0 || smallest != 0 || largest != 0
    }

    private static func problem(_ geometry: Geometry, _ url: URL) -> String? {
        if geometry.size.contains(where: { $0 < 2 }) {
            return PreparationError.notThreeDimensional(scan: url.path, size: geometry.size).description
        }
        if !geometry.spacing.allSatisfy(Geometry.spacingRange.contains) {
            return PreparationError.invalidSpacing(scan: url.path, spacing: geometry.spacing).description
        }
        if geometry.isSingular { return PreparationError.singularAffine(scan: url.path).description }
        return nil
    }

    private mutating func checkLabels(_ url: URL, _ image: URL, _ geometry: Geometry, _ known: LabelSet) {
        let map: LabelMap
        do { map = try VolumeFile.readLabels(url, on: geometry, as: known) } catch {
            add(.unreadableFile, .error, "\(error)")
            return
        }
        let repair: DatasetRepair? = map.geometry.size == geometry.size && map.channels == 1 ? .copyGeometry(from: image, to: url) : nil
        if let difference = GridAgreement.difference(geometry, map.geometry) {
            let error = PreparationError.geometryMismatch(scan: image.path, other: url.path, difference: difference)
            let offer = repair == nil ? "" : ", or let the check write the labels with the scan's geometry"
            add(.differentGrid, .error, error.description + offer, repair: repair)
        } else if !geometry.isApproximatelyEqual(to: map.geometry, tolerance: 1e-5) {
            add(.gridNoise, .warning, "\(url.path) lies where \(image.lastPathComponent) does but for noise in its header", repair: repair)
        }
        let counts = map.labelCounts
        labels = counts.keys.map { Int($0) }.sorted()
        if known.definitions.count > 1 {
            let allowed = Set([0] + known.foregroundValues + (known.ignoreValue.map { [$0] } ?? []))
            for value in labels where !allowed.contains(value) {
                add(
                    .unknownLabel, .error,
                    PreparationError.unknownLabel(
                        scan: url.path, value: value, count: counts[Int16(value)] ?? 0, known: allowed.sorted()
                    ).description)
            }
        }
        if !labels.contains(where: { $0 > 0 }) {
            add(.emptyLabels, .warning, "\(url.path) marks nothing; is that so, or is the mask lost?")
        }
    }
}
