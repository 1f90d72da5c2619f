/// What a header `Content-Type` says: a type and its parameters (RFC 9110, 8.3.1).
package struct MediaType: Equatable {
    /// Such as `multipart/related`, in small letters.
    package var name: String
    /// By their names in small letters.
    package var parameters: [String: String] = [:]

    /// Nil for what is none.
    package init?(_ text: String) {
        var rest = text.utf8[...]
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        func skipSpaces() { rest = rest.drop(while: isSpace) }
        func word() -> String {
            let end = rest.firstIndex { isSpace($0) || $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "=") } ?? rest.endIndex
            defer { rest = rest[end...] }
            return String(decoding: rest[..<end], as: UTF8.self)
        }
        /// A text in quotation marks, in which a backslash stands before marks; nil where it does not end.
        func quoted() -> String? {
            var bytes: [UInt8] = []
            rest.removeFirst()
            while var byte = rest.popFirst() {
                if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
                if byte == UInt8(ascii: "\\") {
                    guard let next = rest.popFirst() else { return nil }
                    byte = next
                }
                bytes.append(byte)
            }
            return nil
        }
        skipSpaces()
        name = word().lowercased()
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        while true {
            skipSpaces()
            guard let byte = rest.popFirst() else { return }
            guard byte == UInt8(ascii: ";") else { return nil }
            skipSpaces()
            if rest.isEmpty { return }
            let key = word().lowercased()
            guard !key.isEmpty, rest.popFirst() == UInt8(ascii: "=") else { return nil }
            guard let value = rest.first == UInt8(ascii: "\"") ? quoted() : word() else { return nil }
            parameters[key] = parameters[key] ?? value
        }
    }

    /// The name, in letters that are safe to show.
    var shown: String {
        let isPlain = name.utf8.count <= 64 && name.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        return isPlain ? name : "an unknown type"
    }
}
