import Foundation
import Inference
import NetworkTestSupport
import TestSupport
import Testing
import Volumes

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
            #expect(result.errors.contains("libopenvino_c.so.2026 cannot be used") && result.errors.contains("The libtorch engine is used"))
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
}
