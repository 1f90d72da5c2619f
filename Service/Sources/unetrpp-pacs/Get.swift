import ArgumentParser
import Foundation
import UNETRDICOMWeb
import UNETRSupport

struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fetch a study, or one series of it.",
        discussion: """
            The objects lie in FOLDER/SERIES/OBJECT.dcm, named by their UIDs, in the form in which the archive has them. The folder appears when all that the \
            archive lists is there, or not at all.
            """)

    @OptionGroup var archive: ArchiveOptions
    @Option(help: "UID of the study.") var study: String
    @Option(help: "UID of a series; without it all are fetched.") var series: String?
    @Option(name: .shortAndLong, help: "Folder to write.", completion: .directory) var output: String
    @Flag(help: "Replace an existing folder that holds nothing but fetched series.") var force = false
    @Flag(help: "Print JSON on standard output.") var json = false

    func run() async throws {
        let folder = URL(fileURLWithPath: output)
        try OutputRule(replaces: force).check(folder: folder) { $0.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") } }
        let progress = TransferProgress("fetched")
        let result = try await archive.withArchive { archive in
            try await archive.retrieve(study: study, series: series, into: folder) { progress.show($0, bytes: $1) }
        }
        progress.end()
        if json {
            struct Line: Encodable {
                var series: String
                var objects: Int
            }
            let lines = result.series.sorted { $0.key < $1.key }.map { Line(series: $0.key, objects: $0.value) }
            print(String(decoding: try JSONText.encode(lines), as: UTF8.self))
        } else {
            print("objects: \(result.count), series: \(result.series.count), bytes: \(result.bytes), in \(output)")
        }
    }
}
