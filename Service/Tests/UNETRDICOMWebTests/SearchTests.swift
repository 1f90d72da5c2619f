import Foundation
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETRDICOMWeb

/// Searching, in archives that do it right and in ones that do not.
struct SearchTests {
    @Test func `Studies and series are found page by page, each once`() async throws {
        let archive = try FakeArchive()
        let uids = (1...250).map { "1.2.\($0)" }
        /// Pages of 100, whatever is asked.
        @Sendable func answer(_ request: StandIn.Request, _: Int) -> [StandIn.Step] {
            guard request.path.contains("/studies?") else { return archive.answer(request) }
            let offset = request.path.components(separatedBy: "offset=").last.flatMap { Int($0) } ?? 0
            return .json("[\(uids.dropFirst(offset).prefix(100).map(archive.study).joined(separator: ","))]")
        }
        try await StandIn.with(answer) { server in
            try await DICOMWebClient.with(DICOMWebAddress(server.url), .hasty) { client async throws in
                let (all, hasMore) = try await client.studies(matching: StudyQuery(modality: "CT"), most: 1000)
                #expect(all.map(\.uid) == uids && !hasMore)
                #expect(all[0].date == "20260131" && all[0].modalities == ["CT", "SEG"] && all[0].description == "Ab domen")
                #expect(all[0].seriesCount == 1 && all[0].objectCount == 6 && all[0].patient == nil)
                let (some, more) = try await client.studies(matching: StudyQuery(), most: 120, patients: true)
                #expect(some.count == 120 && more)
                #expect(some[0].patient == ArchivedPatient(name: "DOE^JANE", number: "MRN-4711", birthDate: "19610203"))
                let series = try await client.series(of: archive.study)
                #expect(series.map(\.uid) == [archive.series] && series[0].modality == "CT" && series[0].number == 2 && series[0].objectCount == 6)
            }
            #expect(!server.requests[0].path.contains("0010"), "nothing of patients is asked for")
            #expect(server.requests[0].path.hasPrefix("/dicom-web/studies?ModalitiesInStudy=CT&includefield=00080061,00081030,00201206,00201208&limit="))
        }
    }

    @Test func `An archive that knows no pages is asked no more than twice; one that has nothing says so with 204`() async throws {
        let archive = try FakeArchive()
        for (steps, studies, requests) in [([StandIn.Step].json("[\(archive.study("1.2"))]"), 1, 2), (.answer(204), 0, 1)] {
            try await StandIn.with { _, _ in
                steps
            } during: { server async throws in
                try await DICOMWebClient.with(DICOMWebAddress(server.url), .hasty) { client async throws in
                    #expect(try await client.studies(matching: StudyQuery()).studies.count == studies)
                }
                #expect(server.requests.count == requests)
            }
        }
    }

    @Test func `Something else than was asked for is refused`() async throws {
        let archive = try FakeArchive()
        let found = try await StandIn.with { _, _ in
            .json("[\(archive.study("1.9"))]")
        } during: {
            try await problem($0.url) { _ = try await $0.studies(matching: StudyQuery(study: "1.2")) }
        }
        #expect(found == .foreign(what: "study 1.9"))
        let series = try await StandIn.with { request, _ in
            archive.answer(request)
        } during: { server async throws in
            try await problem(server.url) { _ = try await $0.objects(of: "1.2", in: archive.study) }
        }
        #expect(series == .foreign(what: "something of another series"))
    }
}
