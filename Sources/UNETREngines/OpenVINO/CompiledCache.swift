import Foundation
import UNETRArchitectures
import UNETRGraphs
import UNETRModels
import UNETROpenVINO
import UNETRSupport

/// The file of one compiled network: a line of JSON that says what it is, then what the library wrote.
///
/// A compiled network is code that decides about masks, so it is only taken from a folder and a file that nobody but this user can write.
/// Its name and header bind it, by SHA-256, to the network and its weights. The digest of what the library wrote tells damage, not
/// intent: whoever may write as this user may also write a new digest, and could as well replace the program.
struct CompiledCache {
    /// What must be equal for the file to be used.
    struct Header: Codable, Equatable {
        var format = 2
        /// SHA-256 of the network's description, its weights' SHA-256, the form of its graph, and the ranges for 8 bits.
        var network: String
        var precision: String
        var library: String
        var machine: String
    }

    private struct Stored: Codable {
        var header: Header
        var digest: String
        var bytes: Int
    }

    let file: URL
    private let header: Header

    init(
        folder: URL, _ network: NetworkDescription, isWhole: Bool, _ weightsDigest: String, _ library: OpenVINOLibrary.Loaded,
        _ precision: CompiledModel.Precision, eightBits: Quantization.Ranges? = nil
    ) throws {
        var digest = SHA256Digest.Hasher()
        // Lengths keep two parts from being read as two others.
        func add(_ part: Data) {
            digest.add("\(part.count) ")
            part.withUnsafeBytes { digest.add($0) }
        }
        add(try JSONText.encode(network, .plainLine))
        add(Data(weightsDigest.utf8))
        add(Data("graph \(Self.graphVersion), \(isWhole ? "whole" : "coarse")".utf8))
        if let eightBits { add(try JSONText.encode(eightBits, .plainLine)) }
        header = Header(
            network: digest.finish().text, precision: (eightBits == nil ? "" : "i8+") + precision.rawValue, library: library.build,
            machine: Processor.current.identity)
        file = folder.appending(path: "\(SHA256Digest(of: try JSONText.encode(header, .plainLine)).text).openvino")
    }

    /// Counted up when the fast graph of a network changes.
    private static let graphVersion = 2

    /// Bytes of the line and the blanks behind it: whole pages, so that the weights in what follows lie as the library laid them.
    private static let headerSize = 4096

    /// What the library wrote; nil if there is no file.
    /// - Throws: `CompiledCacheError` if the file or its folder is not this user's alone, is another's, or damaged.
    func stored() throws -> ExportedModel? {
        let found = try Self.translating { try PrivateFolder(file.deletingLastPathComponent())?.contents(of: file.lastPathComponent) }
        guard let data = found else { return nil }
        guard data.length > Self.headerSize,
            let stored = try? JSONDecoder().decode(Stored.self, from: data.subdata(with: NSRange(location: 0, length: Self.headerSize)))
        else { throw CompiledCacheError.damaged(path: file.path) }
        guard stored.header == header else { throw CompiledCacheError(file, stored.header, header) }
        let model = ExportedModel(data, from: Self.headerSize)
        guard model.bytes.count == stored.bytes, Self.digest(model.bytes) == stored.digest else {
            throw CompiledCacheError.damaged(path: file.path)
        }
        return model
    }

    /// Writes the compiled network behind its description, in one move, for this user alone.
    /// - Throws: `CompiledCacheError.folder`, `FileError`, `OpenVINOError`.
    func write(_ model: CompiledModel) throws {
        let folder = file.deletingLastPathComponent()
        try Self.translating {
            try PrivateFolder.make(folder)
            _ = try PrivateFolder(folder)  // also one that was made just now by somebody else
        }
        try AtomicFile.write(to: file) { target in
            // First what the library writes, then, under the same name, both: a killed program leaves one file and not two.
            try PrivateFolder.makeFile(target)
            try model.export(to: target)
            let blob = try Data(contentsOf: target, options: .alwaysMapped)
            try FileManager.default.removeItem(at: target)
            try PrivateFolder.makeFile(target)
            let stored = Stored(header: header, digest: blob.withUnsafeBytes { Self.digest($0) }, bytes: blob.count)
            let line = try JSONEncoder().encode(stored)
            let output = try OutputFile(target)
            try output.write(line + [UInt8](repeating: UInt8(ascii: " "), count: Self.headerSize - 1 - line.count) + [UInt8(ascii: "\n")])
            try blob.withUnsafeBytes { try output.write($0) }
            try output.flush()
        }
    }

    /// The errors of private folders in the words of this cache.
    private static func translating<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as PrivateFolderError {
            switch error {
            case .folder(let path, let problem): throw CompiledCacheError.folder(path: path, problem: problem)
            case .entry(let path, let problem): throw CompiledCacheError.entry(path: path, problem: problem)
            case .damaged(let path): throw CompiledCacheError.damaged(path: path)
            }
        }
    }

    /// Takes away what was written and cannot be used.
    func remove() { try? FileManager.default.removeItem(at: file) }

    private static func digest(_ blob: UnsafeRawBufferPointer) -> String {
        var digest = ContentDigest()
        digest.add(blob)
        return digest.text
    }
}

/// Why a file of the cache is not used, or the cache as a whole.
enum CompiledCacheError: Error, Equatable, CustomStringConvertible {
    case folder(path: String, problem: String)
    case entry(path: String, problem: String)
    case damaged(path: String)
    case otherMachine(path: String)
    case otherLibrary(path: String, found: String, expected: String)
    case otherNetwork(path: String)

    init(_ file: URL, _ found: CompiledCache.Header, _ expected: CompiledCache.Header) {
        self =
            if found.machine != expected.machine {
                .otherMachine(path: file.path)
            } else if found.library != expected.library {
                .otherLibrary(path: file.path, found: found.library, expected: expected.library)
            } else {
                .otherNetwork(path: file.path)
            }
    }

    /// True if no file of this cache can be used.
    var isAboutFolder: Bool {
        if case .folder = self { true } else { false }
    }

    var description: String {
        switch self {
        case .folder(let path, let problem): "the cache folder \(path) \(problem)"
        case .entry(let path, let problem): "the cached network \(path) \(problem)"
        case .damaged(let path): "the cached network \(path) is damaged"
        case .otherMachine(let path): "the cached network \(path) was compiled for another machine"
        case .otherLibrary(let path, let found, let expected): "the cached network \(path) was compiled by OpenVINO \(found), here is \(expected)"
        case .otherNetwork(let path): "the cached network \(path) is of another network or precision"
        }
    }
}
