import UNETRSupport

/// A value as JSON text.
enum JSONLine {
    static func encode(_ value: some Encodable, pretty: Bool = false) throws -> String {
        String(decoding: try JSONText.encode(value, pretty ? .file : .line), as: UTF8.self)
    }
}
