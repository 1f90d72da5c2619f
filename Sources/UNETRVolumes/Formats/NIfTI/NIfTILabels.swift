import Foundation
import UNETRSupport

/// Names and colors of labels in the extension of a NIfTI header: a table in the XML of Caret, which TotalSegmentator writes and viewers
/// read.
enum NIfTILabels {
    /// No table is longer, in bytes with the header before it.
    static let most = 1 << 22

    static func text(_ labels: LabelSet) -> String {
        let rows = labels.foregroundValues.map { value in
            let label = labels.definition(of: value), color = label?.color.flatMap(SegmentColor.init) ?? SegmentColor(label: value)
            func part(_ byte: UInt8) -> String { "\((Double(byte) / 255 * 1e6).rounded() / 1e6)" }
            // The end of the quotation cannot stand in it.
            let name = (label?.name ?? "Label \(value)").replacingOccurrences(of: "]]>", with: "]] >")
            return "<Label Key=\"\(value)\" Red=\"\(part(color.red))\" Green=\"\(part(color.green))\" Blue=\"\(part(color.blue))\" Alpha=\"1\">"
                + "<![CDATA[\(name)]]></Label>\n"
        }
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CaretExtension><VolumeInformation Index=\"0\"><LabelTable>\n" + rows.joined()
            + "</LabelTable><VolumeType><![CDATA[Label]]></VolumeType></VolumeInformation></CaretExtension>\n"
    }

    /// The labels of the first extension that has a table.
    ///
    /// - Parameter bytes: the file from its front to its voxels.
    static func labelSet(in bytes: [UInt8], _ header: NIfTIHeader) -> LabelSet? {
        var position = header.version.rawValue + 4
        guard bytes.count >= position, bytes[position - 4] != 0 else { return nil }
        while position + 8 <= bytes.count {
            let word = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Int32.self) }
            let length = Int(header.byteOrder == .little ? Int32(littleEndian: word) : Int32(bigEndian: word))
            guard length >= 8, length <= bytes.count - position else { return nil }
            let text = String(decoding: bytes[(position + 8)..<(position + length)].prefix { $0 != 0 }, as: UTF8.self)
            if text.contains("<CaretExtension"), let labels = labelSet(text) { return labels }
            position += length
        }
        return nil
    }

    /// Only the elements called Label are looked at, so no part of XML that could grow or name other files is ever followed.
    private static func labelSet(_ text: String) -> LabelSet? {
        var definitions: [LabelDefinition] = []
        for part in text.components(separatedBy: "<Label ").dropFirst() {
            guard let close = part.firstIndex(of: ">"), let end = part.range(of: "</Label>"), close < end.lowerBound,
                let key = attribute("Key", in: part[..<close]).flatMap({ Int($0) })
            else { continue }
            let parts = ["Red", "Green", "Blue"].compactMap { attribute($0, in: part[..<close]).flatMap { Double($0) } }
            var color: SegmentColor?
            if parts.count == 3 {
                let bytes = parts.map { UInt8(clampingRounded: $0 * 255) ?? 0 }
                color = SegmentColor(red: bytes[0], green: bytes[1], blue: bytes[2])
            }
            definitions.append(LabelDefinition(name: plain(part[part.index(after: close)..<end.lowerBound]), value: key, color: color?.text))
        }
        return LabelSet(found: definitions)
    }

    private static func attribute(_ name: String, in tag: Substring) -> String? {
        guard let start = tag.range(of: "\(name)=\""), let end = tag[start.upperBound...].firstIndex(of: "\"") else { return nil }
        return String(tag[start.upperBound..<end])
    }

    private static func plain(_ content: Substring) -> String {
        let text = content.trimmingCharacters(in: .whitespacesAndNewlines)
        if text.hasPrefix("<![CDATA["), text.hasSuffix("]]>") { return String(text.dropFirst(9).dropLast(3)) }
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
        return entities.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }
}

extension LabelSet {
    /// Labels that a file names, by value, with a background; nil for none, and where a value or a name is there twice or empty.
    init?(found definitions: [LabelDefinition]) {
        let named = definitions.filter { !$0.isBackground }
        guard !named.isEmpty, Set(named.map(\.values)).count == named.count, named.allSatisfy({ !$0.name.isEmpty && Int16(exactly: $0.values[0]) != nil })
        else {
            return nil
        }
        self.init(definitions: [LabelDefinition(name: "background", value: 0)] + named.sorted { $0.values[0] < $1.values[0] })
    }
}
