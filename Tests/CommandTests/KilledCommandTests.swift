#if DEBUG
import Foundation
import Inference
import NetworkTestSupport
import TestSupport
import Testing

/// A kill at every moment at which a command gives a file its name or takes one away: what was there is there or the new one is, and the
/// command run again removes what was left and gives what it would have given.
struct KilledCommandTests {
    private static func contents(_ folder: URL) throws -> [String: Data] {
        var found: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            var isFolder: ObjCBool = false
            let file = folder.appending(path: name)
            guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder), !isFolder.boolValue else { continue }
            found[name] = try Data(contentsOf: file)
        }
        return found
    }

    @Test(arguments: ["rename", "remove"])
    func `convert --force that is killed leaves the old bundle or the new one under its name`(_ point: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            let source = try TinyModel.bundle(in: folder).url, other = try TinyModel.bundle(in: folder, named: "other", seed: 6).url
            let outputs = folder.appending(path: "outputs"), target = outputs.appending(path: "target.unetrpp")
            let (old, new) = (try Self.contents(other), try Self.contents(source))
            let arguments = ["convert", source.path, target.path, "--force"]
            var kills = 0
            for number in 1...20 {
                try? FileManager.default.removeItem(at: outputs)
                try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
                try FileManager.default.copyItem(at: other, to: target)
                let result = try CommandLineTool.run(arguments, environment: ["UNETRPP_FAULT": "kill:\(point):\(number)"])
                let found = try Self.contents(target)
                #expect(found == old || found == new, "\(number): \(found.keys.sorted())")
                if result.status == 0 { break }
                kills += 1
                #expect(try ModelBundle.verify(target)?.isSame == true)
                // Once more at the end only: it is the same work each time, and a process takes its time.
                if number == 1 || FileManager.default.fileExists(atPath: target.path) && found == new {
                    #expect(try CommandLineTool.run(arguments).status == 0)
                    #expect(try FileManager.default.contentsOfDirectory(atPath: outputs.path) == ["target.unetrpp"])
                    #expect(try Self.contents(target) == new)
                }
            }
            #expect(kills >= (point == "rename" ? 5 : 1))
        }
    }
}
#endif
