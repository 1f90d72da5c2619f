public import Foundation
import UNETRSupport

/// Writing safetensors files. Reading is `SafetensorsFile`.
public enum Safetensors {
    /// Writes named arrays, atomically, each straight from where its bytes lie.
    ///
    /// The header names the arrays in the given order. Their bytes are laid out with the wider types first, so that every array
    /// starts at a multiple of its element size; the header is padded to a multiple of 8 bytes for the same reason.
    /// - Parameter withDigest: whether the metadata get an entry `sha256`, which `verify` compares with.
    /// - Parameter url: the file to write; one that is there is replaced once the new one is complete.
    /// - Parameter arrays: the arrays, by name.
    /// - Parameter metadata: texts that are stored in the header.
    /// - Throws: `SafetensorsError` for two equal names, `FileError` when the disk refuses.
    public static func write(
        _ arrays: [(name: String, array: StoredArray)], metadata: [String: String] = [:], withDigest: Bool = false, to url: URL
    ) throws {
        var known: Set<String> = []
        for (name, _) in arrays {
            if name == "__metadata__" { throw SafetensorsError(path: url.path, problem: .reservedName(name)) }
            if !known.insert(name).inserted { throw SafetensorsError(path: url.path, problem: .duplicateName(name)) }
        }
        let layout = arrays.indices.sorted {
            (-arrays[$0].array.scalarType.byteCount, $0) < (-arrays[$1].array.scalarType.byteCount, $1)
        }
        var offsets = [Range<Int>](repeating: 0..<0, count: arrays.count)
        var end = 0
        for index in layout {
            offsets[index] = end..<end + arrays[index].array.bytes.count
            end = offsets[index].upperBound
        }
        var header = header(arrays, offsets, withDigest ? metadata.merging([digestKey: digestPlace]) { $1 } : metadata)
        if withDigest { enterDigest(of: layout.map { arrays[$0].array.bytes }, into: &header) }
        try AtomicFile.write(to: url) { temporary in
            let file = try OutputFile(temporary)
            try file.write(LittleEndian.bytes(UInt64(header.count)))
            try file.write(header)
            for index in layout { try file.write(arrays[index].array.bytes) }
            try file.flush()
        }
    }

    private static func header(
        _ arrays: [(name: String, array: StoredArray)], _ offsets: [Range<Int>], _ metadata: [String: String]
    ) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let entries = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
            members.append("\"__metadata__\":{\(entries.joined(separator: ","))}")
        }
        for (entry, range) in zip(arrays, offsets) {
            let shape = entry.array.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(quoted(entry.name)):{\"dtype\":\"\(entry.array.scalarType.safetensorsName)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(range.lowerBound),\(range.upperBound)]}")
        }
        var text = [UInt8]("{\(members.joined(separator: ","))}".utf8)
        while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
        return text
    }

    /// JSON text of a string.
    private static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
