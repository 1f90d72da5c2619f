public import Foundation
import UNETRSupport
public import UNETRVolumes

/// What was measured in the mask of a case, or why nothing was.
public struct CaseStatistics: Codable, Equatable, Sendable {
    /// The case.
    public var name: String
    /// The mask's file.
    public var mask: String
    /// The scan's file; nil where none was given.
    public var scan: String?
    /// The structures: those declared, then values of the mask that nobody declared.
    public var structures: [StructureStatistics] = []
    /// Why nothing was measured.
    public var problem: String?

    private enum CodingKeys: String, CodingKey {
        case name = "case"
        case mask, scan, structures, problem
    }

    /// A case of which nothing is known yet.
    public init(name: String, mask: URL, scan: URL? = nil) {
        self.name = name
        self.mask = mask.path
        self.scan = scan?.path
    }

    /// Measures the structures of a mask.
    ///
    /// - Parameters:
    ///   - map: the mask, one channel.
    ///   - image: the scan on the same grid; nil: no intensities.
    ///   - channel: which channel of the scan is meant.
    ///   - labels: the structures; nil: each value above 0 is one.
    /// - Throws: `EvaluationError` where mask and scan do not fit, and for what is no mask.
    public mutating func measure(_ map: LabelMap, _ image: Scan? = nil, channel: Int = 0, labels: LabelSet? = nil) throws {
        guard map.channels == 1 else { throw EvaluationError.severalChannels(file: mask, channels: map.channels) }
        if let problem = map.geometry.problem { throw EvaluationError.unusableGeometry(case: name, problem: problem) }
        if let image {
            if let difference = GridAgreement.difference(map.geometry, image.geometry) {
                throw EvaluationError.gridsDiffer(mask: mask, scan: scan ?? name, difference: difference)
            }
            guard (0..<image.channels).contains(channel) else {
                throw EvaluationError.noChannel(scan: scan ?? name, channel: channel, channels: image.channels)
            }
        }
        let extents = LabelExtents(map), count = map.geometry.count
        guard extents.values.count <= EvaluationError.labelLimit else { throw EvaluationError.looksLikeScan(mask: mask, labels: extents.values.count) }
        let known = labels?.foreground ?? [], declared = Set(known.flatMap(\.values) + [labels?.ignoreValue ?? 0])
        let others = extents.values.filter { $0 > 0 && !declared.contains(Int($0)) }.map { LabelDefinition($0) }
        structures = try (known + others).map { label in
            try Cancellation.check()
            return StructureStatistics(label, extents, map, scan: image?.voxels[channel * count..<(channel + 1) * count])
        }
    }
}

extension CaseStatistics {
    /// The scan of a mask.
    public struct ScanFile: Equatable, Sendable {
        /// The file, or the DICOM study.
        public var url: URL
        /// Which of its channels is meant.
        public var channel: Int

        /// A channel of a scan.
        public init(url: URL, channel: Int = 0) {
            self.url = url
            self.channel = channel
        }
    }

    /// The scan of a case: `CASE.nii.gz`, `CASE_0000.nii.gz` (with the number of the channel) or a DICOM study `CASE` in a folder.
    ///
    /// - Throws: `EvaluationError.noScan`.
    public static func scan(of name: String, mask: URL, in folder: URL, channel: Int = 0) throws -> ScanFile {
        guard let (file, channel) = CasePair.scans(of: name, in: folder, channel: channel).first else {
            throw EvaluationError.noScan(mask: mask.path, place: folder.path)
        }
        return ScanFile(url: file, channel: channel)
    }

    /// Reads the mask of a case, and its scan if there is one, and measures the structures.
    ///
    /// - Parameters:
    ///   - mask: a label map, or a DICOM object with the structures.
    ///   - scan: where the intensities are; nil: none are measured.
    ///   - labels: what the mask's values mean; nil: as the mask itself says, else by number.
    ///   - reserve: is told how many bytes are about to be taken, nil for more than can be counted; what it throws ends the work.
    /// - Throws: `EvaluationError`, and what reading the files throws.
    public mutating func read(_ mask: URL, _ scan: ScanFile?, labels: LabelSet?, reserve: (Int?) throws -> Void = { _ in }) throws {
        let object = DICOMStructures.recognizes(mask) ? try DICOMStructures(contentsOf: mask) : nil
        var image = scan?.url
        if let object, let scan, let series = try CasePair.series(of: [object], in: [scan.url]) { image = series }
        let header = try image.map(VolumeFile.readHeader)
        var grid = header?.geometry
        if let object, grid == nil {
            guard let series = try CasePair.series(of: [object], in: [mask]) else { throw EvaluationError.noSeries(mask: mask.path) }
            grid = try VolumeFile.readHeader(series).geometry
        }
        let size = try object == nil ? VolumeFile.readHeader(mask).geometry.size : grid?.size ?? [0, 0, 0]
        // The mask with 2 bytes a voxel, which of them are in a structure, and of the scan its channels and the values of a structure, twice.
        try reserve([3 + (header.map { 4 * ($0.channels + 2) } ?? 0), size.checkedProduct() ?? .max].checkedProduct())
        let map: LabelMap
        if let object, let grid { map = try object.labels(on: grid, as: labels).labels } else { map = try VolumeFile.readLabels(mask) }
        try measure(map, image.map(VolumeFile.readScan), channel: scan?.channel ?? 0, labels: labels ?? object?.labelSet)
    }
}
