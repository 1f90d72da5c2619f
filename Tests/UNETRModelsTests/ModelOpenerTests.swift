import Foundation
import Synchronization
import TestSupport
import Testing
import UNETRModels
import UNETRPlanning
import UNETRSupport

@testable import UNETRArchives

/// Models by any of their names, converted once.
@Suite struct ModelOpenerTests {
    /// An opener that counts its conversions and takes weights as they are.
    private final class Opener: Sendable {
        private let count = Mutex(0)
        let cache: URL

        init(_ cache: URL) { self.cache = cache }

        var conversions: Int { count.withLock { $0 } }

        func open(_ url: URL, _ choice: ModelChoice = ModelChoice()) throws -> ModelOpener.Opened {
            try ModelOpener(cache: cache) { [self] state, _ in
                count.withLock { $0 += 1 }
                return state
            }.open(url, choice)
        }
    }

    private func with(_ body: (MadeResults, Opener) throws -> Void) throws {
        try MadeResults.with { try body($0, Opener($0.root.deletingLastPathComponent().appending(path: "cache"))) }
    }

    /// The zip file that nnU-Net exports, with what else is asked for.
    private func zip(_ results: MadeResults, adding extra: [(String, [UInt8])] = []) throws -> URL {
        let url = results.root.deletingLastPathComponent().appending(path: "Dataset001.zip"), root = results.root.path + "/"
        let writer = ZipWriter(try OutputFile(url), limit: Int(UInt32.max))
        let walk = try #require(FileManager.default.enumerator(at: results.root, includingPropertiesForKeys: [.isRegularFileKey]))
        for case let file as URL in walk where try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true {
            let path = file.resolvingSymlinksInPath().path
            let name = String(path[path.range(of: "/results/")!.upperBound...])
            try writer.write(name, StoredBytes([UInt8](Data(contentsOf: file))))
        }
        for (name, bytes) in extra { try writer.write(name, StoredBytes(bytes)) }
        try writer.finish()
        _ = root
        return url
    }

    @Test func `A model is converted once, and anew when its weights change`() throws {
        try with { results, opener in
            let training = try results.add(folds: ["0", "1"])
            let first = try opener.open(training)
            #expect(first.bundles.count == 2 && opener.conversions == 2)
            #expect(try first.bundles.map { try $0.state()["encoder.weight"]?.floats() } == [[0, 1], [1, 1]])
            #expect(first.imported?.members == ["fold_0", "fold_1"] && first.bundles[0].plan.inference.aggregation == .logits)
            #expect(try opener.open(training).bundles.map(\.url) == first.bundles.map(\.url) && opener.conversions == 2)
            // Another fold's weights in its place.
            try FileManager.default.removeItem(at: training.appending(path: "fold_0/checkpoint_final.pth"))
            try FileManager.default.copyItem(
                at: training.appending(path: "fold_1/checkpoint_final.pth"), to: training.appending(path: "fold_0/checkpoint_final.pth"))
            #expect(try opener.open(training.appending(path: "fold_0")).bundles[0].state()["encoder.weight"]?.floats() == [1, 1])
            // A bundle is itself.
            let bundle = try opener.open(first.bundles[0].url)
            #expect(bundle.imported == nil && bundle.bundles[0].url == first.bundles[0].url)
            #expect(throws: ModelImportError.nothingToChoose(path: first.bundles[0].url.path)) {
                try opener.open(first.bundles[0].url, ModelChoice(folds: ["1"]))
            }
        }
    }

    @Test func `A zip file is unpacked once, and nothing of it is left`() throws {
        try with { results, opener in
            try results.add(folds: ["0", "1"])
            try results.add(dataset: "Dataset001_Made", configuration: "3d_lowres", folds: ["0"])
            let archive = try zip(results), choice = ModelChoice(folds: ["1"], configuration: "3d_fullres")
            let opened = try opener.open(archive, choice)
            #expect(opened.imported?.title == "nnU-Net v2: Dataset001_Made, nnUNetTrainer, 3d_fullres" && opened.imported?.members == ["fold_1"])
            #expect(try opened.bundles[0].state()["encoder.weight"]?.floats() == [1, 1])
            #expect(try opener.open(archive, choice).bundles[0].url == opened.bundles[0].url && opener.conversions == 1)
            let left = try FileManager.default.contentsOfDirectory(atPath: opener.cache.path).filter { !$0.hasSuffix(".unetrpp") && !$0.hasSuffix(".json") }
            #expect(left == [])
            let error = try #require(throws: ModelImportError.self) { try opener.open(archive) }
            #expect(error.description.contains("holds several models"))
            // The sentence names the archive, not the folder it was unpacked in.
            #expect(error.description.hasPrefix("\(archive.path)/Dataset001_Made holds"), "\(error)")
        }
    }

    @Test func `An ensemble in a zip file stays one when it is known already`() throws {
        try with { results, opener in
            try results.add(folds: ["0", "1"])
            try results.add(configuration: "3d_lowres", folds: ["0"])
            let models = ["3d_lowres", "3d_fullres"].map { #"{"configuration": "\#($0)", "trainer": "nnUNetTrainer", "plans_identifier": "nnUNetPlans"}"# }
            try results.put(
                #"{"best_model_or_ensemble": {"selected_model_or_models": [\#(models.joined(separator: ", "))]}}"#,
                at: "Dataset001_Made/inference_information.json")
            let archive = try zip(results), first = try opener.open(archive), second = try opener.open(archive)
            #expect(first.groups.map(\.count) == [1, 2] && opener.conversions == 3)
            #expect(second.groups.map { $0.map(\.url) } == first.groups.map { $0.map(\.url) } && opener.conversions == 3)
            #expect(first.groups.map { $0[0].plan.targetSpacing } == [[2, 2, 2], [1, 1, 1]])
            #expect(first.imported?.members.last == "nnUNetTrainer__nnUNetPlans__3d_fullres/fold_1" && second.imported == first.imported)
        }
    }

    @Test(arguments: [
        ("../escaped/checkpoint_final.pth", "its name leads out of the folder of the archive"),
        ("/tmp/checkpoint_final.pth", "its name leads out of the folder of the archive"),
        ("a\\..\\b/checkpoint_final.pth", "its name leads out of the folder of the archive"),
    ])
    func `Names that leave the archive's folder are refused`(name: String, expected: String) throws {
        try with { results, opener in
            try results.add()
            let error = try #require(throws: ArchiveError.self) { try opener.open(zip(results, adding: [(name, [1])])) }
            #expect(error.description.contains("the record “\(name)” cannot be read: \(expected)"))
        }
    }

    @Test func `Links in an archive are refused`() throws {
        try with { results, opener in
            try results.add()
            let url = try zip(results)
            var bytes = [UInt8](try Data(contentsOf: url))
            // The last entry of the directory becomes a symbolic link of Unix.
            let entry = try #require(bytes.indices.dropLast(3).last { Array(bytes[$0..<($0 + 4)]) == [0x50, 0x4B, 0x01, 0x02] })
            bytes.replaceSubrange((entry + 38)..<(entry + 42), with: [0, 0, 0xFF, 0xA1])
            try Data(bytes).write(to: url)
            #expect(try #require(throws: ArchiveError.self) { try opener.open(url) }.description.contains("it is a symbolic link, which is not followed"))
        }
    }

    @Test func `An archive that was cut short, or that would unpack to far more than it is, is refused`() throws {
        try with { results, opener in
            try results.add()
            let url = try zip(results), whole = try Data(contentsOf: url)
            var bytes = [UInt8](whole)
            // The checkpoint says that it is deflated, from two gigabytes.
            let entry = try #require(
                bytes.indices.dropLast(46).first { index in
                    Array(bytes[index..<(index + 4)]) == [0x50, 0x4B, 0x01, 0x02]
                        && String(decoding: bytes[(index + 46)..<min(index + 200, bytes.count)], as: UTF8.self).contains("checkpoint_final")
                })
            bytes.replaceSubrange((entry + 10)..<(entry + 12), with: [8, 0])
            bytes.replaceSubrange((entry + 24)..<(entry + 28), with: [0xFF, 0xFF, 0xFF, 0x7F])
            try Data(bytes).write(to: url)
            #expect(try #require(throws: ArchiveError.self) { try opener.open(url) }.description.contains("the file would unpack to far more than its size"))
            try whole.prefix(whole.count / 2).write(to: url)
            let error = try #require(throws: ArchiveError.self) { try opener.open(url) }
            #expect(error.description.hasPrefix("\(url.path): ") && error.description.contains("cut short"), "\(error)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: opener.cache.path) == [])
        }
    }

    @Test func `Weights that do not fit are the checkpoint's fault`() throws {
        try with { results, opener in
            let training = try results.add()
            let failing = ModelOpener(cache: opener.cache) { state, _ in throw StateError.missing(["encoder.bias"]) }
            let error = try #require(throws: ModelImportError.self) { try failing.open(training) }
            #expect(error.description.contains("fold_0/checkpoint_final.pth does not fit the plan beside it") && error.description.contains("encoder.bias"))
        }
    }

    @Test func `A cache that others can write in is not used`() throws {
        try with { results, opener in
            let training = try results.add()
            _ = try opener.open(training)
            #expect(chmod(opener.cache.path, 0o777) == 0)
            #expect(try #require(throws: PrivateFolderError.self) { try opener.open(training) }.description.contains("can be written by other users (mode 777"))
        }
    }

    @Test func `What is no model says what is known`() throws {
        try with { _, opener in
            let folder = opener.cache.deletingLastPathComponent()
            let error = try #require(throws: ModelImportError.self) { try opener.open(folder) }
            #expect(error.description.contains("is no model that is known here; known are model bundles"))
            #expect(throws: ModelError.self) { try opener.open(folder.appending(path: "nothing")) }
        }
    }
}
