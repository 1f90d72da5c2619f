import UNETRVolumes

/// What studies are searched by. What is nil is not asked for.
public struct StudyQuery: Sendable {
    /// The patient's number, in which `*` and `?` stand for others where the archive knows that.
    public var patientID: String?
    /// `StudyInstanceUID`.
    public var study: String?
    /// A modality that the study must have, such as "CT".
    public var modality: String?
    /// The day of the study as `YYYYMMDD`, or a range: `YYYYMMDD-YYYYMMDD`, of which either side may be left out.
    public var date: String?

    /// A search by any of these.
    public init(patientID: String? = nil, study: String? = nil, modality: String? = nil, date: String? = nil) {
        self.patientID = patientID
        self.study = study
        self.modality = modality
        self.date = date
    }

    /// The parameters of the request.
    ///
    /// - Throws: `DICOMWebProblem.question`, which never says a patient's number.
    var parameters: [(name: String, value: String)] {
        get throws(DICOMWebProblem) {
            var parameters: [(name: String, value: String)] = []
            if let patientID {
                guard (1...64).contains(patientID.count), !patientID.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
                    throw .question(what: "the patient's number is empty, too long or holds control characters", expected: "1 to 64 letters")
                }
                parameters.append(("PatientID", patientID))
            }
            if let study { parameters.append(("StudyInstanceUID", try DICOMWebProblem.checked(uid: study))) }
            if let modality { parameters.append(("ModalitiesInStudy", try DICOMWebProblem.checked(modality: modality))) }
            if let date {
                guard Self.isDateRange(date) else {
                    throw .question(what: "the date is '\(date.prefix(40))'", expected: "YYYYMMDD, or a range such as 20260101-20261231 or 20260101-")
                }
                parameters.append(("StudyDate", date))
            }
            return parameters
        }
    }

    private static func isDateRange(_ text: String) -> Bool {
        let days = text.split(separator: "-", omittingEmptySubsequences: false)
        guard days.count <= 2, days.contains(where: { !$0.isEmpty }), days.allSatisfy({ $0.isEmpty || isDay($0) }) else { return false }
        return days.count < 2 || days[0].isEmpty || days[1].isEmpty || days[0] <= days[1]
    }

    private static func isDay(_ text: Substring) -> Bool {
        guard text.utf8.count == 8, text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text) else { return false }
        return (1...12).contains(number / 100 % 100) && (1...31).contains(number % 100)
    }
}

extension DICOMWebProblem {
    static func checked(uid: String) throws(DICOMWebProblem) -> String {
        guard DICOMObjectName.isIdentifier(uid) else {
            throw .question(what: "'\(uid.prefix(80))' is no UID", expected: "digits and dots, at most 64, as a search shows them")
        }
        return uid
    }

    static func checked(modality: String) throws(DICOMWebProblem) -> String {
        guard (1...16).contains(modality.utf8.count), modality.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
            throw .question(what: "'\(modality.prefix(40))' is no modality", expected: "a short word such as CT, MR or SEG")
        }
        return modality.uppercased()
    }
}
