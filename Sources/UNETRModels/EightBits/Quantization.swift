public import Foundation
import UNETRSupport

/// What a model bundle needs to be computed in 8 bits: `quantization.json`.
public struct Quantization: Codable, Equatable, Sendable {
    /// The range of each 8-bit convolution's input, by the name of its weights in the network's fast graph.
    public typealias Ranges = [String: ClosedRange<Float>]

    /// Version of the file's form.
    public var version = Self.version
    /// SHA-256 of the weights' file that the ranges belong to; of older models its `ContentDigest`.
    public var weights: String
    /// The range of each convolution's input.
    public var ranges: Ranges
    /// The scans they were measured on, and in how many patches.
    public var scans: [String]
    /// Number of patches that the ranges were measured on.
    public var patches: Int
    /// How well the masks agree with those of float32; nil before they were compared.
    public var report: QuantizationReport?

    package static let version = 1
    package static let fileName = "quantization.json"

    /// What the file was called in earlier bundles.
    package static let earlierFileName = "quantisation.json"

    package init(weights: String, ranges: Ranges, scans: [String], patches: Int) {
        self.weights = weights
        self.ranges = ranges
        self.scans = scans
        self.patches = patches
    }

    /// - Throws: `QuantizationError.damaged`, `.version`.
    public init(contentsOf url: URL) throws {
        struct Version: Decodable { var version: Int }
        do {
            let data = try InputFile.contents(of: url, most: 1 << 26)
            let found = try JSONText.decode(Version.self, from: data).version
            guard found == Self.version else { throw QuantizationError.version(path: url.path, found: found) }
            self = try JSONText.decode(from: data)
        } catch let error as JSONProblem {
            throw QuantizationError.damaged(path: url.path, problem: error.sentence)
        }
    }

    /// Writes the file, atomically.
    public func write(to url: URL) throws {
        try AtomicFile.write(JSONText.encode(self) + Data("\n".utf8), to: url)
    }
}

extension ModelBundle {
    var quantizationFile: URL {
        let current = url.appending(path: Quantization.fileName), earlier = url.appending(path: Quantization.earlierFileName)
        let files = FileManager.default
        return !files.fileExists(atPath: current.path) && files.fileExists(atPath: earlier.path) ? earlier : current
    }

    /// Whether it was made for 8 bits, by `Quantizer`.
    public var isQuantized: Bool { FileManager.default.fileExists(atPath: quantizationFile.path) }

    /// What it needs to be computed in 8 bits; nil if it was not made for that.
    /// - Throws: `QuantizationError.damaged`, `.version`; `.foreign` if its weights are not those that the ranges were measured with;
    ///   `BundleDigestError` if the file is not what its digest says.
    public func quantization() throws -> Quantization? {
        guard isQuantized else { return nil }
        try digests?.check(quantizationFile.lastPathComponent, in: url)
        let quantization = try Quantization(contentsOf: quantizationFile)
        let isOlder = SHA256Digest(text: quantization.weights) == nil
        guard try quantization.weights == (isOlder ? weightsContentDigest() : weights.claimed().text) else {
            throw QuantizationError.foreign(path: quantizationFile.path)
        }
        return quantization
    }

    /// What the weights were told by before bundles had SHA-256 digests.
    private func weightsContentDigest() throws -> String {
        let data = try Data(contentsOf: url.appending(path: Self.weightsFile), options: .mappedIfSafe)
        var digest = ContentDigest()
        data.withUnsafeBytes { digest.add($0) }
        return digest.text
    }
}

/// Why a model cannot be computed in 8 bits, or made for it.
public enum QuantizationError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The file of ranges cannot be read.
    case damaged(path: String, problem: String)
    /// The file of ranges has a version that this program does not know.
    case version(path: String, found: Int)
    /// The ranges belong to other weights.
    case foreign(path: String)
    /// This processor has no 8-bit products.
    case processor
    /// This network cannot be computed in 8 bits.
    case architecture(String)
    /// This network has no convolution that 8 bits make faster.
    case nothingToGain(String)
    /// The output exists.
    case exists(path: String)
    /// There are no scans for calibration.
    case noScans
    /// The network's values are not finite.
    case nonFinite
    /// No structure was found in the scans, so agreement cannot be judged.
    case nothingToCompare(scans: Int)
    /// The masks agree too little: the mean Dice and what is required.
    case disagreement(found: Double, limit: Double)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .damaged(let path, let problem):
            "\(path) is damaged (\(problem.hasSuffix(".") ? String(problem.dropLast()) : problem)); quantize the model anew"
        case .version(let path, let found):
            "\(path) has version \(found), expected \(Quantization.version); quantize the model anew"
        case .foreign(let path):
            "\(path) was made for other weights than those beside it; quantize the model anew"
        case .processor:
            "this processor has no instruction for 8-bit products (AVX-512 VNNI, AVX-VNNI or AMX)"
        case .architecture(let name):
            "\(name) cannot be computed in 8 bits, because the compiled engine does not take it"
        case .nothingToGain(let name):
            "this \(name) has no convolution that reaches over neighbors and takes all channels, which is what 8 bits make faster; use it as it is"
        case .exists(let path):
            "\(path) is already there; choose another name, or remove it first"
        case .noScans:
            "there are no calibration scans; name some scans like those that the model will segment"
        case .nonFinite:
            "the network's values are not finite on a calibration scan; its weights are damaged, or the scan is unlike those it was trained on"
        case .nothingToCompare(let scans):
            "float32 and 8 bits find no structure in \(scans) calibration scans, so nothing shows that they agree; "
                + "calibrate with scans that hold the structures"
        case .disagreement(let found, let limit):
            String(format: "the masks in 8 bits agree with those of float32 at a mean Dice of %.4f only, expected %.3f or more; ", found, limit)
                + "nothing was saved. More or other calibration scans may help; it can be saved all the same where that is asked for"
        }
    }
}
