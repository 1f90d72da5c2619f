import Foundation
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETRDICOMWeb

/// Searching, fetching and sending, with an archive that does it right, and with ones that do not.
struct TransferTests {
    // MARK: Search

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

    // MARK: Fetching

    /// Fetches with an archive that answers otherwise where `fault` says so; the problem, and what lies in the folder afterwards.
    private func retrieve(
        _ archive: FakeArchive, retries: Int = 0, _ fault: @escaping @Sendable (StandIn.Request, Int) -> [StandIn.Step]?
    ) async throws -> (problem: DICOMWebProblem?, files: [String], result: RetrievedObjects?) {
        try await withTemporaryFolder { folder in
            var settings = DICOMWebSettings.hasty
            settings.retries = retries
            return try await StandIn.with {
                fault($0, $1) ?? archive.answer($0)
            } during: { server async throws in
                var result: RetrievedObjects?
                let problem = try await problem(server.url, settings) {
                    result = try await $0.retrieve(study: archive.study, into: folder.appending(path: "new"))
                }
                if problem == nil {
                    for object in archive.objects {
                        let file = folder.appending(path: "new/\(archive.series)/\(object.name.instance).dcm")
                        #expect(try Array(Data(contentsOf: file)) == object.bytes)
                    }
                }
                return (problem, files(in: folder), result)
            }
        }
    }

    private static func isSeries(_ request: StandIn.Request, _ archive: FakeArchive) -> Bool { request.path.hasSuffix("/series/\(archive.series)") }

    @Test func `A study is fetched, equal to the byte, in whatever form it is stored`() async throws {
        for fixture in ["07_evrle", "07_j2k", "07_deflated", "08c_enhanced_mr_shuffled"] {
            let archive = try FakeArchive(fixture)
            let (problem, files, result) = try await retrieve(archive) { request, _ in
                if Self.isSeries(request, archive) { #expect(request.headers["accept"] == "multipart/related; type=\"application/dicom\"; transfer-syntax=*") }
                return nil
            }
            #expect(problem == nil && files.count == archive.objects.count + 2)
            #expect(result == RetrievedObjects(series: [archive.series: archive.objects.count], bytes: archive.objects.reduce(0) { $0 + $1.bytes.count }))
        }
    }

    @Test func `Names in an answer's headers are of no effect`() async throws {
        let archive = try FakeArchive()
        let body = archive.objects.flatMap { object in
            Array("--B\r\nContent-Disposition: attachment; filename=\"../../x\"\r\nContent-Location: /etc/x\r\n\r\n".utf8) + object.bytes + [13, 10] as [UInt8]
        }
        let steps = [StandIn.Step].answer(200, ["Content-Type": "multipart/related; boundary=B"], body + Array("--B--".utf8))
        let (problem, files, _) = try await retrieve(archive) { request, _ in Self.isSeries(request, archive) ? steps : nil }
        #expect(problem == nil && files.count == 8 && files.allSatisfy { $0.hasPrefix("new") })
    }

    /// Each fault, what it is called, and how often the series is asked for when it may be tried again.
    @Test(arguments: [
        "closed", "short length", "unfinished", "no boundary", "html", "part length", "garbage", "cut object", "other series", "twice", "gzip", "empty", "500",
        "404",
    ]) func `Answers that are not whole or not right leave nothing behind`(_ fault: String) async throws {
        let archive = try FakeArchive(), other = try FakeArchive("06a_pet_slopes")
        let objects = archive.objects.map(\.bytes)
        var changed = objects[0]
        changed[changed.count - 1] ^= 1
        let body = [StandIn.Step].parts(objects), type = [StandIn.Step].multipartType
        let cases: [String: (steps: [StandIn.Step], problem: DICOMWebProblem)] = [
            "closed": (.head(200, type.merging(["Content-Length": "\(body.count)"]) { $1 }) + [.send(Array(body.prefix(20_000))), .close], .brokenOff),
            "short length": (.head(200, type.merging(["Content-Length": "20000"]) { $1 }) + [.send(body)], .brokenOff),
            "unfinished": (.head(200, type) + [.send([StandIn.Step].parts(objects, isWhole: false)), .close], .brokenOff),
            "no boundary": (.answer(200, ["Content-Type": "multipart/related"], body), .malformed(what: "it has no boundary")),
            "html": (
                .answer(200, ["Content-Type": "text/html; charset=utf-8"], Array("<p>DOE^JANE".utf8)), .form(found: "text/html", expected: "multipart/related")
            ),
            "part length": (
                .answer(
                    200, type,
                    Array("--\([StandIn.Step].boundary)\r\nContent-Length: 9\r\n\r\n".utf8) + objects[0] + Array("\r\n--\([StandIn.Step].boundary)--".utf8)),
                .malformed(what: "a part should have 9 bytes by its own header, but has more")
            ),
            "garbage": (.multipart([Array("not DICOM".utf8)]), .malformed(what: "a part of it is no DICOM object")),
            "cut object": (
                .multipart([Array(objects[0].dropLast(100))]),
                .malformed(
                    what: "an object is damaged: ends too early: PixelData (7fe0,0010) should have 8192 bytes, there are 8092; copy it again from where it came"
                )
            ),
            "other series": (.multipart([other.objects[0].bytes]), .foreign(what: "an object of another series")),
            "twice": (.multipart([objects[0], changed]), .malformed(what: "object \(archive.objects[0].name.instance) came twice, and not the same")),
            "gzip": (
                .answer(200, type.merging(["Content-Encoding": "gzip"]) { $1 }, [31, 139]), .form(found: "a packed form", expected: "one that is not packed")
            ),
            "empty": (.multipart([[]]), .malformed(what: "a part of it is no DICOM object")),
            "500": (.answer(500), .busy(status: 500, retryAfter: nil)),
            "404": (.answer(404), .notFound(what: "series \(archive.series)")),
        ]
        let (steps, expected) = try #require(cases[fault])
        let (problem, files, _) = try await retrieve(archive) { request, _ in Self.isSeries(request, archive) ? steps : nil }
        #expect(problem == expected && files == [])
        // Where it may go better, it does: what has come is kept, and the rest is fetched.
        guard expected.kind == .temporary else { return }
        let asked = Counter()
        let (again, _, result) = try await retrieve(archive, retries: 1) { request, _ in Self.isSeries(request, archive) && asked.next() == 1 ? steps : nil }
        #expect(again == nil && result?.count == 6 && asked.count == 2)
    }

    @Test func `Objects that a series' answer leaves out are asked for one by one; if they do not come, the fetch fails`() async throws {
        let archive = try FakeArchive()
        let some = [StandIn.Step].multipart(archive.objects.prefix(4).map(\.bytes))
        let (problem, _, result) = try await retrieve(archive) { request, _ in Self.isSeries(request, archive) ? some : nil }
        #expect(problem == nil && result?.count == 6)
        for refusal in [[StandIn.Step].answer(404), .answer(204), .multipart([])] {
            let (problem, files, _) = try await retrieve(archive) { request, _ in
                Self.isSeries(request, archive) ? some : request.path.contains("/instances/") ? refusal : nil
            }
            #expect(problem == .incomplete(series: archive.series, listed: 6, received: 4) && problem?.kind == .data && files == [])
        }
    }

    @Test func `One object alone may come without parts`() async throws {
        let archive = try FakeArchive("08c_enhanced_mr_shuffled")
        let steps = [StandIn.Step].answer(200, ["Content-Type": "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"], archive.objects[0].bytes)
        let (problem, _, result) = try await retrieve(archive) { request, _ in Self.isSeries(request, archive) ? steps : nil }
        #expect(problem == nil && result?.count == 1)
    }

    private static func refusal(of server: StandIn, study: String, series: String? = nil, into folder: URL) async throws -> DICOMWebProblem? {
        try await problem(server.url) { client in _ = try await client.retrieve(study: study, series: series, into: folder) }
    }

    @Test func `What is not there is said before a folder is made`() async throws {
        let archive = try FakeArchive()
        try await withTemporaryFolder { folder in
            let new = folder.appending(path: "new")
            let problems = try await StandIn.with { request, _ in
                archive.answer(request)
            } during: { server in
                [
                    try await Self.refusal(of: server, study: "1.2.3", into: new),
                    try await Self.refusal(of: server, study: archive.study, series: "1.5", into: new),
                    try await Self.refusal(of: server, study: archive.study, series: "../x", into: new),
                ]
            }
            #expect(problems[0] == .notFound(what: "study 1.2.3"))
            #expect(problems[1] == .notFound(what: "series 1.5 in study \(archive.study)"))
            #expect(problems[2]?.kind == .usage)
            #expect(files(in: folder) == [])
        }
    }

    @Test func `A folder is replaced when all has come, and stays as it was otherwise`() async throws {
        let archive = try FakeArchive()
        try await withTemporaryFolder { folder in
            let place = folder.appending(path: "there")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data("old".utf8).write(to: place.appending(path: "old"))
            let refused = try await StandIn.with { request, _ in
                request.path.hasSuffix(archive.series) ? .answer(500) : archive.answer(request)
            } during: { server in
                try await Self.refusal(of: server, study: archive.study, into: place)
            }
            #expect(refused == .busy(status: 500, retryAfter: nil) && files(in: folder) == ["there", "there/old"])
            let none = try await StandIn.with { request, _ in
                archive.answer(request)
            } during: { server in
                try await Self.refusal(of: server, study: archive.study, into: place)
            }
            #expect(none == nil && files(in: folder).count == 8 && !files(in: folder).contains("there/old"))
        }
    }

    // MARK: Sending

    /// Sends the objects of a fixture to an archive that answers otherwise where `fault` says so.
    private func store(
        _ archive: FakeArchive, verify: Bool = false, retries: Int = 0, _ fault: @escaping @Sendable (StandIn.Request, Int) -> [StandIn.Step]?
    ) async throws -> (problem: DICOMWebProblem?, sent: [SentObject], requests: [StandIn.Request]) {
        var settings = DICOMWebSettings.hasty
        settings.retries = retries
        let files = try ObjectFile.all(in: [FakeArchive.fixtures.appending(path: "07_evrle")]).objects
        return try await StandIn.with {
            fault($0, $1) ?? archive.answer($0)
        } during: { server async throws in
            var sent: [SentObject] = []
            let problem = try await problem(server.url, settings) { sent = try await $0.store(files, verify: verify) }
            return (problem, sent, server.requests)
        }
    }

    @Test func `Objects arrive as they are, and are looked for afterwards`() async throws {
        let archive = try FakeArchive()
        let (problem, sent, requests) = try await store(archive, verify: true) { _, _ in nil }
        #expect(problem == nil && sent.map(\.instance) == archive.objects.map(\.name.instance) && sent.allSatisfy { $0.outcome == .arrived(warning: nil) })
        let first = requests[0]
        #expect(first.method == "POST" && first.path == "/dicom-web/studies" && first.headers["accept"] == "application/dicom+json")
        #expect(first.headers["content-length"] == "\(first.body.count)")
        #expect(first.headers["content-type"]?.hasPrefix("multipart/related; type=\"application/dicom\"; boundary=unetrpp-") == true)
        #expect(try FakeArchive.objects(in: first).map(\.bytes) == archive.objects.map(\.bytes))
        #expect(requests[1].path.contains("/instances?") && requests.count == 1 + 2 + 6)
    }

    @Test func `A status of success says nothing: what is refused, left out or not there is told`() async throws {
        let archive = try FakeArchive(), names = archive.objects.map(\.name)
        let uids = names.map(\.instance)
        for status in [200, 202, 409] {
            let text = FakeArchive.stored(names.dropLast(2).map(\.self), failed: [uids[0]: 0xA700, uids[1]: 0x0122], warned: [uids[2]: 0xB000])
            let (problem, sent, _) = try await store(archive) { request, _ in request.method == "POST" ? .json(text, status: status) : nil }
            #expect(problem == nil)
            #expect(
                sent.map(\.outcome) == [
                    .refused(reason: 0xA700), .refused(reason: 0x0122), .arrived(warning: 0xB000), .arrived(warning: nil), .unconfirmed, .unconfirmed,
                ])
            #expect(sent[0].words == "was refused: it has no room or time (code A700)")
            #expect(sent[2].words == "is there, with the warning it changed elements (code B000)")
        }
        for silent in [[StandIn.Step].answer(200), .answer(204), .json("{}"), .json("[]")] {
            let (problem, sent, _) = try await store(archive) { request, _ in request.method == "POST" ? silent : nil }
            #expect(problem == nil && sent.allSatisfy { $0.outcome == .unconfirmed })
        }
    }

    @Test func `What is said to be stored must be listed, though an archive may need a moment for that`() async throws {
        var part = try FakeArchive()
        let whole = part
        part.objects.removeLast()
        let (fewer, listsAll) = (part, Counter())
        let (_, sent, _) = try await store(whole, retries: 1) { request, _ in request.path.contains("/instances?") ? fewer.answer(request) : nil }
        #expect(sent.map(\.outcome) == Array(repeating: .arrived(warning: nil), count: 5) + [.absent])
        let (_, late, _) = try await store(whole, retries: 2) { request, _ in
            guard request.path.contains("/instances?") else { return nil }
            return listsAll.next() < 3 ? .answer(404) : nil
        }
        #expect(late.allSatisfy { $0.hasArrived })
    }

    @Test func `Other bytes are noticed`() async throws {
        var changed = try FakeArchive()
        let whole = changed
        changed.objects[1].bytes[500] ^= 1
        changed.objects[2].bytes.append(0)
        changed.objects[3].bytes.removeLast()
        let other = changed
        let (_, sent, _) = try await store(whole, verify: true) { request, _ in request.path.contains("/instances/") ? other.answer(request) : nil }
        #expect(sent.map(\.outcome) == [.arrived(warning: nil), .differs, .differs, .differs, .arrived(warning: nil), .arrived(warning: nil)])
    }

    @Test(arguments: [
        ([StandIn.Step].answer(400), DICOMWebProblem.status(400)), (.answer(413), .status(413)), (.answer(401), .refused(status: 401, hadCredentials: false)),
        (.answer(500), .busy(status: 500, retryAfter: nil)), ([.close], .brokenOff),
        (
            .answer(200, ["Content-Type": "application/dicom+xml"], Array("<x/>".utf8)),
            .form(found: "application/dicom+xml", expected: "application/dicom+json")
        ),
        (.json("{"), .malformed(what: "it is no list of objects in DICOM's JSON")),
    ]) func `An archive that does not take objects`(_ steps: [StandIn.Step], _ expected: DICOMWebProblem) async throws {
        let (problem, sent, _) = try await store(FakeArchive()) { request, _ in request.method == "POST" ? steps : nil }
        #expect(problem == expected && sent.isEmpty)
    }

    @Test func `Objects are sent again when the connection breaks`() async throws {
        let (problem, sent, requests) = try await store(FakeArchive(), retries: 2) { _, number in number == 1 ? [.close] : number == 2 ? .answer(503) : nil }
        #expect(problem == nil && sent.allSatisfy { $0.hasArrived })
        #expect(requests[0].body == requests[2].body)
    }

    @Test func `All files are looked at before any is sent`() async throws {
        try await withTemporaryFolder { folder in
            let file = FakeArchive.fixtures.appending(path: "07_evrle/001.dcm")
            func copy(_ name: String, _ change: (inout Data) -> Void = { _ in }) throws {
                var data = try Data(contentsOf: file)
                change(&data)
                try data.write(to: folder.appending(path: name))
            }
            try copy("a.dcm")
            try copy("b.dcm")
            try Data("notes".utf8).write(to: folder.appending(path: "notes.txt"))
            let (objects, others) = try ObjectFile.all(in: [folder, file])
            #expect(objects.count == 1 && others == 1, "what is there twice is sent once")
            try copy("c.dcm") { $0[$0.count - 1] ^= 1 }
            #expect(throws: ObjectFileError.sameName(folder.appending(path: "c.dcm").path, folder.appending(path: "a.dcm").path)) {
                try ObjectFile.all(in: [folder])
            }
            try copy("c.dcm") { $0.removeLast(10) }
            let error = #expect(throws: (any Error).self) { try ObjectFile.all(in: [folder]) }
            #expect("\(error!)".hasPrefix("\(folder.appending(path: "c.dcm").path): ends too early"))
            let text = folder.appending(path: "notes.txt")
            let noObject = #expect(throws: (any Error).self) { try ObjectFile.all(in: [text]) }
            #expect("\(noObject!)" == "\(text.path): not a DICOM object; give images, segmentations or contours, or a folder with them.")
        }
    }

    @Test func `A file that changes while it is sent ends the sending`() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "a.dcm")
            try FileManager.default.copyItem(at: FakeArchive.fixtures.appending(path: "07_evrle/001.dcm"), to: file)
            let objects = try ObjectFile.all(in: [file]).objects, archive = try FakeArchive()
            try Data("other".utf8).write(to: file)
            var error: FileError?
            do {
                try await StandIn.with { request, _ in
                    archive.answer(request)
                } during: { server in
                    _ = try await problem(server.url) { client in _ = try await client.store(objects) }
                }
            } catch let problem as FileError { error = problem }
            #expect(error == FileError(path: file.path, problem: "changed while it was sent; send it again when nobody writes to it"))
        }
    }
}

/// Counts calls from any thread.
final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var value = 0
    var count: Int { lock.withLock { value } }
    func next() -> Int {
        lock.withLock {
            value += 1
            return value
        }
    }
}
