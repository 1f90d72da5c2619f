import Foundation
import TestSupport
import Testing
import UNETRPlusPlus

// The block of the article "Adding a network".
struct Block {
    let norm: LayerNorm
    let first, second: Linear

    init(_ scope: Scope, channels: Int) throws {
        norm = try LayerNorm(scope / "norm", channels: channels)
        first = try Linear(scope / "linear1", from: channels, to: 4 * channels)
        second = try Linear(scope / "linear2", from: 4 * channels, to: channels)
    }

    func callAsFunction(_ tokens: Tensor) throws -> Tensor {  // [N, T, C]
        try tokens + second(first(norm(tokens)).gelu())
    }
}

/// Every Swift example in the README and in the articles stands in a file of this folder, so that it compiles.
struct DocumentedExampleTests {
    private static let root = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()

    private static func files(in folder: URL, ending: String) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == ending }.sorted { $0.path < $1.path }
    }

    /// The lines between ```swift and ```, without imports and without what belongs into a Package.swift.
    private static func examples(in page: URL) throws -> [String] {
        let parts = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```swift\n").dropFirst()
        return parts.map { part in
            part.components(separatedBy: "\n```")[0].split(separator: "\n", omittingEmptySubsequences: false)
                .filter { !$0.hasPrefix("import ") && !$0.hasPrefix(".package(") }
                .map { $0.trimmingCharacters(in: .whitespaces) }
                .joined(separator: "\n").trimmingCharacters(in: .newlines)
        }
    }

    @Test func `Every example of the documentation is compiled`() throws {
        let code = try Self.files(in: URL(fileURLWithPath: #filePath).deletingLastPathComponent(), ending: "swift")
            .map { try String(contentsOf: $0, encoding: .utf8) }.joined(separator: "\n")
            .split(separator: "\n", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: "\n")
        let articles = try Self.files(in: Self.root.appending(path: "Sources/UNETRPlusPlus/UNETRPlusPlus.docc"), ending: "md")
        var count = 0
        for page in [Self.root.appending(path: "README.md")] + articles {
            for example in try Self.examples(in: page) where !example.isEmpty {
                #expect(code.contains(example), "\(page.lastPathComponent): an example that no test compiles:\n\(example)")
                count += 1
            }
        }
        #expect(count >= 5)
    }

    @Test func `The block of the article adds a residual`() throws {
        let store = ParameterStore(values: .unset)
        let block = try Block(store.root, channels: 4)
        try withoutGradients {
            for entry in store.entries { try entry.tensor.fillInPlace(entry.key == "linear2.bias" ? 0.5 : 0) }
        }
        let tokens = try Tensor([1, 2, 3, 4, 5, 6, 7, 8] as [Float], shape: [1, 2, 4])
        #expect(try block(tokens).array(of: Float.self) == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5])
        #expect(store.entries.map(\.key) == ["norm.weight", "norm.bias", "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"])
    }
}
