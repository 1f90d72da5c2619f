import Foundation
import UNETRVolumes

/// Names of files as clients give them, made harmless: one that is shown, and one for headers and downloads.
enum FileName {
    /// The last part of a path of any system, without control characters, of at most 100 characters; `fallback` where nothing is left.
    static func shown(_ text: String?, fallback: String = "scan") -> String {
        let last = (text ?? "").split(whereSeparator: { $0 == "/" || $0 == "\\" }).last ?? ""
        let plain = String(String.UnicodeScalarView(last.unicodeScalars.filter { $0.properties.generalCategory.isShown }))
        let name = plain.trimmingCharacters(in: .whitespaces).drop { $0 == "." }
        return name.isEmpty ? fallback : String(name.prefix(100))
    }

    /// A name without the ending of a scan, of letters, digits and `._-` only.
    static func stem(_ name: String) -> String {
        let file = name.lowercased()
        let stem = VolumeName(name)?.stem ?? (file.hasSuffix(".zip") || file.hasSuffix(".dcm") ? String(name.dropLast(4)) : name)
        let plain = stem.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_" }.drop { $0 == "." }
        return plain.isEmpty ? "scan" : String(plain)
    }
}

extension Unicode.GeneralCategory {
    /// Neither control nor format characters, which could turn text around, nor parts that are no characters.
    fileprivate var isShown: Bool {
        switch self {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
