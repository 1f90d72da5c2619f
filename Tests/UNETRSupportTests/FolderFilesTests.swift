import Foundation
import TestSupport
import Testing

@testable import UNETRSupport

@Suite struct FolderFilesTests {
    @Test func `Files at any depth are found, and links to files, but nothing hidden and nothing behind a link to a folder`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let files = FileManager.default, tree = folder.appending(path: "tree")
            for name in ["b", "a/ä 1", "a/c/d", ".hidden", ".folder/e", "a/.f"] {
                let place = tree.appending(path: name)
                try files.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data("x".utf8).write(to: place)
            }
            try files.createDirectory(at: tree.appending(path: "empty"), withIntermediateDirectories: true)
            try files.createSymbolicLink(atPath: tree.appending(path: "file").path, withDestinationPath: "a/c/d")
            try files.createSymbolicLink(atPath: tree.appending(path: "gone").path, withDestinationPath: "nowhere")
            try files.createSymbolicLink(atPath: tree.appending(path: "a/up").path, withDestinationPath: "..")
            #expect(mkfifo(tree.appending(path: "pipe").path, 0o600) == 0)
            #expect(try FolderFiles.below(tree) == ["a/c/d", "a/ä 1", "b", "file"])
            // The folder itself may be a link.
            try files.createSymbolicLink(at: folder.appending(path: "link"), withDestinationURL: tree)
            #expect(try FolderFiles.below(folder.appending(path: "link")).count == 4)
            #expect(try FolderFiles.below(tree.appending(path: "empty")).isEmpty)
        }
    }

    @Test func `A folder that is not there, or is a file, is named`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let gone = folder.appending(path: "gone"), file = folder.appending(path: "file")
            try Data().write(to: file)
            #expect(throws: FileError(path: gone.path, problem: "the folder cannot be read: No such file or directory")) { try FolderFiles.below(gone) }
            #expect(throws: FileError(path: file.path, problem: "the folder cannot be read: Not a directory")) { try FolderFiles.below(file) }
        }
    }
}
