import ArgumentParser
import Foundation
import UNETRSupport

/// The one rule about outputs, for every command: what is there already is replaced only with `--force`, and whatever stands in the way of
/// writing is said before the work and not after it.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Replace an output that is there already.") var force = false

    /// To be called before the work for each file that will be written.
    /// - Throws: `CommandError` if the file is there and is not to be replaced, if something else than a regular file is there, or if its
    ///   folder cannot be written in or made.
    func check(file url: URL) throws {
        switch Self.kind(of: url) {
        case nil: break
        case S_IFREG?: try checkReplacing(url)
        case S_IFDIR?: throw CommandError("\(url.path) is a folder; name a file to write")
        default: throw CommandError("\(url.path) is a device, a pipe or a socket; name a regular file to write")
        }
        try Self.checkWritable(url.deletingLastPathComponent())
    }

    /// To be called before the work for a model bundle that will be written in one move.
    /// - Throws: `CommandError` as for a file; also if `--force` would replace a folder that is no model bundle.
    func check(bundle url: URL) throws {
        if let kind = Self.kind(of: url) {
            guard kind == S_IFDIR else { throw CommandError("\(url.path) is not a folder, which a model bundle is; choose another name") }
            try checkReplacing(url)
            let contents = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? ["?"]
            guard contents.isEmpty || contents.contains("plan.json") || contents.contains("model.safetensors") else {
                throw CommandError("\(url.path) holds other things than a model bundle, so it is not replaced; choose another name")
            }
        }
        try Self.checkWritable(url.deletingLastPathComponent())
    }

    /// To be called before the work for a folder that will get files; each of them that may be there already is for `check(file:)`.
    /// - Throws: `CommandError` if the folder cannot be written in or made.
    func check(folder url: URL) throws { try Self.checkWritable(url) }

    private func checkReplacing(_ url: URL) throws {
        guard force else { throw CommandError("\(url.path) is already there; --force replaces it") }
    }

    /// What kind of thing is there, links followed; nil for nothing.
    private static func kind(of url: URL) -> mode_t? {
        var status = stat()
        return stat(url.path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// - Throws: `CommandError` unless the folder, or the nearest one above it that is there, can be written in.
    static func checkWritable(_ folder: URL) throws {
        var place = folder.standardizedFileURL
        while kind(of: place) == nil, place.path != "/" { place.deleteLastPathComponent() }
        guard kind(of: place) == S_IFDIR else { throw CommandError("\(folder.path) cannot be made: \(place.path) is not a folder") }
        guard access(place.path, W_OK | X_OK) == 0 else {
            throw CommandError("nothing can be written in \(place.path): \(String(cString: strerror(errno)))")
        }
    }
}
