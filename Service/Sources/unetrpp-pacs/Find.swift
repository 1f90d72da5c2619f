import ArgumentParser
import UNETRDICOMWeb
import UNETRSupport

struct Find: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show studies, or the series of one.",
        discussion: """
            Nothing that names a patient is asked for or shown without --show-patients. With --json the answer holds UIDs, modalities and counts: no patients, no \
            dates, no descriptions.
            """)

    @OptionGroup var archive: ArchiveOptions
    @Option(help: "Patient's number; * and ? stand for others where the archive knows that.") var patientID: String?
    @Option(help: "UID of a study.") var study: String?
    @Option(help: "Modality, such as CT.") var modality: String?
    @Option(help: "Day of the study, YYYYMMDD, or a range such as 20260101-20261231.") var date: String?
    @Option(help: "Show the series of the study with this UID.") var seriesOf: String?
    @Option(help: "Show no more studies than this.") var limit = 100
    @Flag(help: "Show names, numbers and birth dates, too.") var showPatients = false
    @Flag(help: "Print JSON on standard output.") var json = false

    func validate() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit is \(limit); expected 1 to 100000") }
        guard !json || !showPatients else { throw ValidationError("--json holds nothing of patients; leave out --show-patients") }
        guard seriesOf == nil || patientID == nil && study == nil && date == nil && !showPatients else {
            throw ValidationError("--series-of shows the series of one study; besides it only --modality selects")
        }
    }

    func run() async throws {
        try await archive.withArchive { archive in
            if let seriesOf {
                try show(await archive.series(of: seriesOf, modality: modality), of: seriesOf)
            } else {
                let query = StudyQuery(patientID: patientID, study: study, modality: modality, date: date)
                let (studies, hasMore) = try await archive.studies(matching: query, most: limit, patients: showPatients)
                try show(studies)
                if hasMore { say("There are more than \(limit) studies; --limit shows more of them.") }
            }
        }
    }

    private func show(_ studies: [ArchivedStudy]) throws {
        struct Line: Encodable {
            var study: String
            var modalities: [String]
            var series, objects: Int?
        }
        if json {
            let lines = studies.map { Line(study: $0.uid, modalities: $0.modalities, series: $0.seriesCount, objects: $0.objectCount) }
            return print(String(decoding: try JSONText.encode(lines), as: UTF8.self))
        }
        guard !studies.isEmpty else { return say("No study was found.") }
        let head = ["study", "date", "modalities", "series", "objects", "description"] + (showPatients ? ["patient", "number", "born"] : [])
        let rows = studies.map { study in
            [study.uid, study.date, study.modalities.joined(separator: ","), Self.text(study.seriesCount), Self.text(study.objectCount), study.description]
                + (showPatients ? [study.patient?.name ?? "", study.patient?.number ?? "", study.patient?.birthDate ?? ""] : [])
        }
        print(TextTable.render(head: head, rows: rows))
    }

    private func show(_ series: [ArchivedSeries], of study: String) throws {
        struct Line: Encodable {
            var study, series, modality: String
            var objects: Int?
        }
        if json {
            let lines = series.map { Line(study: study, series: $0.uid, modality: $0.modality, objects: $0.objectCount) }
            return print(String(decoding: try JSONText.encode(lines), as: UTF8.self))
        }
        guard !series.isEmpty else { return say("No series was found.") }
        let rows = series.map { [$0.uid, Self.text($0.number), $0.modality, Self.text($0.objectCount), $0.description] }
        print(TextTable.render(head: ["series", "number", "modality", "objects", "description"], rows: rows))
    }

    private static func text(_ number: Int?) -> String { number.map(String.init) ?? "-" }
}
