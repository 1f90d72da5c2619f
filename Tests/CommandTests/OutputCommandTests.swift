import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchives
import UNETRModels
import UNETRPlanning

/// What commands that write models and tensors do about outputs and inputs that are not what they should be, before any work.
struct OutputCommandTests {
    /// The refusal of a command, in one sentence of our own.
    private static func refusal(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let result = try CommandLineTool.run(arguments)
        #expect(result.status != 0 && result.status < 100, "\(arguments): \(result.status)", sourceLocation: sourceLocation)
        #expect(!result.errors.contains("NSCocoaErrorDomain") && !result.errors.contains("Error Domain"), sourceLocation: sourceLocation)
        return result.errors
    }

    /// The command lines that write `output`, given material in `folder`.
    private static func writers(_ folder: URL) throws -> (model: URL, file: [(name: String, arguments: (String) -> [String])]) {
        let model = try TinyModel.bundle(in: folder).url, tensor = folder.appending(path: "x.safetensors")
        try Safetensors.write([(name: "input", array: StoredArray([Float](repeating: 1, count: 4096), shape: [1, 1, 16, 16, 16]))], to: tensor)
        return (
            model,
            [
                ("w.safetensors", { ["convert", model.path, $0] }), ("w.pth", { ["convert", model.path, $0] }),
                ("m.onnx", { ["export", model.path, "-o", $0] }),
                ("y.safetensors", { ["forward", "--model", model.path, "-i", tensor.path, "--device", "cpu", "-o", $0] }),
            ]
        )
    }

    @Test func `A file that is there is replaced only with --force, by every command that writes one`() throws {
        try Fixtures.withTemporaryFolder { folder in
            for (name, arguments) in try Self.writers(folder).file {
                let output = folder.appending(path: name)
                try Data("mine".utf8).write(to: output)
                #expect(try Self.refusal(arguments(output.path)).contains("\(output.path) is already there; --force replaces it"))
                #expect(try Data(contentsOf: output) == Data("mine".utf8))
                try CommandLineTool.succeed(arguments(output.path) + ["--force"])
                #expect(try Data(contentsOf: output).count > 1000)
            }
        }
    }

    @Test func `An output that is a folder, a pipe, under a file or in a folder that cannot be made is told before the work`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (_, writers) = try Self.writers(folder)
            for (name, arguments) in writers {
                let place = folder.appending(path: "place-\(name)")
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                #expect(try Self.refusal(arguments(place.path) + ["--force"]).contains("is a folder; name a file to write"))
                let pipe = folder.appending(path: "pipe-\(name)")
                try #require(mkfifo(pipe.path, 0o600) == 0)
                #expect(try Self.refusal(arguments(pipe.path) + ["--force"]).contains("is a device, a pipe or a socket"))
                let under = folder.appending(path: "x.safetensors/\(name)")
                #expect(try Self.refusal(arguments(under.path)).contains("is not a folder"))
            }
        }
    }

    @Test func `Inputs that are pipes or devices are refused and not waited for`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let pipe = folder.appending(path: "p.pth"), tensor = folder.appending(path: "p.safetensors"), out = folder.appending(path: "o.safetensors")
            for file in [pipe, tensor] { try #require(mkfifo(file.path, 0o600) == 0) }
            #expect(try Self.refusal(["convert", pipe.path, out.path]).contains("is a named pipe, not a regular file"))
            #expect(try Self.refusal(["convert", tensor.path, folder.appending(path: "o.pth").path]).contains("is a named pipe"))
            #expect(try Self.refusal(["convert", model.path, folder.appending(path: "n.unetrpp").path, "--card", pipe.path]).contains("is a named pipe"))
            #expect(try Self.refusal(["forward", "--model", model.path, "-i", tensor.path, "-o", out.path]).contains("is a named pipe"))
            let weights = model.appending(path: "model.safetensors")
            try FileManager.default.removeItem(at: weights)
            try #require(mkfifo(weights.path, 0o600) == 0)
            #expect(try Self.refusal(["convert", model.path, out.path]).contains("is a named pipe"))
            #expect(try Self.refusal(["model", "verify", model.path]).contains("is a named pipe"))
        }
    }

    @Test func `A bundle replaces a bundle with --force, and never a folder that holds other things`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url
            let other = try TinyModel.bundle(in: folder, named: "other", seed: 6).url
            let before = try Data(contentsOf: other.appending(path: "model.safetensors"))
            #expect(try Self.refusal(["convert", model.path, other.path]).contains("is already there; --force replaces it"))
            #expect(try Data(contentsOf: other.appending(path: "model.safetensors")) == before)
            try CommandLineTool.succeed(["convert", model.path, other.path, "--force"])
            #expect(try Data(contentsOf: other.appending(path: "model.safetensors")) == Data(contentsOf: model.appending(path: "model.safetensors")))
            #expect(try ModelBundle.verify(other)?.isSame == true)

            let theses = folder.appending(path: "theses.unetrpp")
            try FileManager.default.createDirectory(at: theses, withIntermediateDirectories: true)
            try Data("ten years of work".utf8).write(to: theses.appending(path: "thesis.txt"))
            #expect(try Self.refusal(["convert", model.path, theses.path, "--force"]).contains("holds other things than a model"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: theses.path) == ["thesis.txt"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["m.unetrpp", "other.unetrpp", "theses.unetrpp"])
        }
    }

    @Test func `model verify names the file that differs and exits with 1; model seal lists what is there`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url, weights = model.appending(path: "model.safetensors")
            #expect(
                try CommandLineTool.succeed(["model", "verify", model.path])
                    == "\(model.path): card.md, model.safetensors, plan.json are what their digests say\n")
            let whole = try Data(contentsOf: weights)
            var data = whole
            data[data.count - 1] ^= 0x40
            try data.write(to: weights)
            let result = try CommandLineTool.run(["model", "verify", model.path])
            #expect(result.status == 1 && result.output.isEmpty)
            #expect(result.errors.contains("\(weights.path) differs from its digest: its SHA-256 is ") && !result.errors.contains("plan.json"))
            let json = try CommandLineTool.run(["model", "verify", model.path, "--json"])
            let report = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            #expect(json.status == 1 && report["same"] as? Bool == false && (report["files"] as? [[String: Any]])?.count == 3)
            #expect(try Self.refusal(["convert", model.path, folder.appending(path: "w.pth").path]).contains("model.safetensors differs from its digest"))

            try whole.write(to: weights)
            try FileManager.default.removeItem(at: model.appending(path: "SHA256SUMS"))
            #expect(try Self.refusal(["model", "verify", model.path]).contains("has no SHA256SUMS"))
            let sealed = try CommandLineTool.succeed(["model", "seal", model.path])
            #expect(sealed == (try String(contentsOf: model.appending(path: "SHA256SUMS"), encoding: .utf8)))
            try CommandLineTool.succeed(["model", "verify", model.path])
            #expect(try Self.refusal(["model", "verify", folder.path]).contains("has no SHA256SUMS"))
            #expect(try Self.refusal(["model", "verify", folder.path + "/none"]).contains("there is no such folder"))
            #expect(try Self.refusal(["model", "seal", folder.path]).contains("plan.json is missing"))
        }
    }
}
