import Foundation
import UNETRSupport
import UNETRVolumes

/// Objects of one series as they come: each is written to the disk while it comes, looked at when it is whole, and named after its identifier.
///
/// Names never come from the archive's headers, and identifiers are digits and dots.
struct ReceivedObjects: PartReceiver {
    /// No object is longer than this, in bytes: an archive must not fill the disk with one that does not end.
    static let longest = 1 << 36

    let folder: URL
    let study, series: String
    /// The identifiers of those that are whole.
    private(set) var received: Set<String> = []
    private(set) var bytes = 0
    private let report: (Int, Int) -> Void

    private var file: OutputFile?
    private var incoming: URL { folder.appendingPathComponent("incoming") }

    /// - Parameters:
    ///   - folder: a new folder for them.
    ///   - report: gets the number of objects and bytes after each object.
    init(_ folder: URL, study: String, series: String, _ report: @escaping (Int, Int) -> Void) throws {
        self.folder = folder
        self.study = study
        self.series = series
        self.report = report
        try AtomicFile.makeFolder(folder)
    }

    mutating func begin() throws { file = try OutputFile(incoming) }

    mutating func take(_ piece: UnsafeRawBufferPointer) throws {
        guard let file else { return }
        guard file.position + piece.count <= Self.longest else { throw DICOMWebProblem.malformed(what: "an object has no end") }
        try file.write(piece)
    }

    mutating func end() throws {
        guard let whole = file else { return }
        try whole.flush()
        file = nil
        let name = try Self.name(of: incoming)
        guard name.study == study, name.series == series else { throw DICOMWebProblem.foreign(what: "an object of another series") }
        let place = folder.appendingPathComponent("\(name.instance).dcm")
        // Asked again after a broken connection, an archive sends the same objects once more.
        if received.contains(name.instance) {
            guard FileManager.default.contentsEqual(atPath: place.path, andPath: incoming.path) else {
                throw DICOMWebProblem.malformed(what: "object \(name.instance) came twice, and not the same")
            }
            return
        }
        guard !FaultInjection.strikes(.rename, place.path), rename(incoming.path, place.path) == 0 else {
            throw FileError(path: place.path, problem: "cannot be written: \(String(cString: strerror(errno)))")
        }
        received.insert(name.instance)
        bytes += whole.position
        report(received.count, bytes)
    }

    /// Takes away what is not whole.
    mutating func discard() {
        file = nil
        try? FileManager.default.removeItem(at: incoming)
    }

    private static func name(of file: URL) throws -> DICOMObjectName {
        do {
            if let name = try DICOMObjectName(contentsOf: file) { return name }
        } catch let error as DICOMError {
            throw DICOMWebProblem.malformed(what: "an object is damaged: \(error.problem)")
        }
        throw DICOMWebProblem.malformed(what: "a part of it is no DICOM object")
    }
}

/// An object as it comes back, compared with the file it was sent from.
struct ComparedObject: PartReceiver {
    private let url: URL
    private var file: InputFile?
    private var isSame = true
    private var parts = 0

    init(_ url: URL) { self.url = url }

    /// Whether exactly one object came, and it is the file to the byte.
    var isEqual: Bool { isSame && parts == 1 }

    mutating func begin() throws {
        parts += 1
        file = try InputFile(url)
    }

    mutating func take(_ bytes: UnsafeRawBufferPointer) throws {
        guard let file, isSame else { return }
        var rest = bytes
        try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { room in
            while isSame, !rest.isEmpty {
                let got = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room.prefix(min(rest.count, room.count))))
                isSame = got > 0 && memcmp(rest.baseAddress!, room.baseAddress!, got) == 0
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(got))
            }
        }
    }

    mutating func end() throws {
        guard let file else { return }
        var byte: UInt8 = 0
        if try withUnsafeMutableBytes(of: &byte, { try file.read(into: $0) }) > 0 { isSame = false }
        self.file = nil
    }
}
