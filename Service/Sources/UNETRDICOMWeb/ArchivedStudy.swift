/// A study that an archive has.
public struct ArchivedStudy: Sendable, Equatable {
    /// `StudyInstanceUID`.
    public var uid: String
    /// The day, as `YYYYMMDD`; empty where the archive does not say.
    public var date: String
    /// The modalities of its series.
    public var modalities: [String]
    /// What somebody wrote about it.
    public var description: String
    /// How many series it has; nil where the archive does not say.
    public var seriesCount: Int?
    /// How many objects it has; nil where the archive does not say.
    public var objectCount: Int?
    /// Whose it is; nil unless that was asked for.
    public var patient: ArchivedPatient?

    init(_ object: DICOMJSON, patients: Bool) throws(DICOMWebProblem) {
        uid = try object.identifier(ElementNumber.study)
        date = object.word(ElementNumber.studyDate) ?? ""
        modalities = object.words(ElementNumber.modalitiesInStudy)
        description = object.shown(ElementNumber.studyDescription)
        seriesCount = object.count(ElementNumber.seriesInStudy)
        objectCount = object.count(ElementNumber.objectsInStudy)
        guard patients else { return }
        patient = ArchivedPatient(
            name: object.shown(ElementNumber.patientName), number: object.shown(ElementNumber.patientID), birthDate: object.shown(ElementNumber.birthDate))
    }
}

/// Whose study it is. Only for those who asked for it, and for their eyes.
public struct ArchivedPatient: Sendable, Equatable {
    /// The name, with `^` between its parts.
    public var name: String
    /// The patient's number.
    public var number: String
    /// The day of birth, as `YYYYMMDD`.
    public var birthDate: String
}

/// A series that an archive has.
public struct ArchivedSeries: Sendable, Equatable {
    /// `SeriesInstanceUID`.
    public var uid: String
    /// `SeriesNumber`; nil where the archive does not say.
    public var number: Int?
    /// The modality; empty where the archive does not say.
    public var modality: String
    /// What somebody wrote about it.
    public var description: String
    /// How many objects it has; nil where the archive does not say.
    public var objectCount: Int?

    init(_ object: DICOMJSON) throws(DICOMWebProblem) {
        uid = try object.identifier(ElementNumber.series)
        number = object.count(ElementNumber.seriesNumber)
        modality = object.word(ElementNumber.modality) ?? ""
        description = object.shown(ElementNumber.seriesDescription)
        objectCount = object.count(ElementNumber.objectsInSeries)
    }
}
