public import Foundation
public import UNETRSupport

/// What became of a comparison of a bundle's files with the digests it lists.
public struct BundleVerification: Sendable, Equatable {
    /// What is wrong with a file.
    public enum Problem: Sendable, Equatable {
        /// The file has changed.
        case differs(found: SHA256Digest, expected: SHA256Digest)
        /// The file is gone.
        case missing
        /// In a few words of the system.
        case unreadable(String)
    }

    /// The files that are what their digests say.
    public var same: [String] = []
    /// What is wrong, by file name.
    public var problems: [String: Problem] = [:]
    /// Files of the bundle that its list does not name, so that nothing is known about them.
    public var unlisted: [String] = []

    /// Whether every listed file is as it was.
    public var isSame: Bool { problems.isEmpty }
}

extension ModelBundle {
    /// Compares every file that a bundle lists with its digest.
    ///
    /// - Returns: nil for a bundle that lists none, made by an older release.
    /// - Throws: `ModelError.notABundle`; `BundleDigestError.list` if the list itself is damaged; `FileError`.
    public static func verify(_ url: URL) throws -> BundleVerification? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw ModelError.notABundle(path: url.path, problem: "there is no such folder")
        }
        guard let digests = try BundleDigests(of: url) else { return nil }
        var verification = BundleVerification()
        for (name, expected) in digests.files.sorted(by: { $0.key < $1.key }) {
            let file = url.appending(path: name)
            guard FileManager.default.fileExists(atPath: file.path) else {
                verification.problems[name] = .missing
                continue
            }
            do {
                let found = try SHA256Digest(ofFile: file)
                if found == expected {
                    verification.same.append(name)
                } else {
                    verification.problems[name] = .differs(found: found, expected: expected)
                }
            } catch let error as FileError { verification.problems[name] = .unreadable(error.problem) }
        }
        verification.unlisted = try BundleDigests.names(in: url).filter { digests.files[$0] == nil }
        return verification
    }
}
