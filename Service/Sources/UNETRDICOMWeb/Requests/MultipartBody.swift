import Foundation
import NIOCore
import UNETRSupport

/// Files as the parts of one request, read while they are sent.
struct MultipartBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let files: [(url: URL, length: Int)]
    let boundary: String

    /// What stands before each file.
    private var head: String { "--\(boundary)\r\nContent-Type: application/dicom\r\n\r\n" }
    private static let foot = "\r\n"
    private var last: String { "--\(boundary)--\r\n" }

    /// The bytes of all.
    var length: Int { files.reduce(last.utf8.count) { $0 + head.utf8.count + $1.length + Self.foot.utf8.count } }

    /// A boundary that is in no file, by all chance.
    static func newBoundary() -> String { "unetrpp-\(UUID().uuidString.lowercased())" }

    func makeAsyncIterator() -> Iterator { Iterator(body: self) }

    struct Iterator: AsyncIteratorProtocol {
        /// So much is read at once.
        private static let piece = 1 << 17

        private let body: MultipartBody
        private var number = 0
        private var file: InputFile?
        private var left = 0
        private var hasEnded = false

        init(body: MultipartBody) { self.body = body }

        /// - Throws: `FileError` for a file that cannot be read, or is not what it was.
        mutating func next() async throws -> ByteBuffer? {
            guard !hasEnded else { return nil }
            if let file { return try piece(of: file) }
            guard number < body.files.count else {
                hasEnded = true
                return ByteBuffer(string: body.last)
            }
            let (url, length) = body.files[number]
            let opened = try InputFile(url)
            guard opened.size == length else { throw Self.changed(url.path) }
            (file, left) = (opened, length)
            return ByteBuffer(string: body.head)
        }

        private mutating func piece(of file: InputFile) throws -> ByteBuffer {
            guard left > 0 else {
                self.file = nil
                number += 1
                return ByteBuffer(string: MultipartBody.foot)
            }
            var buffer = ByteBuffer()
            let wanted = Swift.min(left, Self.piece)
            let got = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { room in
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room.prefix(wanted)))
            }
            guard got > 0 else { throw Self.changed(file.path) }
            left -= got
            return buffer
        }

        private static func changed(_ path: String) -> FileError {
            FileError(path: path, problem: "changed while it was sent; send it again when nobody writes to it")
        }
    }
}
