import Foundation
import UNETRSupport

/// The lines of text at the front of a file, one after the other.
final class HeaderLines {
    /// A longer header is not one: a few lines are what a volume needs.
    static let most = 1 << 20

    let path: String
    private let format: String
    private let file: InputFile
    private var bytes: [UInt8] = []
    private var hasEnded = false

    /// The byte after the last line that was read.
    private(set) var position = 0

    /// Size of the whole file.
    var fileBytes: Int { file.size }

    init(_ url: URL, format: String) throws {
        path = url.path
        self.format = format
        do { file = try InputFile(url) } catch let error as FileError { throw VolumeError.cannotOpen(path: url.path, reason: error.problem) }
    }

    /// The next line without its end; nil at the end of the file.
    ///
    /// - Throws: `VolumeError.badHeader` when the header is longer than any is.
    func next() throws -> String? {
        var searched = position
        while true {
            if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) { return line(until: end, next: end + 1) }
            searched = bytes.count
            if hasEnded { return position < bytes.count ? line(until: bytes.count, next: bytes.count) : nil }
            guard bytes.count < Self.most else {
                throw VolumeError.badHeader(path: path, field: "length", value: "more than \(Self.most) bytes", rule: "no \(format) header is so long")
            }
            var part = [UInt8](repeating: 0, count: 1 << 12)
            let count = try part.withUnsafeMutableBytes { try file.read(into: $0) }
            hasEnded = count == 0
            bytes += part.prefix(count)
        }
    }

    private func line(until end: Int, next: Int) -> String {
        var text = bytes[position..<end]
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        position = next
        return String(decoding: text, as: UTF8.self)
    }
}

/// The fields of a header made of text, and their checked conversions.
struct HeaderFields {
    let path: String
    /// Values by the names they are looked up with.
    private(set) var values: [String: String] = [:]

    init(path: String) { self.path = path }

    /// - Throws: `VolumeError.badHeader` for a field that is there already with another value.
    mutating func add(_ name: String, _ value: String) throws {
        guard values.updateValue(value, forKey: name) ?? value == value else { throw bad(name, value, "it is also there with another value") }
    }

    subscript(_ name: String) -> String? { values[name] }

    func required(_ name: String) throws -> String {
        guard let value = values[name] else { throw bad(name, "missing", "without it the voxels cannot be read") }
        return value
    }

    /// Numbers with white space between them; nil where there is no such field.
    func numbers(_ name: String, count: Int) throws -> [Double]? {
        guard let value = values[name] else { return nil }
        let numbers = value.split(whereSeparator: \.isWhitespace).map { Double($0) }
        guard numbers.count == count, !numbers.contains(nil) else { throw bad(name, value, "\(count) numbers are expected") }
        return numbers.compactMap(\.self)
    }

    func integer(_ name: String) throws -> Int? {
        guard let value = values[name] else { return nil }
        guard let number = Int(value) else { throw bad(name, value, "a whole number is expected") }
        return number
    }

    /// The three lengths of the file's axes, the fastest first.
    func sizes(_ name: String) throws -> [Int] {
        let value = try required(name)
        let numbers = value.split(whereSeparator: \.isWhitespace).map { Int($0) }
        guard numbers.count == 3, !numbers.contains(nil) else { throw bad(name, value, "three whole numbers are expected") }
        let sizes = numbers.compactMap(\.self)
        guard sizes.allSatisfy({ $0 >= 1 }) else { throw bad(name, value, "an axis has at least 1 voxel") }
        guard sizes.allSatisfy({ $0 <= Int32.max }) else { throw bad(name, value, "an axis has less than 2³¹ voxels") }
        // 8 bytes a voxel at most.
        guard let count = sizes.checkedProduct(), count <= Int.max / 128 else { throw bad(name, value, "no computer holds so many voxels") }
        return sizes
    }

    /// Refuses a geometry that positions cannot be computed with.
    func check(_ geometry: Geometry, _ name: String) throws {
        if let problem = geometry.problem { throw bad(name, values[name] ?? "missing", problem) }
    }

    func bad(_ name: String, _ value: String, _ rule: String) -> VolumeError {
        // A value may be as long as a header.
        .badHeader(path: path, field: name, value: value.count > 80 ? "\(value.prefix(80))…" : value, rule: rule)
    }
}

extension Geometry {
    /// Where voxels lie whose directions are given in the space of DICOM and ITK: LPS+, x to the left and y to the back.
    ///
    /// - Parameters:
    ///   - sizes: the fastest axis first.
    ///   - steps: from one voxel to the next along each file axis, in mm.
    ///   - flips: whether x and y of that space run against RAS+.
    init(sizes: [Int], steps: [[Double]], origin: [Double], spacings: [Double], flips: [Bool]) {
        func signed(_ value: Double, _ row: Int) -> Double { flips[row] && value != 0 ? -value : value }
        let rows = (0..<3).map { row in (0..<3).map { signed(steps[$0][row], row) } + [signed(origin[row], row)] }
        self.init(size: Size3(sizes[2], sizes[1], sizes[0]), affine: rows + [[0, 0, 0, 1]], spacing: spacings.reversed())
    }
}

/// The file of the voxels that a header names.
enum DetachedFile {
    /// Where the voxels of a header that is about to be written go: the header's name with another ending.
    ///
    /// - Throws: `VolumeError.cannotWrite` where such a file is there without that header: it may hold the voxels of another.
    static func url(beside header: URL, ending: String) throws -> URL {
        let voxels = header.deletingPathExtension().appendingPathExtension(ending)
        let exists = FileManager.default.fileExists(atPath:)
        guard exists(header.path) || !exists(voxels.path) else {
            throw VolumeError.cannotWrite(path: voxels.path, reason: "it is there and may hold the voxels of another header")
        }
        return voxels
    }

    /// - Throws: `VolumeError` for several files, and for a name that leads out of the header's folder: a scan from elsewhere must not make
    ///   the program read any file of this machine.
    static func url(named name: String, in header: URL) throws -> URL {
        guard !name.uppercased().hasPrefix("LIST"), !name.contains("%") else {
            throw VolumeError.unsupported(path: header.path, what: "voxels in several files ('\(name.prefix(80))')", expected: "one file of voxels")
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, !name.hasPrefix("/"), !name.contains("\\"), !parts.contains(".."), !name.utf8.contains(0) else {
            throw VolumeError.unsupported(
                path: header.path, what: "the voxels' file '\(name.prefix(80))'", expected: "a file in the header's folder")
        }
        let url = header.deletingLastPathComponent().appendingPathComponent(name)
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw FileManager.default.fileExists(atPath: header.path)
                ? VolumeError.missingPartner(path: header.path, looked: [name]) : VolumeError.cannotOpen(path: header.path, reason: "no such file")
        }
        return url
    }
}
