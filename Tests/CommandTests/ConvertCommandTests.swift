import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchives
import UNETRInference
import UNETRModels
import UNETRSupport

struct ConvertCommandTests {
    private struct Result: Decodable {
        var output: String
        var tensors: Int
        var values: Int
        var bytes: Int
        var checked: Bool
    }

    private func convert(_ words: [String]) throws -> Result {
        try JSONText.decode(from: Data(CommandLineTool.succeed(["convert"] + words + ["--json"]).utf8))
    }

    @Test func `Weights go from a bundle to a file and back, all of them; half the bytes in half precision`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder)
            func path(_ name: String) -> String { folder.appending(path: name).path }
            let whole = try convert([model.url.path, path("w.safetensors")]), half = try convert([model.url.path, path("h.safetensors"), "--dtype", "float16"])
            let stored = try SafetensorsFile(contentsOf: folder.appending(path: "w.safetensors"))
            #expect(whole.tensors == stored.names.count && whole.checked && whole.output == path("w.safetensors"))
            let arrays = stored.names.map { stored[$0]! }
            #expect(whole.values == arrays.reduce(0) { $0 + $1.count } && whole.bytes == arrays.reduce(0) { $0 + $1.bytes.count })
            // Counters stay whole numbers.
            let floats = arrays.filter { $0.scalarType == .float32 }.reduce(0) { $0 + $1.count }
            #expect(half.values == whole.values && half.bytes == whole.bytes - 2 * floats && floats > 1000)

            try CommandLineTool.succeed(["convert", path("w.safetensors"), path("back.unetrpp"), "--plan", model.url.path + "/plan.json"])
            let names = ["model.safetensors", "plan.json"]
            #expect(
                try names.map { try Data(contentsOf: model.url.appending(path: $0)) }
                    == names.map { try Data(contentsOf: folder.appending(path: "back.unetrpp/\($0)")) })
            let card = try String(contentsOf: folder.appending(path: "back.unetrpp/card.md"), encoding: .utf8)
            #expect(card == "# w\n\nConverted from `w.safetensors` by `unetrpp convert`. Data, license, protocol and scores: not stated.\n")
        }
    }

    @Test func `What the forms cannot be is refused with what to do`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url.path
            func path(_ name: String) -> String { folder.appending(path: name).path }
            try CommandLineTool.succeed(["convert", model, path("w.safetensors")])
            for (words, sentence) in [
                ([path("w.safetensors"), path("new.unetrpp")], "a bundle holds a plan beside its weights: give --plan plan.json"),
                ([path("w.safetensors"), path("w.safetensors"), "--force"], "input and output are the same"),
                ([model, path("c.safetensors"), "--card", model + "/card.md"], "--card is for bundles; the output is c.safetensors"),
                ([model, path("w.safetensors")], "w.safetensors is already there; --force replaces it"),
                ([model, path("c.safetensors"), "--dtype", "int8"], "int8"),
                ([path("none.safetensors"), path("c.safetensors")], "none.safetensors"),
            ] {
                try CommandLineTool.fail(["convert"] + words, saying: [sentence])
            }
            #expect(!FileManager.default.fileExists(atPath: path("c.safetensors")) && !FileManager.default.fileExists(atPath: path("new.unetrpp")))
        }
    }
}
