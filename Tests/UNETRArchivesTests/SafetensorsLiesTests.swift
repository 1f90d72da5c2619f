import Foundation
import TestSupport
import Testing
import UNETRArchives

/// Headers that lie: each lie has its own error.
@Suite struct SafetensorsLiesTests {
    typealias Problem = SafetensorsError.Problem

    private func problem(of bytes: [UInt8]) throws -> Problem? {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("lying.safetensors")
            try Data(bytes).write(to: url)
            do {
                _ = try SafetensorsFile(contentsOf: url)
                return nil
            } catch let error as SafetensorsError {
                #expect("\(error)".hasPrefix(url.path + ": ") && !"\(error)".hasSuffix("broken"))
                return error.problem
            }
        }
    }

    private func problem(_ header: String, dataBytes: Int = 8, length: UInt64? = nil) throws -> Problem? {
        let text = [UInt8](header.utf8)
        let prefix = withUnsafeBytes(of: (length ?? UInt64(text.count)).littleEndian) { [UInt8]($0) }
        return try problem(of: prefix + text + [UInt8](repeating: 0, count: dataBytes))
    }

    private func entry(_ type: String = "F32", _ shape: String = "[2]", _ offsets: String = "[0,8]") -> String {
        "{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }

    @Test func anHonestFileIsRead() throws {
        #expect(try problem("{\"a\":\(entry())}") == nil)
        #expect(try problem("{\"a\":\(entry())}   ") == nil, "padding behind the header is allowed")
        #expect(try problem("{}", dataBytes: 0) == nil)
    }

    @Test func aLyingHeaderLengthIsRefused() throws {
        #expect(try problem(of: []) == .tooShort(0))
        #expect(try problem(of: [1, 2, 3]) == .tooShort(3))
        #expect(try problem("{}", dataBytes: 0, length: 3) == .headerBeyondFile(length: 3, fileBytes: 10))
        #expect(try problem("{}", dataBytes: 0, length: .max) == .headerBeyondFile(length: .max, fileBytes: 10))
    }

    @Test func aHeaderLongerThanTheFormatAllowsIsRefused() throws {
        // A sparse file: 100 MB and 9 bytes long, taking no room.
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("long.safetensors")
            try Data(withUnsafeBytes(of: UInt64(100_000_001).littleEndian) { [UInt8]($0) }).write(to: url)
            let handle = try FileHandle(forWritingTo: url)
            try handle.truncate(atOffset: 100_000_009)
            try handle.close()
            #expect(throws: SafetensorsError(path: url.path, problem: .headerTooLong(100_000_001))) {
                try SafetensorsFile(contentsOf: url)
            }
        }
    }

    @Test(arguments: ["", "[1]", " {}", "\"a\"", "\0\0\0\0"])
    func aHeaderThatIsNoObjectIsRefused(header: String) throws {
        #expect(try problem(header) == .headerNotObject)
    }

    @Test(arguments: [
        "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":01}", "{\"a\":1.}", "{\"a\":1e}", "{\"a\":tru}", "{,}", "{\"a\":1,}", "{a:1}",
        "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\u{1}\"}", "{} {}", "{\"a\":[1 2]}", "{\"a\":-}", "{\"a\":\"",
    ])
    func aHeaderThatIsNotJSONIsRefused(header: String) throws {
        guard case .headerNotJSON = try problem(header) else {
            Issue.record("not refused as JSON: \(header)")
            return
        }
    }

    @Test func textThatIsNotUTF8IsRefused() throws {
        let header: [UInt8] = Array("{\"".utf8) + [0xFF, 0xFE] + Array("\":1}".utf8)
        #expect(try problem(of: [UInt8(header.count), 0, 0, 0, 0, 0, 0, 0] + header) == .headerNotJSON("text that is not UTF-8", byte: 13))
    }

    @Test func deepNestingIsRefusedWithoutExhaustingTheStack() throws {
        let header = "{\"a\":" + String(repeating: "[", count: 200_000)
        guard case .headerNotJSON(let reason, _) = try problem(header) else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("nesting"))
    }

    @Test func aKeyGivenTwiceIsRefused() throws {
        #expect(try problem("{\"a\":\(entry()),\"a\":\(entry())}") == .duplicateKey("a"))
        #expect(try problem("{\"a\":\(entry()),\"\\u0061\":\(entry())}") == .duplicateKey("a"), "however it is spelt")
        #expect(try problem("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}") == .duplicateKey("dtype"))
        #expect(try problem("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}") == .duplicateKey("k"))
    }

    @Test func metadataThatIsNotTextIsRefused() throws {
        #expect(try problem("{\"__metadata__\":{\"k\":1}}", dataBytes: 0) == .metadataNotText("k"))
        #expect(try problem("{\"__metadata__\":[]}", dataBytes: 0) == .metadataNotText("__metadata__"))
    }

    @Test func brokenEntriesAreRefused() throws {
        for broken in [
            "1", "{}", "{\"dtype\":\"F32\",\"shape\":[2]}", "{\"dtype\":3,\"shape\":[2],\"data_offsets\":[0,8]}",
            entry("F32", "2"), entry("F32", "[\"2\"]"), entry("F32", "[2.0]"), entry("F32", "[2]", "[0]"), entry("F32", "[2]", "[0,8,8]"),
            entry("F32", "[99999999999999999999]"),
        ] {
            guard case .badEntry("a", _) = try problem("{\"a\":\(broken)}") else {
                Issue.record("not refused: \(broken)")
                continue
            }
        }
    }

    @Test func liesAboutTypesAndSizesAreRefused() throws {
        #expect(try problem("{\"a\":\(entry("F8_E4M3"))}") == .unknownType("a", type: "F8_E4M3"))
        #expect(try problem("{\"a\":\(entry("F32", "[-2]"))}") == .negativeSize("a", key: "shape", "-2"))
        #expect(try problem("{\"a\":\(entry("F32", "[2]", "[-8,0]"))}") == .negativeSize("a", key: "data_offsets", "-8"))
        #expect(try problem("{\"a\":\(entry("F32", "[3]"))}") == .wrongByteCount("a", expected: 12, got: 8))
        let huge = 1 << 40
        #expect(try problem("{\"a\":\(entry("F32", "[\(huge),\(huge)]"))}") == .sizeOverflow("a", shape: [huge, huge]))
        #expect(try problem("{\"a\":\(entry("F32", "[\(1 << 62)]"))}") == .sizeOverflow("a", shape: [1 << 62]), "only the bytes overflow")
        #expect(try problem("{\"a\":\(entry("F32", "[\(huge),\(huge),0]", "[0,0]"))}", dataBytes: 0) == nil, "no elements, however wide")
    }

    @Test func liesAboutOffsetsAreRefused() throws {
        #expect(try problem("{\"a\":\(entry("F32", "[2]", "[8,0]"))}") == .endBeforeBegin("a", begin: 8, end: 0))
        #expect(try problem("{\"a\":\(entry("F32", "[3]", "[0,12]"))}") == .outOfRange("a", end: 12, dataBytes: 8))
        #expect(try problem("{\"a\":\(entry()),\"b\":\(entry())}") == .overlap("b", "a"))
        #expect(try problem("{\"a\":\(entry()),\"b\":\(entry("U8", "[2]", "[6,8]"))}") == .overlap("b", "a"))
        #expect(try problem("{\"a\":\(entry("F32", "[2]", "[4,12]"))}", dataBytes: 12) == .hole(begin: 0, end: 4))
        #expect(
            try problem("{\"a\":\(entry()),\"b\":\(entry("F32", "[1]", "[12,16]"))}", dataBytes: 16) == .hole(begin: 8, end: 12))
        #expect(try problem("{\"a\":\(entry())}", dataBytes: 9) == .trailingBytes(1))
        #expect(try problem("{}", dataBytes: 4) == .trailingBytes(4))
    }

    @Test func noTruncationAndNoFlippedByteCrashesTheReader() throws {
        let whole = [UInt8](try Data(contentsOf: Fixtures.url("archives/every_type.safetensors")))
        for length in stride(from: 0, to: whole.count, by: 17) {
            #expect(try problem(of: Array(whole[..<length])) != nil, "cut to \(length) bytes")
        }
        for index in stride(from: 0, to: whole.count, by: 9) {
            var broken = whole
            broken[index] ^= UInt8(1 + index % 255)
            _ = try problem(of: broken)  // either refused or read: a flipped bit of data cannot be seen
        }
    }
}
