import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETREngines
import UNETRModels
import UNETRSupport
import UNETRTorchEngine
import UNETRVolumes

struct EngineCommandTests {
    /// A tiny model and a scan for it.
    private static func material(in folder: URL) throws -> (model: String, scan: String) {
        let scan = folder.appending(path: "scan.nii.gz")
        try NIfTI.write(scan: TinyModel.ball(0).scan, to: scan)
        return (try TinyModel.bundle(in: folder).url.path, scan.path)
    }

    @Test func `Without OpenVINO a note says so, and libtorch makes the mask`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (model, scan) = try Self.material(in: folder)
            let mask = folder.appending(path: "mask.nii.gz").path
            let result = try CommandLineTool.run(
                ["segment", scan, "-o", mask, "--model", model, "--device", "cpu", "--engine", "compiled"], environment: ["OPENVINO": folder.path])
            #expect(result.status == 0 && FileManager.default.fileExists(atPath: mask))
            #expect(result.errors.contains("there is no OpenVINO in \(folder.path)") && result.errors.contains("The libtorch engine is used"))
        }
    }

    @Test func `A library that is none is named with the loader's words, and libtorch makes the mask`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (model, scan) = try Self.material(in: folder)
            try Data("no library".utf8).write(to: folder.appending(path: "libopenvino_c.so.2026"))
            let mask = folder.appending(path: "mask.nii.gz").path
            let result = try CommandLineTool.run(
                ["segment", scan, "-o", mask, "--model", model, "--device", "cpu"], environment: ["OPENVINO": folder.path])
            #expect(result.status == 0 && FileManager.default.fileExists(atPath: mask))
            #expect(result.errors.contains("libopenvino_c.so.2026 cannot be used") && result.errors.contains("the libtorch engine is used"))
        }
    }

    /// A library with every function that is asked for, which says it is a release of 2024.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/cc"), "there is no C compiler"))
    func `A library of another year is named with both releases, and libtorch makes the mask`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (model, scan) = try Self.material(in: folder)
            let functions = [
                "version_free", "get_last_err_msg", "core_create", "core_free", "core_set_property", "core_read_model_from_memory_buffer",
                "model_free", "core_compile_model", "core_import_model", "compiled_model_export_model", "compiled_model_free",
                "compiled_model_create_infer_request", "infer_request_free", "tensor_create_from_host_ptr", "tensor_free",
                "infer_request_set_input_tensor", "infer_request_set_output_tensor", "infer_request_infer",
            ]
            let source =
                functions.map { "int ov_\($0)(void) { return 0; }\n" }.joined() + """
                    struct Version { const char *build, *description; };
                    int ov_get_openvino_version(struct Version *out) { out->build = "2024.6.0-17404-4c0f47d2335"; out->description = ""; return 0; }

                    """
            let (file, library) = (folder.appending(path: "stub.c"), folder.appending(path: "libopenvino_c.so.2024"))
            try Data(source.utf8).write(to: file)
            let compiler = try Process.run(URL(fileURLWithPath: "/usr/bin/cc"), arguments: ["-shared", "-fPIC", "-o", library.path, file.path])
            compiler.waitUntilExit()
            try #require(compiler.terminationStatus == 0)
            let mask = folder.appending(path: "mask.nii.gz").path
            let result = try CommandLineTool.run(
                ["segment", scan, "-o", mask, "--model", model, "--device", "cpu"], environment: ["OPENVINO": folder.path])
            #expect(result.status == 0 && FileManager.default.fileExists(atPath: mask))
            #expect(result.errors.contains("libopenvino_c.so.2024 is OpenVINO 2024.6.0; a release 2026.x is needed, which `make setup` installs"))
            #expect(result.errors.contains("The libtorch engine is used"))
        }
    }

    @Test func `An unknown engine is refused with the known ones`() throws {
        try CommandLineTool.fail(["segment", "x", "-o", "y", "--model", "z", "--engine", "abacus"], saying: ["abacus", "auto", "torch", "compiled"])
        try CommandLineTool.fail(["benchmark", "--train", "--engine", "compiled"], saying: ["cannot train"])
    }

    @Test func `Export writes an ONNX file and does not replace one unasked`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(in: folder).url.path
            let output = try CommandLineTool.succeed(["export", model, "--json"])
            let row = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
            let file = folder.appending(path: "m.onnx")
            #expect(row["output"] as? String == file.path)
            #expect(row["bytes"] as? Int == (try Data(contentsOf: file)).count)
            try CommandLineTool.fail(["export", model], saying: ["already there", "--force"])
            try CommandLineTool.succeed(["export", model, "--graph", "readable", "--force"])
            #expect(row["bytes"] as? Int != (try Data(contentsOf: file)).count)
            try CommandLineTool.fail(["export", model, "--format", "coreml"], saying: ["'coreml'", "onnx is expected"])
            try CommandLineTool.fail(["export", model, "-o", "x.onnx", "--batch", "0"], saying: ["--batch is 0"])
        }
    }

    @Test func `Quantize refuses bad input in a sentence and writes nothing`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (model, scan) = try Self.material(in: folder)
            let output = folder.appending(path: "m8.unetrpp").path, empty = folder.appending(path: "empty")
            try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
            func fail(_ arguments: [String], saying parts: [String]) throws {
                try CommandLineTool.fail(["quantize", model, "-o", output, "--calibration"] + arguments, saying: parts)
                #expect(!FileManager.default.fileExists(atPath: output))
            }
            try fail([], saying: ["--calibration"])
            try fail([empty.path], saying: ["holds no scans"])
            try fail([folder.appending(path: "none.nii").path], saying: ["no such file"])
            try fail([scan, "--patches", "0"], saying: ["--patches is 0"])
            try fail([scan, "--threads", "0"], saying: ["--threads is 0"])
            try CommandLineTool.fail(["quantize", scan, "--calibration", scan], saying: ["not a model bundle"])
            try CommandLineTool.fail(["quantize", model, "--calibration", scan, "-o", model], saying: ["already there", "--force"])
            // Where the processor has no products of 8-bit numbers, that is what it says.
            let result = try CommandLineTool.run(
                ["quantize", model, "--calibration", scan, "-o", output], environment: ["OPENVINO": empty.path])
            #expect(result.status != 0 && result.output.isEmpty && !FileManager.default.fileExists(atPath: output))
            #expect(result.errors.contains("there is no OpenVINO in \(empty.path)") || result.errors.contains("8-bit products"))
            try CommandLineTool.fail(["benchmark", "--eight-bits"], saying: ["--engine compiled"])
        }
    }

    @Test(
        .enabled(
            if: (try? OpenVINOProvider.besideLibtorch.loadOpenVINO()) != nil && Processor.current.hasEightBitProducts, "OpenVINO or 8-bit products are absent"))
    func `Quantize reports how masks agree, and segment then computes in 8 bits`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (model, scan) = try Self.material(in: folder)
            let environment = ["UNETRPP_CACHE": folder.appending(path: "cache").path]
            let made = try CommandLineTool.run(["quantize", model, "--calibration", scan, "--accept-disagreement", "--json"], environment: environment)
            #expect(made.status == 0)
            let row = try #require(try JSONSerialization.jsonObject(with: Data(made.output.utf8)) as? [String: Any])
            let output = folder.appending(path: "m-int8.unetrpp").path
            #expect(row["output"] as? String == output && row["patches"] as? Int == 8 && row["scans"] as? [String] == ["scan"])
            let report = try #require(row["report"] as? [String: Any]), structures = try #require(report["structures"] as? [[String: Any]])
            #expect(structures.map { $0["name"] as? String } == ["ball"])
            #expect((report["secondsInEightBits"] as? Double ?? 0) > 0)

            for (arguments, note) in [(["--engine", "torch"], "8 bits are for the compiled engine"), ([], nil)] {
                let mask = folder.appending(path: "mask\(arguments.count).nii.gz").path
                let result = try CommandLineTool.run(
                    ["segment", scan, "-o", mask, "--model", output, "--device", "cpu"] + arguments, environment: environment)
                #expect(result.status == 0 && FileManager.default.fileExists(atPath: mask), "\(result.errors)")
                #expect(result.errors.contains(note ?? "") || note == nil && !result.errors.contains("8 bits"))
            }
            let two = try TinyModel.bundle(TinyModel.plan(channelNames: ["T1", "T2"]), in: folder, named: "two").url.path
            try CommandLineTool.fail(["quantize", two, "--calibration", scan], saying: ["scan", "T1", "T2"])
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "two-int8.unetrpp").path))
            // The engines of the comparison, float32 and 8 bits: segment found the second in the cache.
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "cache").path).count == 2)
        }
    }
}
