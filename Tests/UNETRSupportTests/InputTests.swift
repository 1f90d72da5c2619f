import Foundation
import TestSupport
import Testing
import UNETRSupport

struct InputFileTests {
    @Test func `SHA-256 of the standard's examples, in memory and from a file`() throws {
        // FIPS 180-4 examples: the empty text, "abc", and a million times "a".
        let million = Data(repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(SHA256Digest(of: Data()).text == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256Digest(of: Data("abc".utf8)).text == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let file = FileManager.default.temporaryDirectory.appending(path: "sha-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        for repeats in [1, 3] {
            let data = Data((0..<repeats).flatMap { _ in million })
            try data.write(to: file)
            #expect(try SHA256Digest(ofFile: file) == SHA256Digest(of: data))
        }
        #expect(SHA256Digest(of: million).text == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        #expect(SHA256Digest(text: "abc") == nil)
        #expect(SHA256Digest(text: String(repeating: "g", count: 64)) == nil)
    }

    @Test(.timeLimit(.minutes(10))) func `Pipes, devices and folders are refused at once, each by its kind`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "input-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let pipe = folder.appending(path: "pipe")
        try #require(mkfifo(pipe.path, 0o600) == 0)
        let link = folder.appending(path: "link")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: pipe)
        for (url, kind) in [(pipe, "a named pipe"), (link, "a named pipe"), (folder, "a folder"), (URL(filePath: "/dev/zero"), "a device")] {
            let error = #expect(throws: FileError.self) { try InputFile(url) }
            #expect(error?.problem == "is \(kind), not a regular file; give the path of a file")
        }
        let missing = #expect(throws: FileError.self) { try InputFile.contents(of: folder.appending(path: "none")) }
        #expect(missing?.problem == "cannot be read: No such file or directory")
        let file = folder.appending(path: "file")
        try Data([1, 2, 3]).write(to: file)
        #expect(try InputFile.contents(of: file) == Data([1, 2, 3]))
        let long = #expect(throws: FileError.self) { try InputFile.contents(of: file, most: 2) }
        #expect(long?.problem == "has 3 bytes; a file of this kind has at most 2")
    }
}

struct CheckedNumbersTests {
    @Test func `No number traps on its way to an integer`() {
        #expect(Int(rounding: 2.5) == 3)
        #expect(Int(rounding: -2.5, .towardZero) == -2)
        for value in [Double.nan, .infinity, -.infinity, 1e300, -1e300, 0x1p63] { #expect(Int(rounding: value) == nil, "\(value)") }
        #expect(Int(rounding: -0x1p63) == .min)
        #expect(UInt8(rounding: 255.4) == 255)
        #expect(UInt8(rounding: 255.5) == nil)
        #expect(UInt8(clampingRounded: 1e9) == 255)
        #expect(UInt8(clampingRounded: -Double.infinity) == 0)
        #expect(UInt8(clampingRounded: Float.nan) == nil)
    }

    @Test func `Sums and products beyond the range are nil`() {
        #expect([3, 4, 5].checkedProduct() == 60)
        #expect([Int.max, 2].checkedProduct() == nil)
        #expect([Int.max, 2, 0].checkedProduct() == nil)
        #expect([Int]().checkedProduct() == 1)
        #expect([1, 2, 3].checkedSum() == 6)
        #expect([Int.max, 1].checkedSum() == nil)
        #expect(Int.max.adding(checked: 1) == nil)
        #expect((1 << 62).multiplied(checked: 2) == nil)
        #expect(7.multiplied(checked: 6) == 42)
    }

    /// A refused file was closed twice once; in between another thread may have been given the same number.
    @Test func `A refused file is closed once`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "closed-once-\(UUID().uuidString)"), size = 64
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(count: size).write(to: file)
        try Parallel.forEach(2, threads: 2) { (number: Int) throws -> Void in
            for _ in 0..<3000 {
                if number == 0 {
                    #expect(throws: FileError.self) { _ = try InputFile(URL(fileURLWithPath: "/dev/null")) }
                } else {
                    #expect(try InputFile.contents(of: file).count == size)
                }
            }
        }
    }
}
