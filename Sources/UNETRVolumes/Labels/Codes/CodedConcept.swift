/// A concept of a coding scheme, as DICOM names things by code (PS3.3, 8).
public struct CodedConcept: Hashable, Sendable {
    /// The code, at most 16 characters.
    public var value: String
    /// Who defines it: "SCT" for SNOMED CT, "DCM" for DICOM itself.
    public var scheme: String
    /// What it means in words, at most 64 characters.
    public var meaning: String

    /// A concept.
    public init(_ value: String, _ scheme: String, _ meaning: String) {
        self.value = value
        self.scheme = scheme
        self.meaning = meaning
    }

    /// A concept of SNOMED CT.
    static func snomed(_ value: String, _ meaning: String) -> CodedConcept { CodedConcept(value, "SCT", meaning) }

    static let left = snomed("7771000", "Left")
    static let right = snomed("24028007", "Right")
    static let anterior = snomed("255549009", "Anterior")
    static let posterior = snomed("255551008", "Posterior")
}
