public import Foundation
public import UNETRArchives
public import UNETRPlanning
import UNETRSupport

extension ModelBundle {
    /// Writes a bundle in one move: nobody ever sees half of one, and an existing bundle is there until the new one is complete.
    ///
    /// - Throws: `FileError`; what reading the new bundle throws.
    @discardableResult
    public static func write(
        plan: Plan, state: StateDictionary, card: String, profile: TrainingProfile? = nil, to url: URL
    ) throws -> ModelBundle {
        try replace(url) { folder in
            try AtomicFile.makeFolder(folder)
            try state.write(to: folder.appending(path: weightsFile))
            try AtomicFile.write(Data(card.utf8), to: folder.appending(path: cardFile))
            try plan.write(to: folder.appending(path: planFile))
            try profile?.write(to: folder.appending(path: TrainingProfile.fileName))
            try BundleDigests(measuring: folder).write(to: folder)
        }
        return try ModelBundle(contentsOf: url)
    }

    /// Writes the same bundle somewhere else.
    /// - Throws: `BundleDigestError` if a file is not what its digest says; `FileError`.
    public func copy(to target: URL) throws {
        _ = try state()
        try Self.replace(target) { folder in try FileManager.default.copyItem(at: url, to: folder) }
    }

    /// Puts a clean-up of masks into the bundle's plan; everything else stays.
    public func store(_ postProcessing: PostProcessing?) throws {
        var plan = plan
        plan.postProcessing = postProcessing.flatMap { $0.keepLargest.isEmpty ? nil : $0 }
        try change([Self.planFile]) { try plan.write(to: $0.appending(path: Self.planFile)) }
    }

    /// Puts a temperature of probabilities into the bundle's plan (`InferenceSettings.temperature`); everything else stays.
    ///
    /// - Parameter temperature: within `InferenceSettings.temperatureRange`.
    public func store(temperature: Double) throws {
        precondition(InferenceSettings.temperatureRange.contains(temperature), "a temperature of \(temperature)")
        var plan = plan
        plan.inference.temperature = temperature
        try change([Self.planFile]) { try plan.write(to: $0.appending(path: Self.planFile)) }
    }

    /// Replaces the bundle's card (Markdown); everything else stays.
    public func store(card: String) throws {
        try change([Self.cardFile]) { try AtomicFile.write(Data(card.utf8), to: $0.appending(path: Self.cardFile)) }
    }

    /// Writes the digests of a bundle's files as they are now, whatever it listed before: for one that was made or changed by hand.
    ///
    /// - Returns: the files that are listed.
    /// - Throws: `ModelError.notABundle`; `FileError`; what reading the plan throws.
    @discardableResult
    public static func seal(_ url: URL) throws -> BundleDigests {
        for name in requiredFiles where !FileManager.default.fileExists(atPath: url.appending(path: name).path) {
            throw ModelError.notABundle(path: url.path, problem: "\(name) is missing")
        }
        _ = try Plan(contentsOf: url.appending(path: planFile)).networkDescription()
        let digests = try BundleDigests(measuring: url)
        try digests.write(to: url)
        return digests
    }

    /// The bundle with some files changed, in one move. The digests of the others stay those they had: what was damaged remains so.
    ///
    /// - Parameter body: changes the files of these names in the folder it is given. It must replace them and not write into them.
    private func change(_ names: [String], _ body: (URL) throws -> Void) throws { try copy(to: url.resolvingSymlinksInPath(), changing: names, body) }

    /// The same for a copy of the bundle.
    func copy(to target: URL, changing names: [String], _ body: (URL) throws -> Void) throws {
        let place = url.resolvingSymlinksInPath()
        try Self.replace(target) { folder in
            try AtomicFile.makeFolder(folder)
            for name in try FileManager.default.contentsOfDirectory(atPath: place.path) {
                let (old, new) = (place.appending(path: name).resolvingSymlinksInPath(), folder.appending(path: name))
                // A second name for the same bytes where the file system has that and the old one goes: weights are large.
                if place != target || link(old.path, new.path) != 0 { try FileManager.default.copyItem(at: old, to: new) }
            }
            try body(folder)
            var digests = try digests ?? BundleDigests(measuring: folder)
            for name in names { digests.files[name] = try SHA256Digest(ofFile: folder.appending(path: name)) }
            try digests.write(to: folder)
        }
    }

    /// Lets `body` make a folder under another name and gives it the name of `url` when it is complete.
    package static func replace(_ url: URL, _ body: (URL) throws -> Void) throws {
        try AtomicFile.write(to: url) { folder in
            do { try body(folder) } catch let error as CocoaError {
                throw FileError(path: url.path, problem: "cannot be written: \(FileError.reason(error))")
            }
        }
    }
}
