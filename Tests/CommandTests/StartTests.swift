#if os(Linux)
    import Foundation
    import NetworkTestSupport
    import TestSupport
    import Testing
    import UNETREngines
    import UNETRModels
    import UNETRTorchEngine
    import UNETRVolumes

    /// The tool loads libtorch when it first calls it.
    struct StartTests {
        /// Runs the tool, which must succeed.
        /// - Returns: whether the loader of the system was asked for libtorch meanwhile.
        private func loadsLibtorch(_ arguments: [String], in folder: URL) throws -> Bool {
            let log = folder.appending(path: "loader")
            let result = try CommandLineTool.run(arguments, environment: ["LD_DEBUG": "libs", "LD_DEBUG_OUTPUT": log.path])
            #expect(result.status == 0, "\(arguments): \(result.errors)")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("loader") }
            let text = try files.map { try String(contentsOf: folder.appending(path: $0), encoding: .utf8) }.joined()
            for file in files { try FileManager.default.removeItem(at: folder.appending(path: file)) }
            #expect(text.contains("libc.so"), "the loader keeps no log")
            return text.contains("libtorch_cpu.so")
        }

        @Test func `Libtorch is loaded by what computes with it, and by nothing else`() throws {
            try Fixtures.withTemporaryFolder { folder in
                let scan = folder.appending(path: "scan.nii.gz")
                try NIfTI.write(scan: TinyModel.ball(0).scan, to: scan)
                let bundle = try TinyModel.bundle(in: folder).url.path
                #expect(try !loadsLibtorch(["scan", "info", scan.path], in: folder))
                #expect(try !loadsLibtorch(["model", "show", bundle], in: folder))
                func segment(_ engine: String) -> [String] {
                    ["segment", scan.path, "-o", folder.appending(path: "\(engine).nii.gz").path, "--model", bundle, "--engine", engine]
                }
                #expect(try loadsLibtorch(segment("torch"), in: folder))
                guard (try? OpenVINOProvider.besideLibtorch.loadOpenVINO()) != nil else { return }
                #expect(try !loadsLibtorch(segment("compiled"), in: folder))
            }
        }

        @Test func `Without what calls libtorch the tool works as far as that goes, and says what is missing`() throws {
            try Fixtures.withTemporaryFolder { folder in
                let lonely = folder.appending(path: "unetrpp"), scan = folder.appending(path: "scan.nii.gz"), mask = folder.appending(path: "mask.nii.gz")
                do { try FileManager.default.linkItem(at: CommandLineTool.executable, to: lonely) } catch {
                    try FileManager.default.copyItem(at: CommandLineTool.executable, to: lonely)
                }
                try NIfTI.write(scan: TinyModel.ball(0).scan, to: scan)
                let bundle = try TinyModel.bundle(in: folder).url.path
                let info = try CommandLineTool.run(["scan", "info", scan.path], executable: lonely)
                let expected = try CommandLineTool.succeed(["scan", "info", scan.path])
                #expect(info.status == 0 && info.output == expected)
                let refused = try CommandLineTool.run(
                    ["segment", scan.path, "-o", mask.path, "--model", bundle, "--engine", "torch", "--device", "cpu"], executable: lonely)
                #expect(refused.status != 0 && refused.status < 100 && !FileManager.default.fileExists(atPath: mask.path))
                #expect(refused.errors.contains("what calls libtorch cannot be loaded") && refused.errors.contains("libunetrpp-torch.so"), "\(refused.errors)")
                let summary = try CommandLineTool.run(["forward", "--help"], executable: lonely)
                #expect(summary.status == 0)
                let doctor = try CommandLineTool.run(["doctor"], executable: lonely)
                #expect(doctor.output.contains("not loaded") && doctor.output.contains("three ways out"), "\(doctor.output)")
                #expect((doctor.status == 0) == doctor.output.contains("only networks that the compiled engine takes can be run"))
            }
        }
    }
#endif
