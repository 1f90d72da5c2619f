public import Foundation

/// The one rule about outputs: what is there already is replaced only where that is asked for, and whatever stands in the way of writing
/// is said before the work and not after it.
public struct OutputRule: Sendable {
    /// Whether what is there already is replaced.
    public var replaces: Bool

    /// A rule; with `replaces` existing outputs may be replaced.
    public init(replaces: Bool = false) { self.replaces = replaces }

    /// To be called before the work for each file that will be written.
    ///
    /// - Throws: `OutputError` if the file is there and is not to be replaced, if something else than a regular file is there, or if its
    ///   folder cannot be written in or made.
    public func check(file url: URL) throws {
        switch Self.kind(of: url) {
        case nil: break
        case S_IFREG?: try checkReplacing(url)
        case S_IFDIR?: throw OutputError.isFolder(path: url.path)
        default: throw OutputError.isSpecial(path: url.path)
        }
        try check(folder: url.deletingLastPathComponent())
    }

    /// To be called before the work for a model bundle that will be written in one move.
    ///
    /// - Throws: `OutputError` as for a file; also if a folder would be replaced that is no model bundle.
    public func check(bundle url: URL) throws { try check(model: url, files: ["plan.json", "model.safetensors"]) }

    /// To be called before the work for a folder that is a model in some form and will be written in one move.
    ///
    /// - Parameters:
    ///   - url: the folder.
    ///   - files: names of which such a model has at least one.
    /// - Throws: `OutputError` as for a bundle.
    public func check(model url: URL, files: [String]) throws {
        if let kind = Self.kind(of: url) {
            guard kind == S_IFDIR else { throw OutputError.noFolder(path: url.path) }
            try checkReplacing(url)
            let contents = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? ["?"]
            guard contents.isEmpty || files.contains(where: contents.contains) else {
                throw OutputError.noBundle(path: url.path)
            }
        }
        try check(folder: url.deletingLastPathComponent())
    }

    /// To be called before the work for a folder that will be written in one move.
    ///
    /// - Parameters:
    ///   - url: the folder.
    ///   - isOurs: whether something of that name may be lost, because it is what would be written there.
    /// - Throws: `OutputError` if the folder is there and is not to be replaced, holds anything else, or cannot be made.
    public func check(folder url: URL, replacing isOurs: (String) -> Bool) throws {
        if let kind = Self.kind(of: url) {
            guard kind == S_IFDIR else { throw OutputError.isFile(path: url.path) }
            try checkReplacing(url)
            let contents = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? ["?"]
            if let other = contents.sorted().first(where: { !isOurs($0) }) { throw OutputError.holdsOthers(path: url.path, name: other) }
        }
        try check(folder: url.deletingLastPathComponent())
    }

    /// To be called before the work for a folder that will get files; each of them that may be there already is for `check(file:)`.
    ///
    /// - Throws: `OutputError` unless the folder, or the nearest one above it that is there, can be written in.
    public func check(folder url: URL) throws {
        var place = url.standardizedFileURL
        while Self.kind(of: place) == nil, place.path != "/" { place.deleteLastPathComponent() }
        guard Self.kind(of: place) == S_IFDIR else { throw OutputError.blocked(folder: url.path, by: place.path) }
        guard access(place.path, W_OK | X_OK) == 0 else {
            throw OutputError.forbidden(folder: place.path, problem: String(cString: strerror(errno)))
        }
    }

    private func checkReplacing(_ url: URL) throws {
        guard replaces else { throw OutputError.exists(path: url.path) }
    }

    /// What kind of thing is there, links followed; nil for nothing.
    private static func kind(of url: URL) -> mode_t? {
        var status = stat()
        return stat(url.path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}

/// Why an output cannot be written where it is wanted.
public enum OutputError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The output exists.
    case exists(path: String)
    /// The output is a folder.
    case isFolder(path: String)
    /// The output is a device, pipe or socket.
    case isSpecial(path: String)
    /// The output should be a folder, but is a file.
    case noFolder(path: String)
    /// The output should be a model bundle, but is something else.
    case noBundle(path: String)
    /// The output should be a folder, but is something else.
    case isFile(path: String)
    /// The output is a folder that holds something else than what would be written there.
    case holdsOthers(path: String, name: String)
    /// A file stands where the folder should be.
    case blocked(folder: String, by: String)
    /// Nothing can be written into the folder.
    case forbidden(folder: String, problem: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .exists(let path): "\(path) is already there; choose another name, or have it replaced"
        case .isFolder(let path): "\(path) is a folder; name a file to write"
        case .isSpecial(let path): "\(path) is a device, a pipe or a socket; name a regular file to write"
        case .noFolder(let path): "\(path) is not a folder, which a model is; choose another name"
        case .noBundle(let path): "\(path) holds other things than a model, so it is not replaced; choose another name"
        case .isFile(let path): "\(path) is not a folder; choose another name"
        case .holdsOthers(let path, let name): "\(path) holds \(name), which would be lost, so it is not replaced; choose another name"
        case .blocked(let folder, let place): "\(folder) cannot be made: \(place) is not a folder"
        case .forbidden(let folder, let problem): "nothing can be written in \(folder): \(problem)"
        }
    }
}
