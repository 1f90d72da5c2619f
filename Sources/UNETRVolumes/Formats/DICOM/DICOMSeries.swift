import UNETRSupport

/// A series of a DICOM study: the images that are one volume, or should be.
///
/// Its header is known; the voxels are read when they are asked for.
public struct DICOMSeries: Sendable {
    /// `SeriesInstanceUID`; empty where a program that removed names removed it, too.
    public let uid: String
    /// `SeriesNumber`.
    public let number: Int?
    /// `Modality`, such as "CT", "MR" or "PT".
    public let modality: String
    /// `SeriesDescription`.
    public let description: String
    /// Number of images: slices, and frames of files with several.
    public let imageCount: Int
    /// Whether it is an overview picture that shows where the slices of others lie.
    public let isLocalizer: Bool
    /// Whether it is pictures and no scan: none of its images says where it lies in gray values.
    let isCapture: Bool
    /// The volumes that the series is, if there are several slices at each position: phases, echoes, times. Otherwise empty.
    public let phases: [DICOMSeries]
    /// Which of several volumes of its series it is, from 1; nil where there is only one.
    public let phase: Int?

    /// The study's folder, archive or file.
    let path: String
    private(set) var content: Result<Content, DICOMError>
    /// What the series is once its slices are made straight; nil where it need not be, or cannot.
    private var straight: Content?

    struct Content: Sendable {
        var images: [DICOMImage]
        var grid: DICOMGrid
    }

    /// The grid of its voxels; nil where it is no volume.
    public var geometry: Geometry? { try? content.get().grid.geometry }

    /// Why it is no volume; nil where it is one.
    public var problem: DICOMError? { if case .failure(let error) = content { error } else { nil } }

    /// The files or frames of the volume, slice by slice from the first: the file's path below the study's folder, and the frame's number from 0.
    ///
    /// - Throws: `DICOMError` where it is no volume.
    public var order: [(file: String, frame: Int)] {
        get throws {
            let content = try content.get()
            return content.grid.slices.map { (content.images[$0.image].file.name, content.images[$0.image].numbers[$0.frame]) }
        }
    }

    /// Its number, modality, description, size, spacing and UID in one line.
    public var summary: String {
        var parts = ["\(number.map(String.init) ?? "without number")\(phase.map { "/\($0)" } ?? "") \(modality.isEmpty ? "no modality" : modality)"]
        if !description.isEmpty { parts[0] += " '\(description)'" }
        if let geometry {
            let spacing = geometry.spacing.reversed().map { "\(($0 * 1000).rounded() / 1000)" }
            parts.append("\(Size3(geometry.size.reversed())!.text()) voxels of \(spacing.joined(separator: "×")) mm")
        } else {
            parts.append("\(imageCount) image\(imageCount == 1 ? "" : "s"), no volume")
        }
        if !uid.isEmpty { parts.append("UID \(uid.prefix(64))") }
        return parts.joined(separator: ", ")
    }

    // MARK: Putting it together

    /// - Parameters:
    ///   - damaged: files that belong, or may belong, to the series and cannot be read.
    init(_ path: String, _ images: [DICOMImage], damaged: [BrokenDICOM]) {
        let identities = images.map(\.identity) + damaged.map(\.identity)
        func most<Value>(_ value: (DICOMIdentity) -> Value?) -> Value? { identities.compactMap(value).first }
        self.path = path
        uid = identities.first?.series ?? ""
        number = most(\.number)
        modality = most { $0.modality.isEmpty ? nil : $0.modality } ?? ""
        description = most { $0.description.isEmpty ? nil : $0.description } ?? ""
        imageCount = images.reduce(damaged.count) { $0 + $1.frames.count }
        isLocalizer = identities.contains(where: \.isLocalizer)
        isCapture =
            images.isEmpty
            && damaged.allSatisfy { file in
                switch file.problem {
                case .color, .noGeometry: true
                default: false
                }
            }
        phase = nil
        if let first = damaged.first {
            content = .failure(DICOMError(path: path, file: first.file.name.isEmpty ? nil : first.file.name, problem: first.problem))
            phases = []
            return
        }
        do {
            try Self.checkFrames(of: images)
            content = .success(try Self.content(images))
            phases = []
        } catch DICOMProblem.duplicates(let file, let other, _, _) {
            let found = Self.phases(images)
            phases = (found?.contents ?? []).enumerated().map { [uid, number, modality, description] in
                DICOMSeries(path, uid, number, modality, description, phase: $0 + 1, $1)
            }
            let problem = DICOMProblem.duplicates(file: file, other: other, phases: found?.contents.count, by: found?.by)
            content = .failure(DICOMError(path: path, problem: problem))
        } catch {
            content = .failure(DICOMError(path: path, problem: error))
            phases = []
            if case .tilt = error { straight = try? Content(images: images, grid: DICOMGrid(images, straightens: true)) }
        }
    }

    /// The series with its slices made straight where a tilted gantry pushed them sideways; otherwise the same series.
    ///
    /// They are moved within their planes, with linear interpolation between pixels, onto a grid that is large enough for all. What a slice has
    /// no pixel for gets its smallest intensity. A tilt of more than 45 degrees remains an error.
    public func correctingTilt() -> DICOMSeries {
        guard let straight else { return self }
        var series = self
        series.content = .success(straight)
        return series
    }

    /// By how many degrees the slices were pushed sideways before they were made straight; nil where they were not.
    public var correctedTilt: Double? { (try? content.get())?.grid.shear?.degrees }

    private init(_ path: String, _ uid: String, _ number: Int?, _ modality: String, _ description: String, phase: Int, _ content: Content) {
        (self.path, self.uid, self.number, self.modality, self.description) = (path, uid, number, modality, description)
        self.phase = phase
        self.content = .success(content)
        imageCount = content.grid.slices.count
        (isLocalizer, isCapture) = (false, false)
        phases = []
    }

    private static func checkFrames(of images: [DICOMImage]) throws(DICOMProblem) {
        let placed = images.filter { !$0.identity.frameOfReference.isEmpty }
        if let other = placed.first(where: { $0.identity.frameOfReference != placed[0].identity.frameOfReference }) {
            throw .framesOfReferenceDiffer(file: other.file.name, other: placed[0].file.name)
        }
    }

    private static func content(_ images: [DICOMImage]) throws(DICOMProblem) -> Content { Content(images: images, grid: try DICOMGrid(images)) }

    /// The volumes that slices at the same positions belong to, by the first element that tells them apart completely.
    private static func phases(_ images: [DICOMImage]) -> (by: String, contents: [Content])? {
        for (index, tag) in DICOMFrame.phaseTags.enumerated() {
            var parts: [String: [DICOMImage]] = [:]
            for image in images {
                for (mark, frames) in Dictionary(grouping: image.frames.indices, by: { image.frames[$0].marks[index] ?? "" }) {
                    parts[mark, default: []].append(image.keeping(frames.sorted()))
                }
            }
            guard parts.count > 1 else { continue }
            let contents = parts.sorted { Self.precedes($0.key, $1.key) }.map { try? content($0.value) }
            let whole = contents.compactMap(\.self)
            if whole.count == contents.count, whole.allSatisfy({ $0.grid.slices.count == whole[0].grid.slices.count }) {
                return (DICOMTag.names[tag] ?? tag.text, whole)
            }
        }
        return nil
    }

    /// Numbers by their size, other texts by their letters.
    private static func precedes(_ one: String, _ other: String) -> Bool {
        if let first = Double(one), let second = Double(other), first != second { return first < second }
        return one < other
    }

    // MARK: Reading

    /// The header of the volume.
    ///
    /// - Throws: `DICOMError` where the series is no volume.
    public func header() throws -> DICOMHeader {
        let grid = try content.get().grid
        return DICOMHeader(geometry: grid.geometry, seriesUID: uid, modality: modality, description: description, correctedTilt: grid.shear?.degrees)
    }

    /// Opens the series, so that its voxels can be read once.
    ///
    /// - Throws: `DICOMError` where the series is no volume, or where a library for its pixels is not installed.
    public func open() throws -> VolumeReader {
        let content = try content.get(), header = try header()
        let source = try DICOMVoxels(path: path, images: content.images, grid: content.grid)
        // Intensities, because each slice may have a slope of its own.
        let layout = VoxelLayout(type: .float64, order: .little, count: header.geometry.count)
        return VolumeReader(header: header, layout: layout, source: source)
    }
}

/// What a DICOM series says about its voxels.
public struct DICOMHeader: VolumeHeader, Equatable {
    /// The grid, in RAS+ mm.
    public var geometry: Geometry
    /// Values of each voxel.
    public var channels: Int { 1 }
    /// `SeriesInstanceUID`.
    public var seriesUID: String
    /// `Modality`.
    public var modality: String
    /// `SeriesDescription`.
    public var description: String
    /// By how many degrees slices were pushed sideways before they were made straight; nil where they were not.
    public var correctedTilt: Double?

    /// What somebody who uses slices that were made straight should know, in a sentence without an end; nil where they were not.
    public var tiltNote: String? {
        correctedTilt.map { "the slices were pushed sideways by \(($0 * 100).rounded() / 100) degrees; they are moved straight, which resamples them" }
    }
}
