import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchives
import UNETREngines
import UNETRInference
import UNETRLayers
import UNETRModels
import UNETRNetworks
import UNETRPlanning
import UNETRSupport
import UNETRTorchEngine

/// The digests of a bundle's files: written with it, compared when it is read, kept true when a part of it is replaced.
struct BundleDigestTests {
    private static func list(_ bundle: URL) throws -> String {
        try String(contentsOf: bundle.appending(path: "SHA256SUMS"), encoding: .utf8)
    }

    /// Changes one bit in the middle of a file.
    private static func flip(_ file: URL) throws {
        var data = try Data(contentsOf: file)
        data[data.count / 2] ^= 1
        try data.write(to: file)
    }

    @Test func `A bundle lists its files in the form of sha256sum`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = try TinyModel.bundle(in: folder).url
            let expected = try ["card.md", "model.safetensors", "plan.json"].map { name in
                "\(SHA256Digest(of: try Data(contentsOf: url.appending(path: name))))  \(name)\n"
            }
            #expect(try Self.list(url) == expected.joined())
            #expect(expected[0].hasPrefix("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  "), "the card is 'test'")
            let found = try #require(try ModelBundle.verify(url))
            #expect(found.same == ["card.md", "model.safetensors", "plan.json"] && found.problems.isEmpty && found.unlisted.isEmpty)
        }
    }

    @Test(
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/sha256sum"), "there is no sha256sum"))
    func `The tool sha256sum reads the list`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
            process.arguments = ["--check", "--strict", "--status", "SHA256SUMS"]
            process.currentDirectoryURL = try TinyModel.bundle(in: folder).url
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
    }

    @Test func `A flipped bit in weights or plan is an error wherever the model is used, and names the file`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = try TinyModel.bundle(in: folder).url
            func damaged(_ name: String, _ use: () throws -> Void) throws {
                let file = url.appending(path: name), whole = try Data(contentsOf: file)
                defer { try? whole.write(to: file) }
                try Self.flip(file)
                let error = try #require(throws: BundleDigestError.self) { try use() }
                guard case .differs(path: file.path, _, SHA256Digest(of: whole)) = error else { return #expect(Bool(false), "\(error)") }
                let found = try #require(try ModelBundle.verify(url))
                #expect(found.problems.keys.sorted() == [name] && found.same.count == 2 && !found.isSame)
            }
            try damaged("plan.json") { _ = try ModelBundle(contentsOf: url) }
            try damaged("model.safetensors") { _ = try ModelBundle(contentsOf: url).state() }
            try damaged("model.safetensors") { _ = try ModelBundle(contentsOf: url).makeNetwork() }
            try damaged("model.safetensors") { _ = try WeightsFile.read(url) }
            try damaged("model.safetensors") { _ = try Segmenter(model: ModelBundle(contentsOf: url)) }
            if hasOpenVINO {
                let cache = folder.appending(path: "cache")
                for compiled in [false, true] {
                    try damaged("model.safetensors") {
                        _ = try CompiledEngineTests.engine(for: ModelBundle(contentsOf: url), CompiledEngineTests.settings(cache: cache))
                    }
                    // Nothing that was made of damaged weights is kept; and what is kept does not hide the damage.
                    #expect(FileManager.default.fileExists(atPath: cache.path) == compiled)
                    let engine = try CompiledEngineTests.engine(for: ModelBundle(contentsOf: url), CompiledEngineTests.settings(cache: cache)) {
                        Issue.record("\($0)")
                    }
                    #expect((engine as? CompiledEngine)?.cameFromCache == compiled)
                }
            }
            _ = try ModelBundle(contentsOf: url).makeNetwork()
        }
    }

    @Test func `A bundle without a list is read as before`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try TinyModel.bundle(in: folder)
            try FileManager.default.removeItem(at: bundle.url.appending(path: "SHA256SUMS"))
            let older = try ModelBundle(contentsOf: bundle.url)
            #expect(older.plan == bundle.plan)
            #expect(try older.makeNetwork().store.parameterCount == bundle.makeNetwork().store.parameterCount)
            #expect(try ModelBundle.verify(bundle.url) == nil)
            if hasOpenVINO { #expect(try CompiledEngineTests.engine(for: older) { Issue.record("\($0)") } is CompiledEngine) }
        }
    }

    @Test func `What is stored in a bundle renews its digests, and does not hide that weights were damaged before`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try TinyModel.bundle(in: folder), url = bundle.url
            let weights = try Data(contentsOf: url.appending(path: "model.safetensors"))
            try bundle.store(PostProcessing(keepLargest: [[1]]))
            let stored = try ModelBundle(contentsOf: url)
            #expect(stored.plan.postProcessing == PostProcessing(keepLargest: [[1]]))
            #expect(try ModelBundle.verify(url)?.isSame == true)
            try stored.store(card: "a new card")
            #expect(try String(contentsOf: url.appending(path: "card.md"), encoding: .utf8) == "a new card")
            #expect(try ModelBundle.verify(url)?.same == ["card.md", "model.safetensors", "plan.json"])
            #expect(try Data(contentsOf: url.appending(path: "model.safetensors")) == weights)

            try Self.flip(url.appending(path: "model.safetensors"))
            try ModelBundle(contentsOf: url).store(nil)
            #expect(try ModelBundle.verify(url)?.problems.keys.map { $0 } == ["model.safetensors"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["m.unetrpp"], "nothing else is left")
        }
    }

    @Test func `A plan edited by hand is refused until the digests are written anew`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = try TinyModel.bundle(in: folder).url
            var plan = try ModelBundle(contentsOf: url).plan
            plan.dataset = "Marbles"
            try plan.write(to: url.appending(path: "plan.json"))
            let error = try #require(throws: BundleDigestError.self) { try ModelBundle(contentsOf: url) }
            #expect("\(error)".contains("plan.json differs from its digest in SHA256SUMS") && "\(error)".contains("write its digests anew"))
            #expect(try ModelBundle.seal(url).files.keys.sorted() == ["card.md", "model.safetensors", "plan.json"])
            #expect(try ModelBundle(contentsOf: url).plan.dataset == "Marbles")
        }
    }

    @Test func `A list that is damaged, incomplete or leads out of the folder is refused with what is wrong`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = try TinyModel.bundle(in: folder).url, list = url.appending(path: "SHA256SUMS"), good = try Self.list(url)
            let digest = String(repeating: "0", count: 64)
            func problem(_ text: String) throws -> String {
                try Data(text.utf8).write(to: list)
                return "\(try #require(throws: BundleDigestError.self) { try ModelBundle(contentsOf: url) })"
            }
            let lines = good.split(separator: "\n").map(String.init)
            #expect(try problem("").contains("plan.json is not listed"))
            #expect(try problem(lines[0] + "\n" + lines[2]).contains("model.safetensors is not listed"))
            #expect(try problem(good + lines[1]).contains("model.safetensors is listed twice"))
            #expect(try problem(good + "\(digest)  ../plan.json").contains("line 4 is not a SHA-256 digest and the name of a file"))
            #expect(try problem(good + "\(digest)  ").contains("line 4"))
            #expect(try problem(good + "\(digest)\tcard.md").contains("line 4"))
            #expect(try problem("g" + good.dropFirst()).contains("line 1"))
            #expect(try problem(String(repeating: "é", count: 200)).contains("line 1"))
            try Data(
                good.replacingOccurrences(of: "  ", with: " *").uppercased().replacingOccurrences(of: "CARD.MD", with: "card.md")
                    .replacingOccurrences(of: "MODEL.SAFETENSORS", with: "model.safetensors").replacingOccurrences(of: "PLAN.JSON", with: "plan.json").utf8
            )
            .write(to: list)
            #expect(throws: Never.self) { try ModelBundle(contentsOf: url) }
        }
    }

    @Test func `Missing and unlisted files are told`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = try TinyModel.bundle(in: folder).url
            try Data("x".utf8).write(to: url.appending(path: "notes.txt"))
            try FileManager.default.removeItem(at: url.appending(path: "card.md"))
            let found = try #require(try ModelBundle.verify(url))
            #expect(found.problems == ["card.md": .missing] && found.unlisted == ["notes.txt"])
            #expect(throws: Never.self) { try ModelBundle(contentsOf: url).makeNetwork() }
        }
    }

    @Test func `The shipped model lists its digests, and they are those of its files`() throws {
        let url = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: "Models/hippocampus.unetrpp")
        let found = try #require(try ModelBundle.verify(url))
        #expect(found.isSame && found.unlisted.isEmpty && found.same == ["card.md", "model.safetensors", "plan.json", "profile.json"])
    }
}
