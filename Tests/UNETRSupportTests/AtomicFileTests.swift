import Foundation
import TestSupport
import Testing

@testable import UNETRSupport

struct AtomicFileTests {
    private func names(_ folder: URL) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

    private func make(_ folder: URL, _ files: [String: String]) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
    }

    /// A process that has ended, and the number it had.
    private func deadProcess() throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "exit 0"]
        try process.run()
        process.waitUntilExit()
        return process.processIdentifier
    }

    @Test func `Two writers of one file never share a temporary name, and the last one wins whole`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "file")
            try AtomicFile.write(to: url) { one in
                try AtomicFile.write(to: url) { other in
                    #expect(one != other)
                    try Data("other".utf8).write(to: other)
                }
                #expect(try Data(contentsOf: url) == Data("other".utf8))
                try Data("one".utf8).write(to: one)
            }
            #expect(try Data(contentsOf: url) == Data("one".utf8))
            #expect(try names(folder) == ["file"])
            // A name as long as the system allows leaves room for the marks.
            let long = folder.appending(path: String(repeating: "ä", count: 127))
            try AtomicFile.write(Data(), to: long)
            #expect(try names(folder).count == 2)
        }
    }

    @Test func `What has to be waited for appears as a whole or not at all`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "unetrpp-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try make(folder, [:])
        let place = folder.appending(path: "new/place")
        struct Stop: Error {}
        for error in [Stop(), CancellationError()] as [any Error] {
            let thrown = await #expect(throws: (any Error).self) {
                try await AtomicFile.fill(place) { temporary in
                    try make(temporary, ["a": "1"])
                    await Task.yield()
                    throw error
                }
            }
            #expect(thrown.map { type(of: $0) == type(of: error) } == true)
            #expect(try names(folder.appending(path: "new")) == [])
        }
        for text in ["1", "2"] {
            try await AtomicFile.fill(place) { temporary in
                try make(temporary, ["a": text, "b\(text)": ""])
                await Task.yield()
                #expect(FileManager.default.fileExists(atPath: place.path) == (text == "2"))
            }
        }
        #expect(try names(folder.appending(path: "new")) == ["place"] && names(place) == ["a", "b2"])
        let lost = await #expect(throws: FileError.self) {
            try await AtomicFile.fill(place) { throw FileError(path: $0.path + "/x", problem: "cannot be written") }
        }
        #expect(lost?.path == place.path + "/x")
    }

    @Test func `What dead processes left is removed at the next write into the folder; what is being written stays`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let own = TemporaryName.next(for: folder.appending(path: "a.txt")).lastPathComponent
            let parts = try #require(TemporaryName.parts(of: own))
            #expect(parts.destination == "a.txt" && parts.process == getpid())
            let machine = try #require(parts.machine), dead = try deadProcess()
            let left = [
                ".a.txt.\(machine)-\(dead)-1f-3.partial", ".b.\(dead).partial", ".c.\(machine)-\(getpid())-0-1.partial",
            ]
            let kept = [own, ".d.\(machine)-\(getppid())-1f-3.partial", ".e.00000000-\(dead)-1f-3.partial", ".partial", ".x.y-1.partial", "f.1.partial"]
            try make(folder, Dictionary(uniqueKeysWithValues: (left + kept).map { ($0, "") }))
            try make(folder.appending(path: ".bundle.\(machine)-\(dead)-1f-9.partial"), ["weights": ""])
            // Of another machine, and not touched for a day.
            let stale = folder.appending(path: ".g.00000000-1-1f-3.partial")
            try Data().write(to: stale)
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -90_000)], ofItemAtPath: stale.path)
            try AtomicFile.write(Data(), to: folder.appending(path: "new"))
            #expect(try names(folder) == (kept + ["new"]).sorted())
        }
    }

    @Test func `A folder takes a folder's place in one step, and one that lost its name between two gets it back`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = folder.appending(path: "bundle")
            try make(bundle, ["old": "1"])
            try AtomicFile.write(to: bundle) { try make($0, ["new": "2"]) }
            #expect(try names(bundle) == ["new"])
            #expect(try names(folder) == ["bundle"])
            // A file never takes the place of a folder.
            #expect(throws: FileError.self) { try AtomicFile.write(Data(), to: bundle) }
            #expect(try names(bundle) == ["new"])
            #expect(try names(folder) == ["bundle"])

            let machine = try #require(TemporaryName.parts(of: TemporaryName.next(for: bundle).lastPathComponent)?.machine)
            let old = folder.appending(path: ".bundle.\(machine)-\(try deadProcess())-1f-2.old")
            try FileManager.default.moveItem(at: bundle, to: old)
            AtomicFile.removeAbandoned(in: folder)
            #expect(try names(folder) == ["bundle"])
            #expect(try names(bundle) == ["new"])
        }
    }

    @Test func `Two folders change places`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let (one, other) = (folder.appending(path: "one"), folder.appending(path: "other"))
            try make(one, ["a": ""])
            try make(other, ["b": ""])
            guard try AtomicFile.exchange(one, other) else { return }  // a file system that cannot
            #expect(try names(one) == ["b"])
            #expect(try names(other) == ["a"])
            let error = #expect(throws: FileError.self) { try AtomicFile.exchange(one, folder.appending(path: "none")) }
            #expect(error?.problem == "cannot be replaced: No such file or directory")
        }
    }

    #if DEBUG
        @Test func `Whatever call fails, the old file stays whole and nothing is left beside it`() throws {
            try Fixtures.withTemporaryFolder { folder in
                let url = folder.appending(path: "file")
                let (old, new) = (Data("old".utf8), Data("new".utf8))
                try AtomicFile.write(old, to: url)
                let points = try FaultInjection.with(.init("EIO:any:100"), under: folder) { try AtomicFile.write(new, to: url) }.points
                #expect(points == 5)  // create, write, sync, rename, sync of the folder
                for action in ["EIO", "ENOSPC"] {
                    for number in 1...points {
                        try AtomicFile.write(old, to: url)
                        let fault = try #require(FaultInjection.Fault("\(action):any:\(number)"))
                        let error = #expect(throws: FileError.self) {
                            try FaultInjection.with(fault, under: folder) { try AtomicFile.write(new, to: url) }
                        }
                        #expect(error?.path == url.path)
                        #expect(error?.problem.contains(action == "EIO" ? "Input/output error" : "No space left") == true)
                        #expect(try Data(contentsOf: url) == (number < points ? old : new), "\(action) at \(number)")
                        #expect(try names(folder) == ["file"])
                    }
                }
            }
        }

        @Test func `Faults are told by text, strike where they are meant to, and a full disk stays full`() throws {
            for text in ["", "kill", "kill:rename", "kill:rename:0", "kill:rename:x", "kill:nothing:1", "ENOENT:any:1", "kill:any:1:2"] {
                #expect(FaultInjection.Fault(text) == nil, "\(text)")
            }
            #expect(FaultInjection.Fault("kill:rename:3") == .init(.kill, at: .rename, number: 3))
            #expect(FaultInjection.Fault("ENOSPC:any:1") == .init(.fail(ENOSPC), number: 1))
            let folder = URL(filePath: "/nowhere/here")
            func strikes(_ fault: String, _ points: [FaultInjection.Point], _ path: String = "/nowhere/here/file") -> [Bool] {
                FaultInjection.with(.init(fault), under: folder) { points.map { FaultInjection.strikes($0, path) } }.result
            }
            #expect(strikes("EIO:write:2", [.write, .create, .write, .write]) == [false, false, true, false])
            #expect(strikes("ENOSPC:write:2", [.write, .create, .write, .write]) == [false, false, true, true])
            #expect(strikes("EIO:any:1", [.write], "/elsewhere") == [false])
        }
    #endif
}
