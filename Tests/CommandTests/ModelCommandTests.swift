import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRInference
import UNETRModels
import UNETRSupport

struct ModelCommandTests {
    private struct Report: Decodable {
        struct Row: Decodable, Equatable {
            var file: String
            var problem: String?
        }
        var model: String
        var same: Bool
        var files: [Row]
        var unlisted: [String]
    }

    private func verify(_ model: URL) throws -> (status: Int32, report: Report) {
        let result = try CommandLineTool.run(["model", "verify", model.path, "--json"])
        return (result.status, try JSONText.decode(from: Data(result.output.utf8)))
    }

    @Test func `A model that is as it was made is said to be; a changed, a missing and an unknown file are named`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let sound = try verify(model)
            #expect(sound.status == 0 && sound.report.same && sound.report.unlisted.isEmpty)
            #expect(sound.report.files == ["card.md", "model.safetensors", "plan.json"].map { .init(file: $0, problem: nil) })
            #expect(
                try CommandLineTool.succeed(["model", "verify", model.path])
                    == "\(model.path): card.md, model.safetensors, plan.json are what their digests say\n")

            let card = model.appending(path: "card.md"), digest = SHA256Digest(of: try Data(contentsOf: card)), changed = Data("changed".utf8)
            try changed.write(to: card)
            try FileManager.default.removeItem(at: model.appending(path: "plan.json"))
            try Data("x".utf8).write(to: model.appending(path: "notes.txt"))
            let broken = try verify(model)
            #expect(broken.status == 1 && !broken.report.same && broken.report.unlisted == ["notes.txt"])
            #expect(
                broken.report.files == [
                    .init(file: "card.md", problem: "differs from its digest: its SHA-256 is \(SHA256Digest(of: changed)), expected \(digest)"),
                    .init(file: "model.safetensors", problem: nil), .init(file: "plan.json", problem: "is missing"),
                ])
        }
    }

    @Test func `Sealing lists the digests as sha256sum would; a model without a list is not vouched for`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url, list = model.appending(path: "SHA256SUMS")
            let before = try String(contentsOf: list, encoding: .utf8)
            try FileManager.default.removeItem(at: list)
            try CommandLineTool.fail(["model", "verify", model.path], saying: ["\(model.path) has no SHA256SUMS", "`unetrpp model seal` writes one"])
            #expect(try CommandLineTool.succeed(["model", "seal", model.path]) == before)
            #expect(try String(contentsOf: list, encoding: .utf8) == before)
            #expect(
                before.split(separator: "\n").map { $0.suffix(from: $0.index($0.startIndex, offsetBy: 64)) } == [
                    "  card.md", "  model.safetensors", "  plan.json",
                ])
        }
    }

    @Test func `A damaged model that is used is refused with its digests and what to do`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let plan = model.appending(path: "plan.json")
            try (Data(contentsOf: plan) + Data("\n".utf8)).write(to: plan)
            try CommandLineTool.fail(
                ["convert", model.path, folder.appending(path: "w.safetensors").path],
                saying: ["plan.json differs from its digest in SHA256SUMS", "copy the model anew", "`unetrpp model seal` writes digests anew"])
        }
    }
}
