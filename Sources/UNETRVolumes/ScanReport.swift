public import Foundation

/// What a scan is, in any format: its grid, its intensities, and the series of a DICOM study. Nothing of the patient is in it but UIDs.
public struct ScanReport: Encodable, Equatable, Sendable {
    /// The smallest and largest intensity, and their mean, over the voxels that are finite numbers.
    public struct Intensities: Encodable, Equatable, Sendable {
        /// The smallest.
        public var minimum: Double
        /// The largest.
        public var maximum: Double
        /// The mean.
        public var mean: Double
    }

    /// A series of a DICOM study.
    public struct Series: Encodable, Equatable, Sendable {
        /// `SeriesNumber`.
        public var number: Int?
        /// `SeriesInstanceUID`.
        public var uid: String
        /// `Modality`.
        public var modality: String
        /// `SeriesDescription`, which people type. It is not encoded: JSON is kept and passed on.
        public var description: String
        /// Slices, or frames.
        public var images: Int
        /// Voxels along the file axes i, j, k; nil where it is no volume.
        public var size: [Int]?
        /// Distances of voxels along i, j, k in mm.
        public var spacing: [Double]?
        /// Why it is no volume.
        public var problem: String?

        private enum CodingKeys: CodingKey {
            case number, uid, modality, images, size, spacing, problem
        }
    }

    /// The path as it was given.
    public var path: String
    /// "NIfTI", "DICOM", …
    public var format: String
    /// Voxels along the file axes i, j, k; nil for a study that leaves open which series is meant.
    public var size: [Int]?
    /// Values of each voxel.
    public var channels: Int?
    /// Distances of voxels along i, j, k in mm.
    public var spacing: [Double]?
    /// Where i, j, k run in the patient, such as "LPS".
    public var orientation: String?
    /// From (i, j, k, 1) to RAS+ mm.
    public var affine: [[Double]]?
    /// The modality of a DICOM series.
    public var modality: String?
    /// The values' range; nil where no voxel is a finite number.
    public var intensities: Intensities?
    /// Those of a DICOM study.
    public var series: [Series] = []
    /// What somebody who uses the scan should know, as sentences.
    public var warnings: [String] = []

    /// Looks at a scan.
    ///
    /// - Parameters:
    ///   - url: the scan; of a DICOM study the fragment may name a series.
    ///   - readsVoxels: whether the intensities are looked at, a part at a time; without, the headers are enough.
    /// - Throws: what reading throws (`VolumeError`, `DICOMError`, `FileError`), but for a study of several series, which are listed.
    public init(of url: URL, readsVoxels: Bool = true) throws {
        let format = try VolumeFile.format(of: url)
        path = url.path
        self.format = format.name
        guard format is DICOMFormat else {
            if readsVoxels { try add(VolumeFile.open(url)) } else { try add(VolumeFile.readHeader(url)) }
            return
        }
        let study = try DICOMStudy(contentsOf: url)
        series = study.series.map(Series.init)
        if study.objectCount > 0 { warnings.append("\(study.objectCount) DICOM file\(study.objectCount == 1 ? "" : "s") without an image beside the series") }
        let chosen: DICOMSeries
        do { chosen = try study.series(meantBy: url) } catch let error as DICOMError {
            guard case .severalSeries = error.problem else { throw error }
            for series in study.series { if let problem = series.problem { warnings.append(problem.description) } }
            return
        }
        if chosen.uid.isEmpty { warnings.append("the series has no UID, so no DICOM object can refer to it") }
        if let note = try chosen.header().tiltNote { warnings.append(note) }
        if readsVoxels { try add(chosen.open()) } else { try add(chosen.header()) }
    }

    private mutating func add(_ header: any VolumeHeader) {
        size = header.geometry.size.reversed()
        channels = header.channels
        spacing = header.geometry.spacing.reversed()
        orientation = header.geometry.orientation
        affine = header.geometry.affine
        modality = (header as? DICOMHeader)?.modality
        if orientation == nil { warnings.append("the affine is singular, so directions are unknown") }
    }

    private mutating func add(_ reader: VolumeReader) throws {
        add(reader.header)
        var range = IntensityRange()
        try reader.forEachPart { values, _ in range.add(values) }
        intensities = range.intensities
        if range.others > 0 { warnings.append("\(range.others) voxels are not finite numbers") }
    }
}

/// The range and the mean of intensities, added part by part.
private struct IntensityRange {
    private var least = Float.infinity, most = -Float.infinity, sum = 0.0, count = 0
    /// How many are not finite numbers.
    private(set) var others = 0

    var intensities: ScanReport.Intensities? {
        count > 0 ? .init(minimum: Double(least), maximum: Double(most), mean: sum / Double(count)) : nil
    }

    mutating func add(_ values: UnsafeBufferPointer<Double>) {
        let lanes = 8, whole = values.count / lanes * lanes
        if !addFinite(values, count: whole) { addEach(values[..<whole]) }
        addEach(values[whole...])
    }

    /// Adds values side by side; false, and nothing is added, where one of them is no finite number.
    private mutating func addFinite(_ values: UnsafeBufferPointer<Double>, count added: Int) -> Bool {
        guard added > 0, let start = UnsafeRawPointer(values.baseAddress) else { return true }
        var low = SIMD8<Float>(repeating: .infinity), high = -low, sums = SIMD8<Double>()
        for offset in stride(from: 0, to: added * MemoryLayout<Double>.size, by: MemoryLayout<SIMD8<Double>>.size) {
            let eight = SIMD8<Float>(start.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self))  // as a scan has it
            low = pointwiseMin(low, eight)
            high = pointwiseMax(high, eight)
            sums += SIMD8<Double>(eight)
        }
        let total = sums.sum()
        guard total.isFinite else { return false }
        (least, most, sum, count) = (min(least, low.min()), max(most, high.max()), sum + total, count + added)
        return true
    }

    private mutating func addEach(_ values: Slice<UnsafeBufferPointer<Double>>) {
        for value in values.lazy.map({ Float($0) }) {
            guard value.isFinite else {
                others += 1
                continue
            }
            (least, most, sum, count) = (min(least, value), max(most, value), sum + Double(value), count + 1)
        }
    }
}

extension ScanReport.Series {
    init(_ series: DICOMSeries) {
        (number, uid, modality, description) = (series.number, series.uid, series.modality, series.description)
        images = series.imageCount
        size = series.geometry.map { $0.size.reversed() }
        spacing = series.geometry.map { $0.spacing.reversed() }
        problem = series.problem?.description
    }
}

extension VolumeFile {
    /// Writes a volume in the format that the output's name stands for: with numbers of 8 or 16 bits if its values are whole numbers of Int16's
    /// range, else as float32.
    ///
    /// - Throws: `VolumeError`, `DICOMError`, `FileError`, `MemoryError`.
    public static func convert(_ url: URL, to output: URL) throws {
        guard VolumeName(output: output.lastPathComponent) != nil else {
            throw VolumeError.unknownExtension(path: output.path, allowed: VolumeFormats.outputEndings)
        }
        let reader = try open(url)
        try write(VolumeContents(inFewestBits: reader.scan()), like: reader.header, to: output)
    }
}
