public import Foundation
import UNETRSupport

extension PyTorchArchive {
    /// Writes named arrays as a file that `torch.load(weights_only=True)` accepts: an `OrderedDict` of tensors, or a dictionary that
    /// holds one.
    ///
    /// The arrays go straight from where they lie to the disk, atomically. Arrays on the same bytes share a storage, as tied weights do.
    /// - Parameters:
    ///   - arrays: the tensors in the order of the dictionary.
    ///   - key: the key of the dictionary of tensors in a surrounding dictionary; nil for none, or for `state_dict` when there is more.
    ///   - extra: further entries of the surrounding dictionary, written in the order of their keys: numbers, text, bytes, None, and
    ///     tuples, lists and dictionaries of these; NumPy scalars become plain numbers.
    ///   - url: the file to write; one that is there is replaced once the new one is complete.
    /// - Throws: `ArchiveError` for values that PyTorch would refuse, `FileError` when the disk refuses.
    public static func write(
        _ arrays: [(name: String, array: StoredArray)], under key: String? = nil, extra: [String: PickleValue] = [:], to url: URL
    ) throws {
        try write(arrays, under: key, extra: extra, to: url, zip64From: Int(UInt32.max))
    }

    static func write(
        _ arrays: [(name: String, array: StoredArray)], under key: String?, extra: [String: PickleValue], to url: URL, zip64From: Int
    ) throws {
        do {
            let (pickle, storages) = try pickle(arrays, key, extra)
            try AtomicFile.write(to: url) { temporary in
                let zip = ZipWriter(try OutputFile(temporary), limit: zip64From)
                try zip.write("archive/data.pkl", StoredBytes(pickle))
                try zip.write("archive/.format_version", "1")
                try zip.write("archive/.storage_alignment", String(ZipWriter.alignment))
                try zip.write("archive/byteorder", "little")
                for (index, bytes) in storages.enumerated() { try zip.write("archive/data/\(index)", bytes) }
                try zip.write("archive/version", "3\n")
                try zip.finish()
            }
        } catch let problem as ArchiveError.Problem {
            throw ArchiveError(path: url.path, problem: problem)
        }
    }

    private static func pickle(
        _ arrays: [(name: String, array: StoredArray)], _ key: String?, _ extra: [String: PickleValue]
    ) throws(ArchiveError.Problem) -> (pickle: [UInt8], storages: [StoredBytes]) {
        var names: Set<String> = []
        for (name, _) in arrays where !names.insert(name).inserted { throw .cannotWrite("two arrays are named “\(name)”") }
        var writer = PickleWriter()
        if key == nil, extra.isEmpty {
            try writer.write(arrays)
            return (writer.finish(), writer.storages)
        }
        let key = key ?? "state_dict"
        if extra[key] != nil { throw .cannotWrite("“\(key)” is the key of the tensors and of an extra entry") }
        try writer.write(dictionary: key, arrays, extra: extra.sorted { $0.key < $1.key })
        return (writer.finish(), writer.storages)
    }
}
