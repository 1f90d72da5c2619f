import Foundation
import TestSupport
import Testing
import UNETRSupport

struct OutputRuleTests {
    private func refusal(_ body: () throws -> Void) -> OutputError? {
        do { try body() } catch { return error as? OutputError }
        return nil
    }

    @Test func `A file may be new, or replaced where that is asked for; nothing else may stand there`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (there, new, pipe) = (folder.appending(path: "there"), folder.appending(path: "a/b/new"), folder.appending(path: "pipe"))
            try Data("x".utf8).write(to: there)
            mkfifo(pipe.path, 0o600)
            let (strict, replacing) = (OutputRule(), OutputRule(replaces: true))
            #expect(refusal { try strict.check(file: new) } == nil)
            #expect(refusal { try strict.check(file: there) } == .exists(path: there.path))
            #expect(refusal { try replacing.check(file: there) } == nil)
            #expect(refusal { try replacing.check(file: folder) } == .isFolder(path: folder.path))
            #expect(refusal { try replacing.check(file: pipe) } == .isSpecial(path: pipe.path))
            #expect(refusal { try replacing.check(file: there.appending(path: "x")) } == .blocked(folder: there.path, by: there.path))
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "a").path), "a check makes nothing")
        }
    }

    @Test func `Only a model bundle, or an empty folder, is replaced by a model bundle`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let rule = OutputRule(replaces: true), files = FileManager.default
            let places = ["m", "empty", "theses", "file"].map { folder.appending(path: $0) }
            let (bundle, empty, theses, file) = (places[0], places[1], places[2], places[3])
            for place in [bundle, empty, theses] { try files.createDirectory(at: place, withIntermediateDirectories: true) }
            try Data("{}".utf8).write(to: bundle.appending(path: "plan.json"))
            try Data("x".utf8).write(to: theses.appending(path: "thesis.txt"))
            try Data("x".utf8).write(to: file)
            #expect(refusal { try rule.check(bundle: bundle) } == nil && refusal { try rule.check(bundle: empty) } == nil)
            #expect(refusal { try OutputRule().check(bundle: bundle) } == .exists(path: bundle.path))
            #expect(refusal { try rule.check(bundle: theses) } == .noBundle(path: theses.path))
            #expect(refusal { try rule.check(bundle: file) } == .noFolder(path: file.path))
        }
    }

    @Test func `A folder is replaced only if all that lies in it is what would be written there`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (old, mixed, new) = (folder.appending(path: "old"), folder.appending(path: "mixed"), folder.appending(path: "a/new"))
            for place in [old, mixed] { try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true) }
            for place in [old, mixed] { try Data("x".utf8).write(to: place.appending(path: "1.dcm")) }
            try Data("x".utf8).write(to: mixed.appending(path: "thesis.txt"))
            let rule = OutputRule(replaces: true)
            func refusal(_ rule: OutputRule, _ place: URL) -> OutputError? { self.refusal { try rule.check(folder: place) { $0.hasSuffix(".dcm") } } }
            #expect(refusal(OutputRule(), new) == nil && refusal(rule, old) == nil)
            #expect(refusal(OutputRule(), old) == .exists(path: old.path))
            #expect(refusal(rule, mixed) == .holdsOthers(path: mixed.path, name: "thesis.txt"))
            #expect(refusal(rule, old.appending(path: "1.dcm")) == .isFile(path: old.appending(path: "1.dcm").path))
        }
    }

    @Test func `Each error is one sentence that names the place, and no option of a command`() {
        let errors: [(OutputError, String)] = [
            (.exists(path: "/m"), "/m is already there; choose another name, or have it replaced"),
            (.isFolder(path: "/m"), "/m is a folder; name a file to write"),
            (.isSpecial(path: "/m"), "/m is a device, a pipe or a socket; name a regular file to write"),
            (.noFolder(path: "/m"), "/m is not a folder, which a model is; choose another name"),
            (.noBundle(path: "/m"), "/m holds other things than a model, so it is not replaced; choose another name"),
            (.isFile(path: "/m"), "/m is not a folder; choose another name"),
            (.holdsOthers(path: "/m", name: "a.txt"), "/m holds a.txt, which would be lost, so it is not replaced; choose another name"),
            (.blocked(folder: "/a/b", by: "/a"), "/a/b cannot be made: /a is not a folder"),
            (.forbidden(folder: "/a", problem: "Permission denied"), "nothing can be written in /a: Permission denied"),
        ]
        for (error, sentence) in errors { #expect("\(error)" == sentence) }
    }
}
