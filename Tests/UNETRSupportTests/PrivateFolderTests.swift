import Foundation
import TestSupport
import Testing

@testable import UNETRSupport

/// The folder of caches, which nobody else may write in.
struct PrivateFolderTests {
    @Test func `A folder is made for its user alone, and its files are read whole`() throws {
        try Fixtures.withTemporaryFolder { root in
            let folder = root.appending(path: "above/cache")
            #expect(try PrivateFolder(folder) == nil, "there is none yet")
            try PrivateFolder.make(folder)
            try PrivateFolder.make(folder)
            var status = stat()
            #expect(stat(folder.path, &status) == 0 && status.st_mode & 0o777 == 0o700)
            let file = folder.appending(path: "entry")
            try PrivateFolder.makeFile(file)
            #expect(stat(file.path, &status) == 0 && status.st_mode & 0o777 == 0o600 && status.st_size == 0)
            let found = try #require(try PrivateFolder(folder))
            #expect(try found.contents(of: "other") == nil)
            #expect(throws: PrivateFolderError.damaged(path: file.path)) { try found.contents(of: "entry") }
            let bytes = Data((0..<5000).map { UInt8(truncatingIfNeeded: $0) }), handle = try FileHandle(forWritingTo: file)
            try handle.write(contentsOf: bytes)
            try handle.close()
            #expect(try found.contents(of: "entry").map { $0 as Data } == bytes)
            let taken = #expect(throws: FileError.self) { try PrivateFolder.makeFile(file) }
            #expect(taken == FileError(path: file.path, problem: "cannot be written: File exists"))
        }
    }

    @Test(arguments: [0o770, 0o702, 0o777] as [mode_t]) func `A folder or a file that others may write in is not used, and the remedy is told`(mode: mode_t)
        throws
    {
        try Fixtures.withTemporaryFolder { root in
            let folder = root.appending(path: "cache"), file = folder.appending(path: "entry")
            try PrivateFolder.make(folder)
            try Data("x".utf8).write(to: file)
            chmod(file.path, mode & 0o666)
            let found = try #require(try PrivateFolder(folder)), digits = String(mode, radix: 8), fileDigits = String(mode & 0o666, radix: 8)
            #expect(throws: PrivateFolderError.entry(path: file.path, problem: "can be written by other users (mode \(fileDigits))")) {
                try found.contents(of: "entry")
            }
            chmod(folder.path, mode)
            let problem = "can be written by other users (mode \(digits); `chmod go-w '\(folder.path)'` mends that)"
            #expect(throws: PrivateFolderError.folder(path: folder.path, problem: problem)) { try PrivateFolder(folder) }
            chmod(folder.path, mode & ~0o022)
            #expect(try PrivateFolder(folder) != nil)
        }
    }

    @Test func `Links, folders and pipes are no files of a cache`() throws {
        try Fixtures.withTemporaryFolder { root in
            let folder = root.appending(path: "cache")
            try PrivateFolder.make(folder)
            try Data("x".utf8).write(to: root.appending(path: "elsewhere"))
            symlink(root.appending(path: "elsewhere").path, folder.appending(path: "link").path)
            mkdir(folder.appending(path: "inner").path, 0o700)
            mkfifo(folder.appending(path: "pipe").path, 0o600)
            let found = try #require(try PrivateFolder(folder))
            for (name, problem) in [("link", "is a symbolic link"), ("inner", "is not a regular file"), ("pipe", "is not a regular file")] {
                #expect(throws: PrivateFolderError.entry(path: folder.appending(path: name).path, problem: problem)) { try found.contents(of: name) }
            }
            let link = folder.appending(path: "link")
            #expect(throws: FileError(path: link.path, problem: "cannot be written: File exists")) { try PrivateFolder.makeFile(link) }
            let file = root.appending(path: "elsewhere")
            #expect(throws: PrivateFolderError.folder(path: file.path, problem: "cannot be opened: Not a directory")) { try PrivateFolder(file) }
        }
    }

    @Test func `What is looked into is what was opened, also when its name leads elsewhere since`() throws {
        try Fixtures.withTemporaryFolder { root in
            let folder = root.appending(path: "cache")
            try PrivateFolder.make(folder)
            try Data("mine".utf8).write(to: folder.appending(path: "entry"))
            let found = try #require(try PrivateFolder(folder))
            try FileManager.default.moveItem(at: folder, to: root.appending(path: "away"))
            try PrivateFolder.make(folder)
            try Data("theirs".utf8).write(to: folder.appending(path: "entry"))
            #expect(try found.contents(of: "entry").map { $0 as Data } == Data("mine".utf8))
        }
    }

    @Test func `Errors are sentences`() {
        #expect(PrivateFolderError.folder(path: "/c", problem: "cannot be opened: x").description == "the cache folder /c cannot be opened: x")
        #expect(PrivateFolderError.entry(path: "/c/e", problem: "is a symbolic link").description == "the cached file /c/e is a symbolic link")
        #expect(PrivateFolderError.damaged(path: "/c/e").description == "the cached file /c/e is damaged")
    }
}
