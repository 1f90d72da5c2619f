import Foundation
import Graphs
import Networks
import OpenVINO
import Support

/// The file of one compiled network: a line of JSON that says what it is, then what the library wrote.
struct CompiledCache {
    /// What must be equal for the file to be used.
    struct Header: Codable, Equatable {
        var format = 1
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
        folder: URL, _ network: NetworkDescription, _ extent: GraphExtent, _ weightsDigest: String, _ library: OpenVINOLibrary.Loaded,
        _ precision: CompiledModel.Precision, eightBits: Quantisation.Ranges? = nil
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var digest = ContentDigest()
        digest.add(String(decoding: try encoder.encode(network), as: UTF8.self))
        digest.add(weightsDigest)
        digest.add("graph \(Self.graphVersion), \(extent)")
        if let eightBits { digest.add(String(decoding: try encoder.encode(eightBits), as: UTF8.self)) }
        header = Header(
            network: digest.text, precision: (eightBits == nil ? "" : "i8+") + precision.rawValue, library: library.build,
            machine: Processor.current.identity)
        var name = ContentDigest()
        name.add(String(decoding: try encoder.encode(header), as: UTF8.self))
        file = folder.appending(path: "\(name.text).openvino")
    }

    /// Counted up when the fast graph of a network changes.
    private static let graphVersion = 2

    /// Bytes of the line and the blanks behind it: whole pages, so that the weights in what follows lie as the library laid them.
    private static let headerSize = 4096

    /// What the library wrote; nil if there is no file.
    /// - Throws: `CompiledCacheError` if the file is another's or damaged.
    func stored() throws -> ExportedModel? {
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let data = try NSData(contentsOf: file, options: .mappedIfSafe)
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

    /// Writes the compiled network beside its description, in one move.
    func write(_ model: CompiledModel) throws {
        try AtomicFile.write(to: file) { target in
            let part = target.appendingPathExtension("blob")
            defer { try? FileManager.default.removeItem(at: part) }
            try model.export(to: part)
            let blob = try Data(contentsOf: part, options: .mappedIfSafe)
            let stored = Stored(header: header, digest: blob.withUnsafeBytes { Self.digest($0) }, bytes: blob.count)
            let line = try JSONEncoder().encode(stored)
            let blanks = Data(repeating: UInt8(ascii: " "), count: Self.headerSize - 1 - line.count) + [UInt8(ascii: "\n")]
            try (line + blanks + blob).write(to: target)
        }
    }

    private static func digest(_ blob: UnsafeRawBufferPointer) -> String {
        var digest = ContentDigest()
        digest.add(blob)
        return digest.text
    }

    /// Where compiled networks are kept: the folder of the variable UNETRPP_CACHE, else the user's folder for caches.
    static var standardFolder: URL {
        let environment = ProcessInfo.processInfo.environment
        if let own = environment["UNETRPP_CACHE"], !own.isEmpty { return URL(fileURLWithPath: own) }
        #if os(macOS)
            let caches = FileManager.default.homeDirectoryForCurrentUser.appending(path: "Library/Caches")
        #else
            let caches = environment["XDG_CACHE_HOME"].map { URL(fileURLWithPath: $0) }
                ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")
        #endif
        return caches.appending(path: "unetrpp")
    }
}

/// Why a file of the cache is not used.
enum CompiledCacheError: Error, Equatable, CustomStringConvertible {
    case damaged(path: String)
    case otherMachine(path: String)
    case otherLibrary(path: String, found: String, expected: String)
    case otherNetwork(path: String)

    init(_ file: URL, _ found: CompiledCache.Header, _ expected: CompiledCache.Header) {
        self = if found.machine != expected.machine {
            .otherMachine(path: file.path)
        } else if found.library != expected.library {
            .otherLibrary(path: file.path, found: found.library, expected: expected.library)
        } else {
            .otherNetwork(path: file.path)
        }
    }

    var description: String {
        switch self {
        case .damaged(let path): "the cached network \(path) is damaged"
        case .otherMachine(let path): "the cached network \(path) was compiled for another machine"
        case .otherLibrary(let path, let found, let expected): "the cached network \(path) was compiled by OpenVINO \(found), here is \(expected)"
        case .otherNetwork(let path): "the cached network \(path) is of another network or precision"
        }
    }
}
