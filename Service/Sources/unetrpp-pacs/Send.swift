import ArgumentParser
import Foundation
import UNETRDICOMWeb
import UNETRSupport

struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send objects: images, segmentations, structure sets.",
        discussion: """
            All files are looked at before any is sent. The archive must say of each object that it has it, and list it afterwards. To send something once more \
            does no harm.
            """)

    @OptionGroup var archive: ArchiveOptions
    @Argument(help: "Files, and folders with files at any depth.", completion: .file()) var files: [String]
    @Flag(help: "Also get each object back and compare the bytes.") var verify = false
    @Flag(help: "Print JSON on standard output.") var json = false

    func run() async throws {
        let (objects, others) = try ObjectFile.all(in: files.map { URL(fileURLWithPath: $0) })
        if others > 0 { say("\(others) other file\(others == 1 ? "" : "s") passed over: no DICOM object.") }
        let progress = TransferProgress("sent")
        let sent = try await archive.withArchive { archive in
            try await archive.store(objects, verify: verify) { progress.show($0) }
        }
        progress.end()
        if json { try printJSON(sent) }
        for object in sent where object.outcome != .arrived(warning: nil) { say("\(object.instance) \(object.words).") }
        let arrived = sent.filter(\.hasArrived).count
        guard arrived == sent.count else { throw UnsentObjects(sent: sent, archive: archive.url) }
        if !json { print("\(arrived) of \(sent.count) objects are there\(verify ? ", equal to the byte" : "")") }
    }

    private func printJSON(_ sent: [SentObject]) throws {
        struct Line: Encodable {
            var object: String
            var arrived: Bool
            var outcome: String
        }
        let lines = sent.map { Line(object: $0.instance, arrived: $0.hasArrived, outcome: $0.words) }
        print(String(decoding: try JSONText.encode(lines), as: UTF8.self))
    }
}

/// Some objects are not where they should be.
struct UnsentObjects: Error, CustomStringConvertible {
    let sent: [SentObject]
    let archive: String

    /// Whether all that was refused was refused for want of room or time.
    var isTemporary: Bool {
        sent.filter { !$0.hasArrived }.allSatisfy { object in
            if case .refused(let code?) = object.outcome { (0xA700...0xA7FF).contains(code) } else { false }
        }
    }

    var description: String {
        let count = sent.filter { !$0.hasArrived }.count
        return
            "\(archive): \(count) of \(sent.count) objects \(count == 1 ? "has not arrived as it" : "have not arrived as they") should; see above, and the archive's log"
    }
}
