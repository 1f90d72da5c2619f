import Foundation
import Testing
import UNETRSupport
import UNETRTorch

struct DoctorCommandTests {
    @Test func `The facts are those of this machine, in words and as JSON`() throws {
        let facts = try JSONText.decode(JSONValue.self, from: Data(CommandLineTool.succeed(["doctor", "--json"]).utf8))
        #expect(facts["usable"] == true && facts["devices"]?.array?.first?.string == "cpu")
        #expect(facts["unetrpp"]?.string == (try CommandLineTool.succeed(["--version"])).trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(facts["libtorch"]?["builtFor"]?.string == Runtime.version && facts["libtorch"]?["isCUDABuild"] == .bool(Runtime.isCUDABuild))
        #expect(facts["memory"]?["bytes"]?.int == SystemMemory.current.bytes)
        #expect(facts["processor"]?["bfloat16"] == .bool(Processor.current.hasBFloat16) && facts["processor"]?["name"]?.string == Processor.current.name)
        let words = try CommandLineTool.succeed(["doctor"])
        for row in ["unetrpp", "libtorch", "devices", "processor", "memory"] { #expect(words.contains("\n\(row)") || words.hasPrefix(row), "\(row)") }
        let libraries = facts["pixelLibraries"]?.array ?? []
        #expect(libraries.compactMap { $0["name"]?.string } == ["OpenJPEG", "CharLS", "libjpeg-turbo"])
        for library in libraries {
            let path = library["path"]?.string
            #expect(words.contains("\(path.map { "\($0), for" } ?? "not found; needed for") \(library["pixels"]?.array?.first?.string ?? "?")"))
            #expect(path.map { FileManager.default.fileExists(atPath: $0) } ?? true)
        }
        let problems = facts["problems"]?.array ?? []
        #expect(words.contains("Nothing is wrong.") == problems.isEmpty)
        for problem in problems { #expect(words.contains(problem["what"]?.string ?? "?")) }
    }
}
