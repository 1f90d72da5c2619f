import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETREngines
import UNETRModels
import UNETROpenVINO
import UNETRSupport
import UNETRTorch

/// Compiled networks are taken only from what nobody but the user can write. Skipped where OpenVINO is absent.
@Suite(.enabled(if: hasOpenVINO, "OpenVINO is not installed"))
struct CacheProtectionTests {
    /// A model, and starts of the compiled engine with a cache folder.
    private struct Starts {
        let bundle: ModelBundle
        let cache: URL

        init(in folder: URL) throws {
            bundle = try CompiledEngineTests.bundle(in: folder)
            cache = folder.appending(path: "cache")
        }

        /// Whether the network came from the cache, and what was said.
        func start() throws -> (cached: Bool, notes: [String]) {
            var notes: [String] = []
            let engine = try CompiledEngineTests.engine(for: bundle, CompiledEngineTests.settings(cache: cache)) { notes.append($0) }
            return (try #require(engine as? CompiledEngine).cameFromCache, notes)
        }

        var entry: URL { get throws { try #require(try FileManager.default.contentsOfDirectory(at: cache, includingPropertiesForKeys: nil).first) } }
    }

    private static func mode(_ url: URL) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? Int)
    }

    @Test func `The folder and its entries are made for the user alone`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let starts = try Starts(in: folder)
            #expect(try starts.start().notes.isEmpty)
            #expect(try Self.mode(starts.cache) == 0o700)
            #expect(try Self.mode(starts.entry) == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: starts.cache.path).count == 1, "nothing temporary is left")
            let again = try starts.start()
            #expect(again.cached && again.notes.isEmpty)
        }
    }

    @Test(arguments: [0o770, 0o707, 0o722])
    func `A folder that others can write is not used, and a note says so and what mends it`(_ mode: Int) throws {
        try Fixtures.withTemporaryFolder { folder in
            let starts = try Starts(in: folder)
            _ = try starts.start()
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: starts.cache.path)
            let before = try FileManager.default.contentsOfDirectory(atPath: starts.cache.path)
            let found = try starts.start()
            #expect(!found.cached)
            #expect(
                found.notes == [
                    "the cache folder \(starts.cache.path) can be written by other users (mode \(String(mode, radix: 8)); "
                        + "`chmod go-w '\(starts.cache.path)'` mends that); the network is compiled without the cache"
                ])
            #expect(try FileManager.default.contentsOfDirectory(atPath: starts.cache.path) == before, "nothing is written there either")
        }
    }

    @Test func `An entry that others can write is compiled anew and replaced`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let starts = try Starts(in: folder)
            _ = try starts.start()
            try FileManager.default.setAttributes([.posixPermissions: 0o622], ofItemAtPath: starts.entry.path)
            let found = try starts.start()
            #expect(!found.cached && found.notes.count == 1)
            #expect(found.notes.first?.hasSuffix("can be written by other users (mode 622); the network is compiled anew") == true)
            #expect(try Self.mode(starts.entry) == 0o600)
            #expect(try starts.start().cached)
        }
    }

    @Test func `A symbolic link in the place of an entry is not followed, nor written through`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let starts = try Starts(in: folder)
            _ = try starts.start()
            let entry = try starts.entry, elsewhere = folder.appending(path: "elsewhere")
            try FileManager.default.moveItem(at: entry, to: elsewhere)
            try FileManager.default.createSymbolicLink(at: entry, withDestinationURL: elsewhere)
            let data = try Data(contentsOf: elsewhere)
            let found = try starts.start()
            #expect(!found.cached && found.notes.count == 1 && found.notes.first?.contains("is a symbolic link") == true)
            #expect(try Data(contentsOf: elsewhere) == data)
            #expect(try FileManager.default.attributesOfItem(atPath: entry.path)[.type] as? FileAttributeType == .typeRegular)
            #expect(try starts.start().cached)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files to others"))
    func `What belongs to another user is not used`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let starts = try Starts(in: folder)
            _ = try starts.start()
            try #require(chown(starts.entry.path, 12345, 12345) == 0)
            var found = try starts.start()
            #expect(!found.cached && found.notes.count == 1 && found.notes.first?.contains("belongs to user 12345 and not to user 0") == true)
            #expect(try starts.start().cached)
            try #require(chown(starts.cache.path, 12345, 12345) == 0)
            found = try starts.start()
            #expect(!found.cached && found.notes.count == 1)
            #expect(found.notes.first?.contains("the cache folder \(starts.cache.path) belongs to user 12345") == true)
            #expect(found.notes.first?.hasSuffix("compiled without the cache") == true)
        }
    }

    @Test func `A cache that is a file, or lies under one, costs only the time to compile`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try CompiledEngineTests.bundle(in: folder), file = folder.appending(path: "file")
            try Data("x".utf8).write(to: file)
            for cache in [file, file.appending(path: "cache")] {
                var notes: [String] = []
                let engine = try CompiledEngineTests.engine(for: bundle, CompiledEngineTests.settings(cache: cache)) { notes.append($0) }
                #expect(engine is CompiledEngine && notes.count == 1 && notes.allSatisfy { $0.contains(cache.path) && !$0.contains("NSCocoa") })
            }
            #expect(try Data(contentsOf: file) == Data("x".utf8))
        }
    }

    @Test func `An entry of other weights under this one's name is told by its header`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let starts = try Starts(in: folder)
            _ = try starts.start()
            let entry = try starts.entry
            let other = try TinyModel.bundle(starts.bundle.plan, in: folder, named: "other", seed: 9), otherCache = folder.appending(path: "othercache")
            _ = try CompiledEngineTests.engine(for: other, CompiledEngineTests.settings(cache: otherCache))
            let foreign = try #require(try FileManager.default.contentsOfDirectory(at: otherCache, includingPropertiesForKeys: nil).first)
            #expect(foreign.lastPathComponent != entry.lastPathComponent)
            try FileManager.default.removeItem(at: entry)
            try FileManager.default.copyItem(at: foreign, to: entry)
            let found = try starts.start()
            #expect(!found.cached && found.notes.count == 1 && found.notes.first?.contains("is of another network or precision") == true)
        }
    }
}
