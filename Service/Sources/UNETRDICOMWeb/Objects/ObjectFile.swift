public import Foundation
import UNETRSupport
public import UNETRVolumes

/// A file to be sent.
public struct ObjectFile: Sendable {
    /// The file.
    public var url: URL
    /// What names the object in it.
    public var name: DICOMObjectName
    /// Its length in bytes.
    public var length: Int

    /// The objects in files and folders, each once. All are looked at before any is sent.
    ///
    /// - Parameter places: files, which must be DICOM; folders, in which other files are passed over.
    /// - Returns: the objects, and how many files were passed over.
    /// - Throws: `DICOMError` for a file that is no DICOM object, or a damaged one; `ObjectFileError`; `FileError`.
    public static func all(in places: [URL]) throws -> (objects: [ObjectFile], others: Int) {
        var objects: [ObjectFile] = [], places = places, others = 0
        var seen: [String: URL] = [:]
        places = places.map { URL(fileURLWithPath: $0.path) }
        for place in places {
            let found = try DICOMObjectName.found(in: place)
            others += found.others
            for (url, name) in found.objects {
                if let first = seen[name.instance] {
                    guard FileManager.default.contentsEqual(atPath: first.path, andPath: url.path) else {
                        throw ObjectFileError.sameName(url.path, first.path)
                    }
                    continue
                }
                seen[name.instance] = url
                objects.append(ObjectFile(url: url, name: name, length: try InputFile(url).size))
            }
        }
        guard !objects.isEmpty else { throw ObjectFileError.none(places.map(\.path)) }
        return (objects, others)
    }
}

/// Why files cannot be sent.
public enum ObjectFileError: Error, Equatable, CustomStringConvertible, Sendable {
    /// Two files hold different objects of one name, of which an archive would keep one.
    case sameName(String, String)
    /// There are no objects.
    case none([String])

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .sameName(let one, let other): "\(one) has the SOPInstanceUID of \(other), but is another object; send the one that is right"
        case .none(let places): "\(places.joined(separator: ", ")): holds no DICOM objects; give files or folders that do"
        }
    }
}
