import Foundation

/// One DICOM file with pixels: what is needed of its header.
struct DICOMImage: Sendable {
    var identity: DICOMIdentity
    var file: DICOMFile
    var pixels: DICOMPixels
    /// One a frame, in the file's order.
    var frames: [DICOMFrame]
    /// The number of each of them in the file, from 0.
    var numbers: [Int]

    init(_ identity: DICOMIdentity, file: DICOMFile, pixels: DICOMPixels, frames: [DICOMFrame]) {
        self.identity = identity
        self.file = file
        self.pixels = pixels
        self.frames = frames
        numbers = Array(frames.indices)
    }

    /// The image with some of its frames only.
    func keeping(_ chosen: [Int]) -> DICOMImage {
        var image = self
        image.frames = chosen.map { frames[$0] }
        image.numbers = chosen.map { numbers[$0] }
        return image
    }
}

/// A DICOM file that something is wrong with.
struct BrokenDICOM: Sendable {
    var identity: DICOMIdentity
    var file: DICOMFile
    var problem: DICOMProblem
}

/// What tells series and their images apart. Empty texts where a file says nothing.
struct DICOMIdentity: Sendable {
    var study = ""
    var series = ""
    var instance = ""
    var frameOfReference = ""
    var number: Int?
    var modality = ""
    var description = ""
    /// An overview picture that shows where the slices of others lie.
    var isLocalizer = false

    init(_ dataSet: DICOMDataSet) {
        study = dataSet.text(.studyInstance) ?? ""
        series = dataSet.text(.seriesInstance) ?? ""
        instance = dataSet.text(.sopInstance) ?? ""
        frameOfReference = dataSet.text(.frameOfReference) ?? ""
        number = try? dataSet.integer(.seriesNumber)
        modality = Self.shown(dataSet.text(.modality))
        description = Self.shown(dataSet.text(.seriesDescription))
        isLocalizer = dataSet.texts(.imageType).contains("LOCALIZER")
    }

    /// A short line, whatever a file holds.
    private static func shown(_ text: String?) -> String {
        String((text ?? "").prefix(64).unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
    }
}

/// Where one frame lies, and what its numbers mean.
struct DICOMFrame: Sendable {
    /// The center of the first pixel in LPS mm.
    var position: SIMD3<Double>
    /// The directions in which columns and rows count up, in LPS space: along a row, and down a column.
    var row, column: SIMD3<Double>
    /// Distances of pixel centers along a row and down a column in mm.
    var rowStep, columnStep: Double
    var thickness: Double?
    /// `stored × slope + intercept` is the intensity.
    var slope, intercept: Double
    /// What may tell the volumes of a series apart, in the order of `phaseTags`; nil where the file does not say.
    var marks: [String?]

    static let phaseTags: [DICOMTag] = [
        .temporalPosition, .temporalIndex, .echoNumbers, .diffusionBValue, .triggerTime, .acquisitionNumber, .imageType, .acquisitionTime, .contentTime,
    ]

    /// How far directions may be from unit length and right angles: what headers lose that state them with three decimals.
    static let directionTolerance = 2e-3

    /// The normal of the slice: the direction in which a volume's slices count up.
    var normal: SIMD3<Double> { Self.cross(row, column) }

    /// - Parameters:
    ///   - dataSet: the file's.
    ///   - group: the items that hold for this frame, those of its own before those that all frames share; empty for a file of one frame.
    init(_ dataSet: DICOMDataSet, groups: [DICOMDataSet]) throws(DICOMProblem) {
        /// The item of a sequence of the groups that says this, else the file itself.
        func holder(_ sequence: DICOMTag, _ tag: DICOMTag) -> DICOMDataSet {
            groups.lazy.compactMap { $0.item(sequence) }.first { $0.values[tag] != nil } ?? dataSet
        }
        func vector(_ sequence: DICOMTag, _ tag: DICOMTag, count: Int) throws(DICOMProblem) -> [Double] {
            let found: [Double]?
            do { found = try holder(sequence, tag).decimals(tag, count: count) } catch DICOMProblem.malformed(let what, let rule) {
                throw .noGeometry(what: "\(what), but \(rule)")
            }
            guard let found else { throw .noGeometry(what: "it has no \(tag.text)") }
            guard found.allSatisfy({ abs($0) <= Geometry.farthest }) else { throw .noGeometry(what: "\(tag.text) is beyond all bounds") }
            return found
        }
        let place = try vector(.planePosition, .imagePosition, count: 3)
        let directions = try vector(.planeOrientation, .imageOrientation, count: 6)
        position = SIMD3(place[0], place[1], place[2])
        row = SIMD3(directions[0], directions[1], directions[2])
        column = SIMD3(directions[3], directions[4], directions[5])
        let most = Self.directionTolerance
        guard abs(Self.length(row) - 1) <= most, abs(Self.length(column) - 1) <= most, abs((row * column).sum()) <= most else {
            throw .noGeometry(what: "the directions in \(DICOMTag.imageOrientation.text) are not at right angles or not of length 1")
        }
        let measures = holder(.pixelMeasures, .pixelSpacing)
        guard let spacing = try measures.decimals(.pixelSpacing, count: 2) else { throw .noGeometry(what: "it has no \(DICOMTag.pixelSpacing.text)") }
        guard spacing.allSatisfy(Geometry.spacingRange.contains) else {
            throw .malformed(
                what: "\(DICOMTag.pixelSpacing.text) is \(spacing[0])\\\(spacing[1]) mm",
                rule: "it must be from \(Geometry.spacingRange.lowerBound) to \(Geometry.spacingRange.upperBound) mm")
        }
        // The first number is the distance between rows, so it is what a step down a column is (PS3.3, 10.7.1.3).
        (columnStep, rowStep) = (spacing[0], spacing[1])
        thickness = (try? holder(.pixelMeasures, .sliceThickness).decimals(.sliceThickness, count: 1))?.first
        let slope = try holder(.pixelTransformation, .rescaleSlope).decimals(.rescaleSlope, count: 1)?[0] ?? 1
        guard slope != 0 else { throw .malformed(what: "\(DICOMTag.rescaleSlope.text) is 0", rule: "all values would be the same") }
        self.slope = slope
        intercept = try holder(.pixelTransformation, .rescaleIntercept).decimals(.rescaleIntercept, count: 1)?[0] ?? 0
        marks = Self.phaseTags.map { holder(.frameContent, $0).mark($0) }
    }

    /// The frames of a file, in its order.
    static func all(_ dataSet: DICOMDataSet, count: Int) throws(DICOMProblem) -> [DICOMFrame] {
        let shared = dataSet.sequences[.sharedGroups] ?? [], own = dataSet.sequences[.frameGroups] ?? []
        guard own.isEmpty || own.count == count else {
            throw .malformed(what: "it has \(own.count) descriptions of frames", rule: "\(DICOMTag.numberOfFrames.text) is \(count)")
        }
        guard count == 1 || !own.isEmpty else {
            throw .noGeometry(what: "it has \(count) frames and says where none of them lies")
        }
        guard !own.isEmpty else { return [try DICOMFrame(dataSet, groups: shared)] }
        var frames: [DICOMFrame] = []
        for group in own { frames.append(try DICOMFrame(dataSet, groups: [group] + shared)) }
        return frames
    }

    static func length(_ vector: SIMD3<Double>) -> Double { (vector * vector).sum().squareRoot() }

    static func cross(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> SIMD3<Double> {
        SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }
}
