import Foundation
import Testing

@testable import UNETRDICOMWeb

struct MultipartParserTests {
    struct Part: Equatable {
        var headers: [String: String]
        var bytes: [UInt8] = []
        var isWhole = false
    }

    /// The parts of an answer that comes in these pieces.
    static func parts(_ pieces: [ArraySlice<UInt8>], boundary: String = "B") throws -> [Part] {
        var parser = try MultipartParser(boundary: boundary), parts: [Part] = []
        for piece in pieces {
            try Array(piece).withUnsafeBytes { bytes in
                try parser.take(bytes) { event in
                    switch event {
                    case .begin(let headers): parts.append(Part(headers: headers))
                    case .bytes(let bytes): parts[parts.count - 1].bytes += Array(bytes)
                    case .end: parts[parts.count - 1].isWhole = true
                    }
                }
            }
        }
        try parser.finish()
        return parts
    }

    static func parts(_ text: String) throws -> [Part] { try parts([Array(text.utf8)[...]]) }

    private static func problem(_ text: String) -> MultipartParser.Problem? {
        do { _ = try parts(text) } catch { return error as? MultipartParser.Problem }
        return nil
    }

    /// With what makes it hard: beginnings of the boundary in the content, an empty part, a folded header, white space behind a boundary.
    private static let hard = Array(
        ("preamble\r\n--B \t\r\nContent-Type: application/dicom;\r\n  x=y\r\nContent-Length: 22\r\n\r\n\r\n-\r\n--\r\n--A\r\r\n--Bx\r\n-\r\n--B\r\n\r\n--B\r\n"
            + "A: b\r\n\r\n\r\n--B\r\nC:\r\n\r\n\r\n\r\r\n--B--\r\nepilogue--B\r\n").utf8)
    private static let expected = [
        Part(
            headers: ["content-type": "application/dicom; x=y", "content-length": "22"], bytes: Array("\r\n-\r\n--\r\n--A\r\r\n--Bx\r\n-".utf8), isWhole: true),
        Part(headers: [:], isWhole: true), Part(headers: ["a": "b"], isWhole: true), Part(headers: ["c": ""], bytes: [13, 10, 13], isWhole: true),
    ]

    @Test func `An answer is taken apart`() throws {
        #expect(try Self.parts([Self.hard[...]]) == Self.expected)
        #expect(try Self.parts("--B--") == [])
        #expect(try Self.parts("--B\r\n\r\nx\r\n--B--") == [Part(headers: [:], bytes: [120], isWhole: true)])
    }

    @Test func `It may come in any two pieces, any three, or byte by byte`() throws {
        let bytes = Self.hard
        for first in 0...bytes.count {
            #expect(try Self.parts([bytes[..<first], bytes[first...]]) == Self.expected, "cut at \(first)")
            for second in stride(from: first, through: bytes.count, by: 3) {
                let parts = try Self.parts([bytes[..<first], bytes[first..<second], bytes[second...]])
                if parts != Self.expected { Issue.record("cut at \(first) and \(second)") }
            }
        }
        #expect(try Self.parts(bytes.indices.map { bytes[$0...$0] }) == Self.expected)
    }

    @Test func `Whatever is cut off is noticed`() {
        let end = Self.hard.count - "\r\nepilogue--B\r\n".utf8.count
        for count in 0..<end {
            #expect(throws: MultipartParser.Problem.truncated, "after \(count) bytes") { try Self.parts([Self.hard[..<count]]) }
        }
        #expect(throws: Never.self) { try Self.parts([Self.hard[..<end]]) }
    }

    @Test func `Lengths that lie, and headers that are none, are refused`() {
        #expect(Self.problem("--B\r\nContent-Length: 3\r\n\r\nab\r\n--B--") == .malformed("a part should have 3 bytes by its own header, but has 2"))
        #expect(Self.problem("--B\r\nContent-Length: 1\r\n\r\nab\r\n--B--") == .malformed("a part should have 1 bytes by its own header, but has more"))
        for length in ["x", "-1", "99999999999999999999", ""] {
            #expect(Self.problem("--B\r\nContent-Length: \(length)\r\n\r\nab\r\n--B--") == .malformed("the length of a part is no number"))
        }
        #expect(Self.problem("--B\r\nno colon\r\n\r\nab\r\n--B--") == .malformed("a header of a part has no name"))
        #expect(Self.problem("--B\r\n folded\r\n\r\nab\r\n--B--") == .malformed("the headers of a part begin with a space"))
        #expect(Self.problem("") == .truncated)
        #expect(Self.problem("<html>--B</html>") == .truncated)
    }

    @Test func `What surrounds the parts, headers and boundaries have limits`() {
        let long = String(repeating: "x", count: 1 << 17)
        #expect(Self.problem(long) == .malformed("131072 bytes stand outside its parts"))
        #expect(Self.problem("--B--\r\n\(long)") == .malformed("131074 bytes stand outside its parts"))
        #expect(Self.problem("--B\r\nA: \(long)") == .malformed("the headers of a part are longer than 16384 bytes"))
        for boundary in ["", "a\nb", String(repeating: "x", count: 201)] {
            #expect(throws: MultipartParser.Problem.malformed("it has no boundary")) { try MultipartParser(boundary: boundary) }
        }
    }

    /// Every byte changed in several ways, each one left out, each one doubled: what comes out is never more than what went in, parts that are
    /// whole are never longer than they say, and nothing crashes.
    @Test func `Damaged answers`() {
        func check(_ bytes: [UInt8]) {
            guard let parts = try? Self.parts([bytes[...]]) else { return }
            #expect(parts.reduce(0) { $0 + $1.bytes.count } <= bytes.count)
            for part in parts {
                #expect(part.isWhole)
                if let length = part.headers["content-length"].flatMap({ Int($0) }) { #expect(part.bytes.count == length) }
            }
        }
        for index in Self.hard.indices {
            for byte: UInt8 in [0, 10, 13, 32, 45, 58, 66, 255, Self.hard[index] ^ 1] {
                var damaged = Self.hard
                damaged[index] = byte
                check(damaged)
            }
            check(Array(Self.hard[..<index] + Self.hard[(index + 1)...]))
            check(Array(Self.hard[...index] + Self.hard[index...]))
        }
    }

    @Test func `Large parts pass through without being kept`() throws {
        var parser = try MultipartParser(boundary: "B"), count = 0
        let piece = [UInt8](repeating: 13, count: 1 << 16)
        try Array("--B\r\n\r\n".utf8).withUnsafeBytes { try parser.take($0) { _ in } }
        for _ in 0..<64 {
            try piece.withUnsafeBytes { try parser.take($0) { if case .bytes(let bytes) = $0 { count += bytes.count } } }
            #expect(MemoryLayout.size(ofValue: parser) < 200 && parser.pendingCount <= 5)
        }
        #expect(count >= 64 << 16 - 5)
    }
}

struct MediaTypeTests {
    @Test func `Types and their parameters are read`() {
        let type = MediaType(" Multipart/Related ; type=\"application/dicom\"; Boundary=\"a\\\"b; c\" ;x=1;")
        #expect(type?.name == "multipart/related")
        #expect(type?.parameters == ["type": "application/dicom", "boundary": "a\"b; c", "x": "1"])
        #expect(MediaType("application/dicom")?.parameters == [:])
        for text in ["", "text", "a/", "/b", "a/b; c", "a/b; =c", "a/b; c=\"d", "a/b; c=\"d\\", "a/b x"] { #expect(MediaType(text) == nil, "\(text)") }
        #expect(MediaType("text/h\u{1B}tml")?.shown == "an unknown type")
    }
}
