public import Foundation

/// Files of `torch.save`, read without PyTorch and without running the pickle in them.
///
/// Two forms are read: the zip form (PyTorch 1.6 and later) and the older one (a row of pickles followed by the storages).
/// Tensors stay in the mapped file until they are asked for.
public enum PyTorchArchive {
    /// The value that was given to `torch.save`.
    ///
    /// - Parameter verifyingChecksums: whether to compare each storage of a zip file with the checksum written with it,
    ///   which reads the whole file once; without it a damaged weight goes unseen.
    /// - Parameter url: the checkpoint.
    /// - Throws: `ArchiveError` for what is wrong with the file, `FileError` when it cannot be opened.
    public static func read(_ url: URL, verifyingChecksums: Bool = true) throws -> PickleValue {
        let file = try MappedFile(url).bytes
        do {
            if file.uint32(0) == ZipDirectory.localSignature { return try readZip(file, verifyingChecksums) }
            if isTar(file) { throw ArchiveError.Problem.tarForm }
            return try LegacyArchive.read(file)
        } catch let problem as ArchiveError.Problem {
            throw ArchiveError(path: url.path, problem: problem)
        } catch let problem as ZipProblem {
            throw ArchiveError(path: url.path, problem: .zip(problem))
        }
    }

    private static func isTar(_ file: StoredBytes) -> Bool {
        file.count >= 512 && file[257..<262].array == Array("ustar".utf8)
    }

    private static func readZip(_ file: StoredBytes, _ verifyingChecksums: Bool) throws -> PickleValue {
        let budget = ReadingBudget(fileBytes: file.count)
        let directory = try ZipDirectory(file, budget: budget)
        // All records lie in one folder, named after the file when it was written.
        let name = directory.records.map(\.name).first { name in
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            return parts.count == 2 && parts[1] == "data.pkl"
        }
        guard let name, let pickle = directory[name] else { throw ArchiveError.Problem.noPickleRecord }
        let folder = String(name.dropLast("data.pkl".count))
        let isBigEndian = try isBigEndian(directory, folder)
        let (item, graph, _) = try PickleMachine.run(try directory.bytes(of: pickle), budget: budget)
        var storages: [String: StoredBytes] = [:]
        for storage in graph.storages where storages[storage.key] == nil {
            guard let record = directory[folder + "data/" + storage.key] else { continue }
            storages[storage.key] = try directory.bytes(of: record, checkingSum: verifyingChecksums)
        }
        return try PickleResolver.resolve(item, graph, storages: storages, isBigEndian: isBigEndian)
    }

    private static func isBigEndian(_ directory: ZipDirectory, _ folder: String) throws -> Bool {
        guard let record = directory[folder + "byteorder"] else { return false }
        let bytes = try directory.bytes(of: record)
        let text = String(decoding: bytes[0..<min(bytes.count, 40)].array, as: UTF8.self)
        guard text == "little" || text == "big" else { throw ArchiveError.Problem.unknownByteOrder(text) }
        return text == "big"
    }
}

/// The form `torch.save` wrote before version 1.6, and still writes on request.
enum LegacyArchive {
    /// 0x1950A86A20F9469CFC6C
    static let magicNumber = "119547037146038801333356"
    static let protocolVersion = 1001

    /// Five pickles (magic number, protocol, system, the value, the storages' keys), then for each key the number of elements as a
    /// little-endian `Int64` and the elements, little-endian too.
    static func read(_ file: StoredBytes) throws -> PickleValue {
        let budget = ReadingBudget(fileBytes: file.count)
        guard let first = try? PickleMachine.run(file, budget: budget), case .bigInt(magicNumber) = first.item else {
            throw ArchiveError.Problem.notPyTorch
        }
        let version = try PickleMachine.run(file, from: first.end, budget: budget)
        guard case .int(protocolVersion) = version.item else {
            throw ArchiveError.Problem.unknownLegacyProtocol(String("\(version.item)".prefix(40)))
        }
        let system = try PickleMachine.run(file, from: version.end, budget: budget)
        let value = try PickleMachine.run(file, from: system.end, budget: budget)
        let keys = try PickleMachine.run(file, from: value.end, budget: budget)
        let storages = try storages(file, keys: keys, graph: value.graph)
        return try PickleResolver.resolve(value.item, value.graph, storages: storages)
    }

    private static func storages(
        _ file: StoredBytes, keys: (item: PickleItem, graph: PickleGraph, end: Int), graph: PickleGraph
    ) throws(ArchiveError.Problem) -> [String: StoredBytes] {
        guard let items = keys.graph.sequence(keys.item) else { throw .badStorageList(byte: keys.end) }
        let types = Dictionary(graph.storages.map { ($0.key, $0.type) }) { first, _ in first }
        var storages: [String: StoredBytes] = [:]
        var position = keys.end
        for item in items {
            guard let key = keys.graph.text(item) ?? keys.graph.int(item).map(String.init) else { throw .badStorageList(byte: keys.end) }
            guard let type = types[key] else { throw .unknownStorageType(key: key, type: "(none is named)") }
            guard let count = file.size64(position) else { throw .shortStorage(key: key, expected: 8, got: file.count - position) }
            position += 8
            let (size, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
            guard !overflow, size <= file.count - position else {
                throw .shortStorage(key: key, expected: overflow ? .max : size, got: file.count - position)
            }
            storages[key] = file[position..<position + size]
            position += size
        }
        return storages
    }
}
