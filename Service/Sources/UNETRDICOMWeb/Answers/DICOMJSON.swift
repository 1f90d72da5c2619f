import Foundation
import UNETRSupport

/// One object of an answer in DICOM's JSON (PS3.18, F).
struct DICOMJSON {
    private let members: [String: JSONValue]

    private init(_ members: [String: JSONValue]) { self.members = members }

    /// The objects of an answer: a list of them, or one alone; none for an empty answer.
    ///
    /// - Throws: `DICOMWebProblem.malformed`. What the answer holds stays out of the sentence.
    static func objects(in data: Data) throws(DICOMWebProblem) -> [DICOMJSON] {
        guard !data.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) else { return [] }
        switch try? JSONDecoder().decode(JSONValue.self, from: data) {
        case .array(let elements)?:
            let objects = elements.compactMap(\.object)
            guard objects.count == elements.count else { break }
            return objects.map(DICOMJSON.init)
        case .object(let members)?: return [DICOMJSON(members)]
        default: break
        }
        throw .malformed(what: "it is no list of objects in DICOM's JSON")
    }

    private func values(_ tag: String) -> [JSONValue] { members[tag]?["Value"]?.array ?? [] }

    /// The values as texts: numbers in digits, and of names the letters of this part of the world.
    func texts(_ tag: String) -> [String] {
        values(tag).compactMap { value in
            switch value {
            case .string(let text): text
            case .integer(let number): "\(number)"
            case .object: value["Alphabetic"]?.string
            default: nil
            }
        }
    }

    /// A text as it can be shown on any terminal, on one line and not long; empty where there is none.
    func shown(_ tag: String) -> String {
        let letters = (texts(tag).first ?? "").prefix(64).unicodeScalars.map { scalar in
            [.control, .format, .lineSeparator, .paragraphSeparator, .privateUse].contains(scalar.properties.generalCategory) ? " " : Character(scalar)
        }
        return String(letters).trimmingCharacters(in: .whitespaces)
    }

    /// A word of letters, digits and underscores, such as a modality; nil for anything else.
    func word(_ tag: String) -> String? { texts(tag).first.flatMap(Self.word) }

    /// All words of an element.
    func words(_ tag: String) -> [String] { texts(tag).compactMap(Self.word) }

    private static func word(_ text: String) -> String? {
        let isWord = (1...16).contains(text.utf8.count) && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        return isWord ? text : nil
    }

    /// A whole number that is not negative; nil where there is none.
    func count(_ tag: String) -> Int? {
        guard let value = values(tag).first else { return nil }
        let number = value.int ?? value.string.flatMap { Int($0.trimmingCharacters(in: .whitespaces)) }
        return number.flatMap { $0 >= 0 ? $0 : nil }
    }

    /// The items of a sequence.
    func items(_ tag: String) -> [DICOMJSON] { values(tag).compactMap(\.object).map(DICOMJSON.init) }
}

/// The elements that are asked for, by their numbers.
enum ElementNumber {
    static let instance = "00080018"
    static let studyDate = "00080020"
    static let modality = "00080060"
    static let modalitiesInStudy = "00080061"
    static let studyDescription = "00081030"
    static let seriesDescription = "0008103E"
    static let referencedInstance = "00081155"
    static let warningReason = "00081196"
    static let failureReason = "00081197"
    static let failedObjects = "00081198"
    static let storedObjects = "00081199"
    static let patientName = "00100010"
    static let patientID = "00100020"
    static let birthDate = "00100030"
    static let study = "0020000D"
    static let series = "0020000E"
    static let seriesNumber = "00200011"
    static let seriesInStudy = "00201206"
    static let objectsInStudy = "00201208"
    static let objectsInSeries = "00201209"
}
