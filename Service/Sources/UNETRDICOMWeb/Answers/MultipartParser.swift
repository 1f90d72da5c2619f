import Foundation

/// Takes a multipart answer apart while it comes (RFC 2046, 5.1.1), in whatever pieces. It keeps no more than a boundary, or the headers of a part.
package struct MultipartParser {
    /// What has come.
    package enum Event {
        /// The headers of a part, by their names in small letters.
        case begin([String: String])
        /// Some of its bytes.
        case bytes(UnsafeRawBufferPointer)
        /// Its end.
        case end
    }

    /// What is wrong with an answer.
    package enum Problem: Error, Equatable {
        /// It ended before its last boundary.
        case truncated
        /// It breaks a rule.
        case malformed(String)
    }

    /// The headers of a part are no longer than this.
    static let longestHeaders = 1 << 14
    /// So much may stand before the first boundary or behind the last.
    static let longestSurplus = 1 << 16
    /// White space behind a boundary is no longer than this.
    private static let longestPadding = 64

    private enum State { case preamble, headers, content, epilogue }

    private let delimiter: [UInt8]
    private var state = State.preamble
    private var pending: [UInt8]
    /// Bytes at the start of what is pending that are no content, though the next delimiter may begin with them.
    private var surplus = 2
    private var surplusSeen = 0
    /// What the part's headers say of its length, and what has come of it.
    private var statedLength: Int?
    private var length = 0

    /// Bytes that are kept until more come.
    var pendingCount: Int { pending.count }

    /// - Parameter boundary: of the answer's `Content-Type`.
    package init(boundary: String) throws {
        guard (1...200).contains(boundary.utf8.count), boundary.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw Problem.malformed("it has no boundary")
        }
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first boundary may stand at the very beginning.
        pending = [0x0D, 0x0A]
    }

    /// Takes the next bytes.
    ///
    /// - Throws: `Problem`, and what `report` throws.
    package mutating func take(_ bytes: UnsafeRawBufferPointer, _ report: (Event) throws -> Void) throws {
        if state == .epilogue { return try passOver(bytes.count) }
        pending.append(contentsOf: bytes)
        var position = 0
        while let next = try step(from: position, report) { position = next }
        pending.removeFirst(position)
        if state == .epilogue {
            try passOver(pending.count)
            pending = []
        }
    }

    /// To be called when the answer has ended.
    ///
    /// - Throws: `Problem.truncated` unless its last boundary has come.
    package func finish() throws { if state != .epilogue { throw Problem.truncated } }

    private mutating func passOver(_ count: Int) throws {
        surplusSeen += count
        guard surplusSeen <= Self.longestSurplus else { throw Problem.malformed("\(surplusSeen) bytes stand outside its parts") }
    }

    /// Works on what is pending from `position` on; the position reached, or nil where more bytes are needed or the end has come.
    private mutating func step(from position: Int, _ report: (Event) throws -> Void) throws -> Int? {
        switch state {
        case .epilogue: return nil
        case .headers: return try headers(from: position, report)
        case .preamble, .content: return try content(from: position, report)
        }
    }

    // MARK: Content

    private enum Line {
        /// A boundary, whose line ends before this position.
        case boundary(end: Int)
        /// The last one.
        case last
        case none
        /// Too few bytes to tell.
        case unknown
    }

    /// What begins at `position`, where a carriage return stands.
    private func line(at position: Int) -> Line {
        for (index, byte) in delimiter.enumerated() {
            guard position + index < pending.count else { return .unknown }
            guard pending[position + index] == byte else { return .none }
        }
        var next = position + delimiter.count
        if next + 1 < pending.count, pending[next] == UInt8(ascii: "-"), pending[next + 1] == UInt8(ascii: "-") { return .last }
        if next + 1 == pending.count, pending[next] == UInt8(ascii: "-") { return .unknown }
        let most = next + Self.longestPadding
        while next < min(pending.count, most), pending[next] == 0x20 || pending[next] == 0x09 { next += 1 }
        guard next < most else { return .none }
        guard next + 1 < pending.count else { return next == pending.count || pending[next] == 0x0D ? .unknown : .none }
        return pending[next] == 0x0D && pending[next + 1] == 0x0A ? .boundary(end: next + 2) : .none
    }

    private mutating func content(from position: Int, _ report: (Event) throws -> Void) throws -> Int? {
        var search = position
        while let found = firstReturn(from: search) {
            let line = line(at: found)
            switch line {
            case .none: search = found + 1
            case .unknown: return try pass(position..<found, report)
            case .last, .boundary:
                _ = try pass(position..<found, report)
                if state == .content {
                    if let statedLength, statedLength != length { throw Self.wrongLength(statedLength, "\(length)") }
                    try report(.end)
                }
                guard case .boundary(let end) = line else {
                    state = .epilogue
                    return found + delimiter.count + 2
                }
                state = .headers
                return end
            }
        }
        return try pass(position..<pending.count, report)
    }

    private func firstReturn(from position: Int) -> Int? {
        pending.withUnsafeBytes { bytes in
            guard position < bytes.count, let start = bytes.baseAddress else { return nil }
            return memchr(start + position, 0x0D, bytes.count - position).map { start.distance(to: UnsafeRawPointer($0)) }
        }
    }

    /// Reports content; the position behind it, or nil where there is none.
    private mutating func pass(_ range: Range<Int>, _ report: (Event) throws -> Void) throws -> Int? {
        guard !range.isEmpty else { return nil }
        let left = min(surplus, range.count)
        surplus -= left
        let content = range.dropFirst(left)
        if state == .preamble {
            try passOver(content.count)
        } else if !content.isEmpty {
            length += content.count
            if let statedLength, length > statedLength { throw Self.wrongLength(statedLength, "more") }
            try pending.withUnsafeBytes { try report(.bytes(UnsafeRawBufferPointer(rebasing: $0[content]))) }
        }
        return range.upperBound
    }

    private static func wrongLength(_ stated: Int, _ found: String) -> Problem {
        .malformed("a part should have \(stated) bytes by its own header, but has \(found)")
    }

    // MARK: Headers

    private mutating func headers(from position: Int, _ report: (Event) throws -> Void) throws -> Int? {
        guard let end = headersEnd(from: position) else {
            guard pending.count - position <= Self.longestHeaders else {
                throw Problem.malformed("the headers of a part are longer than \(Self.longestHeaders) bytes")
            }
            return nil
        }
        let headers = try Self.fields(String(decoding: pending[position..<end - 2], as: UTF8.self))
        statedLength = try headers["content-length"].map { text in
            guard let number = Int(text), number >= 0 else { throw Problem.malformed("the length of a part is no number") }
            return number
        }
        (length, state) = (0, .content)
        // A part without content ends with the empty line behind its headers: that belongs to the next boundary then.
        surplus = 2
        try report(.begin(headers))
        return end - 2
    }

    /// Where the empty line behind the headers ends; nil where it has not come.
    private func headersEnd(from position: Int) -> Int? {
        var lineStart = position, search = position
        while let found = firstReturn(from: search), found + 1 < pending.count {
            search = found + 1
            guard pending[found + 1] == 0x0A else { continue }
            if found == lineStart { return found + 2 }
            lineStart = found + 2
        }
        return nil
    }

    private static func fields(_ text: String) throws -> [String: String] {
        var fields: [String: String] = [:], last: String?
        for line in text.components(separatedBy: "\r\n") where !line.isEmpty {
            if line.first == " " || line.first == "\t" {
                // A line that goes on with the one before.
                guard let last else { throw Problem.malformed("the headers of a part begin with a space") }
                fields[last]? += " " + line.trimmingCharacters(in: .whitespaces)
                continue
            }
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { throw Problem.malformed("a header of a part has no name") }
            let name = line[..<colon].lowercased()
            fields[name] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            last = name
        }
        return fields
    }
}
