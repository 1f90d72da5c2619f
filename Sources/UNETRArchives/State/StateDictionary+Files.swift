public import Foundation

extension StateDictionary {
    /// The arrays of a safetensors file.
    public init(safetensors url: URL) throws {
        let file = try SafetensorsFile(contentsOf: url)
        try self.init(file.names.map { ($0, try file.array($0)) })
    }

    /// Writes the arrays, in order, as a safetensors file.
    public func write(to url: URL, metadata: [String: String] = [:]) throws {
        try Safetensors.write(entries.map { (name: $0.key, array: $0.array) }, metadata: metadata, to: url)
    }
}
