import ArchiveTestSupport
import Foundation
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETRDICOMWeb

/// Fetching, from an archive that does it right, and from ones that do not.
struct FetchTests {
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
}
