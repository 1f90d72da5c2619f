public import Foundation
public import UNETRArchitectures
public import UNETRArchives
public import UNETRPlanning
public import UNETRSupport

/// A trained model as a folder: `model.safetensors`, `plan.json`, `card.md`, and `SHA256SUMS` with the digests of them; one made for
/// 8 bits has `quantization.json` too, and one that knows what its training scans are like `profile.json`.
///
/// What is read is compared with its digest, always; a bundle without digests, made by an older release, is taken as it is.
public struct ModelBundle: Sendable {
    /// The folder.
    public let url: URL
    /// How scans become input and outputs become masks.
    public private(set) var plan: Plan
    /// What the network is.
    public let network: NetworkDescription
    /// The digests that the bundle lists; nil if it has none.
    let digests: BundleDigests?
    package let weights: WeightsDigest

    package static let weightsFile = "model.safetensors"
    static let planFile = "plan.json"
    package static let cardFile = "card.md"
    /// Without these a folder is no bundle.
    static let requiredFiles = [planFile, weightsFile]

    /// Opens a bundle; the weights are read when they are needed.
    /// - Throws: `ModelError.notABundle`; `BundleDigestError` if its plan is not what its digest says; what reading the plan throws.
    public init(contentsOf url: URL) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw ModelError.notABundle(path: url.path, problem: "there is no such folder")
        }
        guard isFolder.boolValue else { throw ModelError.notABundle(path: url.path, problem: "it is a file") }
        for name in Self.requiredFiles {
            let file = url.appending(path: name)
            guard FileManager.default.fileExists(atPath: file.path) else {
                throw ModelError.notABundle(path: url.path, problem: "\(name) is missing")
            }
            try InputFile.check(file)
        }
        self.url = url
        digests = try BundleDigests(of: url)
        try digests?.check(Self.planFile, in: url)
        plan = try Plan(contentsOf: url.appending(path: Self.planFile))
        network = try plan.networkDescription()
        weights = WeightsDigest(url.appending(path: Self.weightsFile), expected: digests?.files[Self.weightsFile])
    }

    /// The same model with another clean-up of its masks; the folder stays as it is.
    package func cleaning(_ postProcessing: PostProcessing?) -> ModelBundle {
        var bundle = self
        bundle.plan.postProcessing = postProcessing.flatMap { $0.keepLargest.isEmpty ? nil : $0 }
        return bundle
    }

    /// The weights, under the reference's keys.
    /// - Throws: `BundleDigestError` if they are not what their digest says; what reading them throws.
    public func state() throws -> StateDictionary { try checkingWeights { try uncheckedState() } }

    /// The SHA-256 of the weights' file: as the bundle lists it, else computed.
    /// - Throws: `FileError`.
    public func weightsDigest() throws -> SHA256Digest { try digests?.files[Self.weightsFile] ?? SHA256Digest(ofFile: url.appending(path: Self.weightsFile)) }

    /// The weights before they were compared with their digest.
    package func uncheckedState() throws -> StateDictionary { try StateDictionary(safetensors: url.appending(path: Self.weightsFile)) }

    /// The digest of the weights is computed while `body` works with them. Where they are damaged, that is the error, whatever came of it.
    package func checkingWeights<Result>(_ body: () throws -> Result) throws -> Result {
        weights.beginCheck()
        let result = Swift.Result { try body() }
        try weights.check()
        return try result.get()
    }
}
