/// The number of a DICOM element: its group in the upper 16 bits.
struct DICOMTag: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt32

    var group: UInt32 { rawValue >> 16 }

    init(rawValue: UInt32) { self.rawValue = rawValue }
    init(_ group: UInt16, _ element: UInt16) { rawValue = UInt32(group) << 16 | UInt32(element) }

    /// Its name and numbers, for sentences.
    var text: String {
        func digits(_ value: UInt32) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 4 - text.count) + text
        }
        return "\((Self.names[self] ?? Self.pixelNames[self]).map { "\($0) " } ?? "")(\(digits(rawValue >> 16)),\(digits(rawValue & 0xFFFF)))"
    }

    static let item = DICOMTag(0xFFFE, 0xE000)
    static let itemEnd = DICOMTag(0xFFFE, 0xE00D)
    static let sequenceEnd = DICOMTag(0xFFFE, 0xE0DD)

    static let transferSyntax = DICOMTag(0x0002, 0x0010)
    static let imageType = DICOMTag(0x0008, 0x0008)
    static let sopClass = DICOMTag(0x0008, 0x0016)
    static let sopInstance = DICOMTag(0x0008, 0x0018)
    static let acquisitionTime = DICOMTag(0x0008, 0x0032)
    static let contentTime = DICOMTag(0x0008, 0x0033)
    static let modality = DICOMTag(0x0008, 0x0060)
    static let seriesDescription = DICOMTag(0x0008, 0x103E)
    static let sliceThickness = DICOMTag(0x0018, 0x0050)
    static let echoNumbers = DICOMTag(0x0018, 0x0086)
    static let triggerTime = DICOMTag(0x0018, 0x1060)
    static let diffusionBValue = DICOMTag(0x0018, 0x9087)
    static let studyInstance = DICOMTag(0x0020, 0x000D)
    static let seriesInstance = DICOMTag(0x0020, 0x000E)
    static let seriesNumber = DICOMTag(0x0020, 0x0011)
    static let acquisitionNumber = DICOMTag(0x0020, 0x0012)
    static let imagePosition = DICOMTag(0x0020, 0x0032)
    static let imageOrientation = DICOMTag(0x0020, 0x0037)
    static let frameOfReference = DICOMTag(0x0020, 0x0052)
    static let temporalPosition = DICOMTag(0x0020, 0x0100)
    static let frameContent = DICOMTag(0x0020, 0x9111)
    static let planePosition = DICOMTag(0x0020, 0x9113)
    static let planeOrientation = DICOMTag(0x0020, 0x9116)
    static let temporalIndex = DICOMTag(0x0020, 0x9128)
    static let samplesPerPixel = DICOMTag(0x0028, 0x0002)
    static let photometricInterpretation = DICOMTag(0x0028, 0x0004)
    static let numberOfFrames = DICOMTag(0x0028, 0x0008)
    static let rows = DICOMTag(0x0028, 0x0010)
    static let columns = DICOMTag(0x0028, 0x0011)
    static let pixelSpacing = DICOMTag(0x0028, 0x0030)
    static let bitsAllocated = DICOMTag(0x0028, 0x0100)
    static let bitsStored = DICOMTag(0x0028, 0x0101)
    static let highBit = DICOMTag(0x0028, 0x0102)
    static let pixelRepresentation = DICOMTag(0x0028, 0x0103)
    static let rescaleIntercept = DICOMTag(0x0028, 0x1052)
    static let rescaleSlope = DICOMTag(0x0028, 0x1053)
    static let modalityTable = DICOMTag(0x0028, 0x3000)
    static let pixelMeasures = DICOMTag(0x0028, 0x9110)
    static let pixelTransformation = DICOMTag(0x0028, 0x9145)
    static let sharedGroups = DICOMTag(0x5200, 0x9229)
    static let frameGroups = DICOMTag(0x5200, 0x9230)
    static let extendedOffsets = DICOMTag(0x7FE0, 0x0001)
    static let floatPixels = DICOMTag(0x7FE0, 0x0008)
    static let doublePixels = DICOMTag(0x7FE0, 0x0009)
    static let pixels = DICOMTag(0x7FE0, 0x0010)

    /// Elements whose values are kept of images. Names, dates and numbers of patients are not among them: what is never read can never be told.
    static let names: [DICOMTag: String] = [
        transferSyntax: "TransferSyntaxUID", imageType: "ImageType", sopClass: "SOPClassUID", sopInstance: "SOPInstanceUID",
        acquisitionTime: "AcquisitionTime", contentTime: "ContentTime", modality: "Modality", seriesDescription: "SeriesDescription",
        sliceThickness: "SliceThickness", echoNumbers: "EchoNumbers", triggerTime: "TriggerTime", diffusionBValue: "DiffusionBValue",
        studyInstance: "StudyInstanceUID", seriesInstance: "SeriesInstanceUID", seriesNumber: "SeriesNumber",
        acquisitionNumber: "AcquisitionNumber", imagePosition: "ImagePositionPatient", imageOrientation: "ImageOrientationPatient",
        frameOfReference: "FrameOfReferenceUID", temporalPosition: "TemporalPositionIdentifier", temporalIndex: "TemporalPositionIndex",
        samplesPerPixel: "SamplesPerPixel", photometricInterpretation: "PhotometricInterpretation", numberOfFrames: "NumberOfFrames",
        rows: "Rows", columns: "Columns", pixelSpacing: "PixelSpacing", bitsAllocated: "BitsAllocated", bitsStored: "BitsStored",
        highBit: "HighBit", pixelRepresentation: "PixelRepresentation", rescaleIntercept: "RescaleIntercept", rescaleSlope: "RescaleSlope",
        extendedOffsets: "ExtendedOffsetTable",
    ]

    /// Elements that are located and not kept.
    private static let pixelNames: [DICOMTag: String] = [floatPixels: "FloatPixelData", doublePixels: "DoubleFloatPixelData", pixels: "PixelData"]

    /// Sequences whose items are kept of images.
    static let sequences: Set<DICOMTag> = [
        frameContent, planePosition, planeOrientation, pixelMeasures, pixelTransformation, modalityTable, sharedGroups, frameGroups,
    ]
}
