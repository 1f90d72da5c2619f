import ArchiveTestSupport
import Foundation
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETRDICOMWeb

/// Sending, to an archive that does it right, and to ones that do not.
struct SendTests {
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
