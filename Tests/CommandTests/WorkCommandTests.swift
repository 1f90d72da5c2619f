import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTraining
import UNETRVolumes

/// Commands that compute something small: what they write and print.
struct WorkCommandTests {
    private func json(_ text: String) throws -> JSONValue { try JSONText.decode(from: Data(text.utf8)) }

    // MARK: forward and trace

    @Test func `forward prints shapes, writes every output, and refuses input that is no image`() throws {
        try Fixtures.withTemporaryFolder { folder in
            func path(_ name: String) -> String { folder.appending(path: name).path }
            let model = try TinyModel.bundle(in: folder)
            let values = ParityRule("x").values(4096, scale: 1)
            try Safetensors.write([("input", StoredArray(values, shape: [1, 1, 16, 16, 16]))], to: folder.appending(path: "x.safetensors"))
            let command = ["forward", "--model", model.url.path, "--device", "cpu", "--threads", "1", "-i", path("x.safetensors"), "-o"]
            let words = try CommandLineTool.run(command + [path("y.safetensors")])
            let shapes = model.network.outputSizes.enumerated().map { "logits\($0) \([1, 2] + Array($1))" }
            #expect(words.output == shapes.joined(separator: "\n") + "\n" && words.errors.hasSuffix(" s on cpu, libtorch\n"))
            let row = try json(CommandLineTool.succeed(command + [path("z.safetensors"), "--json"]))
            #expect(row["output"]?.string == path("z.safetensors") && row["device"] == "cpu" && row["precision"] == "float32" && row["engine"] == "libtorch")
            #expect(row["shapes"]?["logits0"] == [1, 2, 16, 16, 16] && row["shapes"]?.object?.count == shapes.count && (row["seconds"]?.double ?? 0) > 0)
            #expect(try Data(contentsOf: folder.appending(path: "y.safetensors")) == Data(contentsOf: folder.appending(path: "z.safetensors")))

            let input = folder.appending(path: "bad.safetensors")
            var bad = command
            bad[bad.count - 2] = input.path
            try Safetensors.write([("input", StoredArray([Int32](repeating: 1, count: 4096), shape: [1, 1, 16, 16, 16]))], to: input)
            try CommandLineTool.fail(bad + [path("n.safetensors")], saying: ["\(input.path): the tensor input has elements of type int32; float32 is expected"])
            let holed = values.enumerated().map { [3, 4000].contains($0.offset) ? Float.nan : $0.element }
            try Safetensors.write([("input", StoredArray(holed, shape: [1, 1, 16, 16, 16]))], to: input)
            try CommandLineTool.fail(bad + [path("n.safetensors")], saying: ["\(input.path): 2 of the 4096 values of input are infinite or not a number"])
            #expect(!FileManager.default.fileExists(atPath: path("n.safetensors")))
        }
    }

    @Test func `trace records weights, batches, losses and gradient norms of the first steps`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder, cases: 2), plan = folder.appending(path: "plan.json"),
                output = folder.appending(path: "t.safetensors")
            try TinyModel.plan().write(to: plan)
            let settings = folder.appending(path: "settings.json")
            try Data(#"{"seed": 5}"#.utf8).write(to: settings)
            let command = [
                "trace", dataset.path, "--plan", plan.path, "--prepared", folder.appending(path: "prepared").path, "--steps", "2", "--threads", "1", "-o",
            ]
            #expect(try CommandLineTool.succeed(command + [output.path, "--settings", settings.path]) == output.path + "\n")
            let file = try SafetensorsFile(contentsOf: output)
            #expect(try file.array("loss").shape == [2] && file.array("gradientNorm").floats().allSatisfy { $0 > 0 })
            #expect(try file.array("loss").floats().allSatisfy { $0.isFinite })
            for step in 0..<2 {
                #expect(try file.array("image.\(step)").shape.suffix(4) == [1, 16, 16, 16] && file.array("target.\(step).0").shape.suffix(3) == [16, 16, 16])
            }
            #expect(!file.names.contains("image.2") && file.names.count { $0.hasPrefix("weights.") } > 20)
            #expect(FileManager.default.fileExists(atPath: folder.appending(path: "prepared/case_1.safetensors").path))
            try CommandLineTool.fail(command + [output.path], saying: ["t.safetensors is already there; --force replaces it"])
        }
    }

    // MARK: demo

    @Test func `demo prints a row for each scan with its Dice and volumes, and where the pictures are`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let data = try TinyData.dataset(in: folder, cases: 2), model = try TinyModel.bundle(in: folder).url, output = folder.appending(path: "out")
            let command = ["demo", "--data", data.path, "--model", model.path, "-o", output.path, "--device", "cpu", "--engine", "torch", "--threads", "2"]
            let rows = try #require(try json(CommandLineTool.succeed(command + ["--json"])).array)
            #expect(rows.map { $0["case"]?.string } == ["case_0", "case_1"])
            for (number, row) in rows.enumerated() {
                let expert = TinyModel.ball(number).labels.voxels.count { $0 == 1 }
                #expect(abs((row["expertMillilitres"]?["ball"]?.double ?? 0) - Double(expert) / 1000) < 1e-9)
                #expect(
                    row["mask"]?.string == output.appending(path: "case_\(number).nii.gz").path
                        && row["picture"]?.string == output.appending(path: "case_\(number).png").path)
            }
            try CommandLineTool.fail(command, saying: ["case_0.nii.gz is already there; --force replaces it"])
            let lines = try CommandLineTool.succeed(command + ["--force"]).components(separatedBy: "\n")
            #expect(lines[0] == "scan    structure   Dice    ml      expert ml  seconds")
            for number in 0...1 {
                func figure(_ name: String, _ format: String) -> String { String(format: format, rows[number][name]?["ball"]?.double ?? -1) }
                let words = lines[1 + number].split(separator: " ").map(String.init)
                #expect(
                    words.dropLast() == ["case_\(number)", "ball", figure("dice", "%.3f"), figure("millilitres", "%.2f"), figure("expertMillilitres", "%.2f")])
            }
            let mean = rows.reduce(0) { $0 + ($1["dice"]?["ball"]?.double ?? 0) } / 2
            #expect(lines[3].hasPrefix(String(format: "mean Dice %.3f, peak memory ", mean)) && lines[3].hasSuffix(" MB"))
            #expect(Array(lines[4...5]) == ["picture: \(output.path)/case_0.png", "picture: \(output.path)/case_1.png"])
        }
    }

    // MARK: convert and export

    @Test func `A bundle becomes a folder of Hugging Face that is a model again; nnU-Net's takes only nnU-Net's networks`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder), output = folder.appending(path: "hub")
            let state = try model.state(), values = state.entries.reduce(0) { $0 + $1.array.count },
                bytes = state.entries.reduce(0) { $0 + $1.array.bytes.count }
            #expect(
                try CommandLineTool.succeed(["convert", model.url.path, output.path, "--format", "hugging-face"])
                    == "\(output.path): \(state.entries.count) tensors, \(values) values, \(String(format: "%.1f MB", Double(bytes) / 1e6))\n")
            #expect(Fixtures.files(below: output).filter { ["README.md", "config.json", "model.safetensors"].contains($0) }.count == 3)
            #expect(try CommandLineTool.succeed(["model", "show", output.path]).contains("\n  network     UNETR++, patch 16 × 16 × 16 voxels\n"))
            try CommandLineTool.fail(
                ["convert", model.url.path, output.path, "--format", "hugging-face"], saying: ["hub is already there; --force replaces it"])
            let refused = try CommandLineTool.run(["convert", model.url.path, folder.appending(path: "Dataset001_X").path, "--format", "nnunet"])
            #expect(
                refused.status == 1 && refused.output.isEmpty && !FileManager.default.fileExists(atPath: folder.appending(path: "Dataset001_X").path),
                "\(refused)")
        }
    }

    @Test func `Weights that nothing was compared with are converted, and a line says so`() throws {
        try Fixtures.withTemporaryFolder { folder in
            func path(_ name: String) -> String { folder.appending(path: name).path }
            try Safetensors.write(
                [("a", StoredArray([Float(1), 2, 3], shape: [3])), ("b", StoredArray([Int64(7)], shape: [1]))], to: folder.appending(path: "w.safetensors"))
            let result = try CommandLineTool.run(["convert", path("w.safetensors"), path("h.pth"), "--dtype", "bfloat16"])
            #expect(result.status == 0 && result.output == "\(path("h.pth")): 2 tensors, 4 values, 0.0 MB\n")
            #expect(result.errors == "The weights were not compared with a network; --configuration or --plan does that.\n")
            let row = try json(CommandLineTool.succeed(["convert", path("h.pth"), path("back.safetensors"), "--json"]))
            // Three numbers of two bytes and a counter of eight.
            #expect(row == ["output": .string(path("back.safetensors")), "tensors": 2, "values": 4, "bytes": 14, "checked": false])
            #expect(try SafetensorsFile(contentsOf: folder.appending(path: "back.safetensors")).array("a").floats() == [1, 2, 3])
            try CommandLineTool.fail(
                ["convert", path("w.safetensors"), path("c.safetensors"), "--resample-kernels"], saying: ["give --plan or --configuration"])
            try CommandLineTool.fail(["convert", path("w.safetensors"), path("c.txt")], saying: ["c.txt"])
        }
    }

    @Test func `export prints what it prints as JSON, and the form of bare weights is the network's`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder), file = folder.appending(path: "m.onnx")
            let row = try json(CommandLineTool.succeed(["export", model.url.path, "--json", "--batch", "2"]))
            let text = try CommandLineTool.succeed(["export", model.url.path, "--batch", "2", "--force"])
            let bytes = try #require(row["bytes"]?.int)
            #expect(
                text
                    == "\(file.path): \(row["operations"]!.int!) operations, \(row["constants"]!.int!) constants, \(String(format: "%.1f MB", Double(bytes) / 1e6))\n"
            )
            let first = try Data(contentsOf: file), configuration = folder.appending(path: "c.json"), bare = folder.appending(path: "bare.onnx")
            try JSONEncoder().encode(model.network).write(to: configuration)
            try CommandLineTool.succeed([
                "export", model.url.appending(path: "model.safetensors").path, "--configuration", configuration.path, "--batch", "2", "-o", bare.path,
            ])
            #expect(try Data(contentsOf: bare) == first)
            try CommandLineTool.fail(["export", model.url.path, "--eight-bits", "--force"], saying: ["was not made for 8 bits; unetrpp quantize does that"])
        }
    }

    // MARK: summary and benchmark

    @Test func `summary counts layer by layer what the library counts, and times as often as is asked`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let network = try TinyModel.plan().networkDescription(), complexity = try network.complexity(), file = folder.appending(path: "c.json")
            try JSONEncoder().encode(network).write(to: file)
            let row = try json(
                CommandLineTool.succeed([
                    "summary", "--configuration", file.path, "--layers", "--repetitions", "2", "--json", "--device", "cpu", "--threads", "1",
                ]))
            #expect(row["parameters"]?.int == complexity.parameters && row["multiplyAdds"]?.int == complexity.multiplyAdds)
            #expect(row["layers"]?.array?.count == complexity.layers.count && row["activationBytes"]?.int == complexity.activationBytes)
            let forward = try #require(row["forward"])
            #expect(forward["repetitions"] == 2 && forward["device"] == "cpu" && forward["threads"] == 1 && forward["precision"] == "float32")
            #expect(
                try #require(forward["secondsLeast"]?.double) <= #require(forward["secondsMedian"]?.double) && (forward["processPeakBytes"]?.int ?? 0) > 1 << 24
            )

            let text = try CommandLineTool.succeed(["summary", "--configuration", file.path, "--no-timing", "--device", "cpu"])
            var grouped = String(complexity.parameters)
            if grouped.count > 3 { grouped.insert(",", at: grouped.index(grouped.endIndex, offsetBy: -3)) }
            #expect(text.contains("\nInput              1×1×16×16×16, 2 classes\nParameters         \(grouped)\n"))
            #expect(
                text.contains("\nMultiply-adds      \(String(format: "%.4f G", Double(complexity.multiplyAdds) / 1e9))\n") && !text.contains("Forward pass"))
            #expect(text.contains("* computed in training only, not in the sum"))
            let lines = text.split(separator: "\n").prefix { !$0.hasPrefix("*") && !$0.hasPrefix("Input") }
            #expect(lines.count == complexity.blocks.count + 1)
        }
    }

    @Test func `benchmark says what it timed, in which way and on what`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let file = folder.appending(path: "c.json")
            try JSONEncoder().encode(try TinyModel.plan().networkDescription()).write(to: file)
            let command = ["benchmark", "--configuration", file.path, "--repetitions", "1", "--threads", "1", "--device", "cpu", "--precision", "float32"]
            let text = try CommandLineTool.succeed(command + ["--batch", "2", "--plain"])
            let form =
                /UNETR\+\+, forward, 16×16×16, batch 2, float32, libtorch, cpu, 1 threads: median \d+\.\d{3} s \(\d+\.\d{3}–\d+\.\d{3}\), peak memory \d+ MB\n/
            #expect(text.wholeMatch(of: form) != nil, "\(text)")
            let row = try json(CommandLineTool.succeed(command + ["--train", "--json"]))
            #expect(row["what"] == "UNETR++, training step, 16×16×16" && row["batch"] == 1 && row["engine"] == "libtorch" && row["threads"] == 1)
            let times = try ["fastest", "median", "slowest"].map { try #require(row[$0]?.double) }
            #expect(times == times.sorted() && times[0] > 0)
            let augmented = try CommandLineTool.succeed(command + ["--augmentation", "--batch", "2"])
            #expect(augmented.wholeMatch(of: /augmentation, 16×16×16, 1 threads: \d+\.\d{2} ms a sample, \d+\.\d samples\/s\n/) != nil, "\(augmented)")
        }
    }

    // MARK: plan

    @Test func `A plan of nnU-Net is taken over, and its network replaced where one is named`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let archive = try ZipArchive(contentsOf: Fixtures.url("nnunet/no_mirroring.zip")), plan = folder.appending(path: "p.json")
            for name in archive.names { try archive.extract(name, into: folder) }
            let plans = try #require(Fixtures.files(below: folder).first { $0.hasSuffix("/plans.json") }), source = folder.appending(path: plans)
            #expect(try CommandLineTool.succeed(["plan", source.path, "--import", "-o", plan.path]) == plan.path + "\n")
            #expect(try Plan(contentsOf: plan) == Plan(importingV2: source))
            try CommandLineTool.succeed(["plan", source.path, "--import", "-o", plan.path, "--network", "unetr", "--memory", "2G", "--force"])
            #expect(
                try Plan(contentsOf: plan).network?.architecture == .unetr
                    && Plan(contentsOf: plan) == Plan(importingV2: source).with(architecture: .unetr, memory: 2 << 30))
            try Data("[]".utf8).write(to: source)
            try CommandLineTool.fail(["plan", source.path, "--import", "-o", folder.appending(path: "q.json").path], saying: ["plans.json"])
        }
    }
}
