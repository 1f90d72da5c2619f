import COpenVINO
public import Foundation

/// OpenVINO's library, found and loaded when it is first asked for.
public enum OpenVINOLibrary {
    /// The yearly release whose C interface and operations are known to work; set-up installs it.
    public static let supportedYear = 2026

    /// What is in a loaded library.
    public struct Loaded: Sendable {
        /// The library's file.
        public let path: String
        /// Its build number, such as "2026.4.1-22982-e213a147257-releases/2026/4".
        public let build: String

        /// The release, such as "2026.4.1".
        public var version: String { String(build.prefix { $0 != "-" }) }
    }

    /// Loads the library from the first of the places that has one. A process keeps the first library it loaded.
    ///
    /// - Parameters:
    ///   - place: a folder that must have it, or the library itself, such as the value of the variable OPENVINO.
    ///   - folders: folders to look in if `place` is nil.
    /// - Throws: `OpenVINOError.absent`, `.unusable`, `.version`.
    public static func load(from place: URL?, otherwise folders: [URL]) throws -> Loaded {
        try lock.withLock {
            let places = place.map { [$0] } ?? folders
            guard let library = places.lazy.compactMap(library(at:)).first else { throw OpenVINOError.absent(places: places.map(\.path)) }
            if let loaded { return loaded }
            guard cov_open(library.path) == 0 else { throw OpenVINOError.unusable(path: library.path, reason: message) }
            var text = [CChar](repeating: 0, count: 256)
            guard cov_version(&text, text.count) == 0 else { throw OpenVINOError.unusable(path: library.path, reason: message) }
            let found = Loaded(path: library.path, build: String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
            try check(version: found.version, path: library.path)
            loaded = found
            return found
        }
    }

    /// - Throws: `OpenVINOError.version` for a release of another year.
    public static func check(version: String, path: String) throws {
        guard version.hasPrefix("\(supportedYear).") else { throw OpenVINOError.version(path: path, found: version) }
    }

    private static let lock = NSLock()
    nonisolated(unsafe) private static var loaded: Loaded?

    /// The file libopenvino_c in a folder, in its part `libs` or `lib`, or of a Python package's folder; or the place itself.
    private static func library(at place: URL) -> URL? {
        let files = FileManager.default
        if place.lastPathComponent.hasPrefix("libopenvino_c."), files.fileExists(atPath: place.path) { return place }
        for part in ["", "libs", "lib", "openvino/libs"] {
            let folder = part.isEmpty ? place : place.appending(path: part)
            let names = (try? files.contentsOfDirectory(atPath: folder.path)) ?? []
            if let name = names.sorted().last(where: { $0.hasPrefix("libopenvino_c.") }) { return folder.appending(path: name) }
        }
        return nil
    }

    /// The words of the last call that failed, without the places in OpenVINO's own source that they begin with.
    static var message: String {
        let lines = String(cString: cov_message()).split(separator: "\n").filter { !$0.hasPrefix("Exception from") && !$0.hasPrefix("Check '") }
        return lines.isEmpty ? String(cString: cov_message()) : lines.joined(separator: " ")
    }
}

/// Why OpenVINO cannot be used, or refused something.
public enum OpenVINOError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The library is at none of these places.
    case absent(places: [String])
    /// The library cannot be loaded.
    case unusable(path: String, reason: String)
    /// The library is of another release than those supported.
    case version(path: String, found: String)
    /// OpenVINO refuses to compile or to compute.
    case refused(what: String, reason: String)
    /// The input has another shape than the compiled network.
    case shape(found: [Int], expected: [Int])

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .absent(let places):
            "there is no OpenVINO in \(places.isEmpty ? "any known place" : places.joined(separator: ", ")); `make setup` installs it, "
                + "or the variable OPENVINO names a folder that holds libopenvino_c"
        case .unusable(let path, let reason):
            "\(path) cannot be used: \(reason)"
        case .version(let path, let found):
            "\(path) is OpenVINO \(found); a release \(OpenVINOLibrary.supportedYear).x is needed, which `make setup` installs"
        case .refused(let what, let reason):
            "OpenVINO could not \(what): \(reason)"
        case .shape(let found, let expected):
            "the compiled network's input is \(found), it was built for \(expected)"
        }
    }
}
