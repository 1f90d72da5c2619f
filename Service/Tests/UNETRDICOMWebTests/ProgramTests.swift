import ArchiveTestSupport
import Foundation
import Testing
import UNETRVolumes

@testable import UNETRDICOMWeb

/// What a user of the program sees: results, sentences and exit statuses, and nothing of a patient.
struct ProgramTests {
    private static let seriesFolder = FakeArchive.fixtures.appending(path: "07_evrle").path

    private func withArchive(
        _ fault: @escaping @Sendable (StandIn.Request, Int) -> [StandIn.Step]? = { _, _ in nil }, during body: (FakeArchive, StandIn) async throws -> Void
    ) async throws {
        let archive = try FakeArchive()
        try await StandIn.with {
            fault($0, $1) ?? archive.answer($0)
        } during: {
            try await body(archive, $0)
        }
    }

    @Test func `Studies and series are shown without patients`() async throws {
        try await withArchive { archive, server async throws in
            let studies = try await Program.run(["find", server.url])
            #expect(studies.status == 0 && studies.errors == "")
            #expect(
                studies.output == """
                    study\(String(repeating: " ", count: archive.study.count - 5))      date  modalities  series  objects  description
                    \(archive.study)  20260131      CT,SEG       1        6     Ab domen

                    """)
            let series = try await Program.run(["find", server.url, "--series-of", archive.study])
            #expect(series.output.hasSuffix("number  modality  objects  description\n\(archive.series)       2        CT        6         thin\n"))
            let none = try await Program.run(["find", server.url, "--series-of", "1.2.3"])
            #expect(none.status == 0 && none.output == "" && none.errors == "No series was found.\n")
        }
    }

    @Test func `JSON holds UIDs, modalities and counts`() async throws {
        try await withArchive { archive, server async throws in
            let studies = try await Program.run(["find", server.url, "--json", "--patient-id", "MRN-4711"])
            #expect(
                studies.output == """
                    [
                      {
                        "modalities" : [
                          "CT",
                          "SEG"
                        ],
                        "objects" : 6,
                        "series" : 1,
                        "study" : "\(archive.study)"
                      }
                    ]

                    """)
            let series = try await Program.run(["find", server.url, "--json", "--series-of", archive.study])
            #expect(series.output.contains("\"series\" : \"\(archive.series)\"") && !series.output.contains("thin"))
        }
    }

    @Test func `Patients are shown to who asks for them`() async throws {
        try await withArchive { _, server async throws in
            let studies = try await Program.run(["find", server.url, "--show-patients"])
            #expect(studies.output.contains("DOE^JANE  MRN-4711  19610203"))
            let json = try await Program.run(["find", server.url, "--show-patients", "--json"])
            #expect(json.status == 64 && json.output == "")
        }
    }

    @Test func `A study is fetched into a new folder, which is replaced only where that is asked for`() async throws {
        try await withTemporaryFolder { folder in
            try await withArchive { archive, server async throws in
                let place = folder.appending(path: "a/study").path
                let get = ["get", server.url, "--study", archive.study, "-o", place]
                let first = try await Program.run(get + ["--series", archive.series])
                #expect(first.status == 0 && first.errors == "")
                #expect(first.output == "objects: 6, series: 1, bytes: 57828, in \(place)\n")
                #expect(files(in: folder).count == 9)
                let second = try await Program.run(get)
                #expect(second.status == 1 && second.errors == "Error: \(place) is already there; --force replaces it\n")
                let forced = try await Program.run(get + ["--force", "--json"])
                #expect(forced.status == 0 && forced.output.contains("\"objects\" : 6"))
                try Data("x".utf8).write(to: URL(fileURLWithPath: "\(place)/thesis.txt"))
                let thesis = try await Program.run(get + ["--force"])
                #expect(thesis.status == 1)
                #expect(thesis.errors == "Error: \(place) holds thesis.txt, which would be lost, so it is not replaced; choose another name\n")
                let absent = try await Program.run(["get", server.url, "--study", "1.2.3", "-o", "\(place)2"])
                #expect(absent.status == 65)
                #expect(absent.errors == "Error: \(server.url): has no study 1.2.3; check that, and the path of its DICOMweb service, such as /dicom-web\n")
            }
        }
    }

    @Test func `Objects are sent`() async throws {
        try await withArchive { _, server async throws in
            let sent = try await Program.run(["send", server.url, Self.seriesFolder, "--verify"])
            #expect(sent.status == 0 && sent.output == "6 of 6 objects are there, equal to the byte\n")
            #expect(sent.errors == "1 other file passed over: no DICOM object.\n")
        }
        try await withArchive { request, _ in
            request.method == "POST" ? .json(FakeArchive.stored(Array(FakeArchive.names(in: request).dropLast()))) : nil
        } during: { archive, server async throws in
            let sent = try await Program.run(["send", server.url, Self.seriesFolder, "--json"])
            let last = archive.objects[5].name.instance
            #expect(sent.status == 65)
            #expect(sent.errors.contains("\(last) is not mentioned in the answer.\nError: \(server.url): 1 of 6 objects has not arrived as it should"))
            #expect(sent.output.contains("\"arrived\" : false,\n    \"object\" : \"\(last)\""))
        }
        try await withArchive { request, _ in
            guard request.method == "POST" else { return nil }
            let uids = FakeArchive.names(in: request).map { ($0.instance, 0xA700) }
            return .json(FakeArchive.stored([], failed: Dictionary(uniqueKeysWithValues: uids)), status: 409)
        } during: { _, server async throws in
            let sent = try await Program.run(["send", server.url, Self.seriesFolder])
            #expect(sent.status == 75 && sent.errors.contains("was refused: it has no room or time (code A700)."))
        }
    }

    @Test func `Statuses: 64 for what was asked, 65 for what was answered, 75 for what may be better later`() async throws {
        let quick = ["--retries", "0", "--timeout", "1"]
        let down = try await StandIn.with { _, _ in
            []
        } during: {
            $0.url
        }
        let result = try await Program.run(["find", down] + quick)
        #expect(result.status == 75)
        #expect(result.errors == "Error: \(down): cannot be reached (connection refused); check the address, and whether it is running\n")
        let answers: [(steps: [StandIn.Step], status: Int32, sentence: String)] = [
            (.answer(401), 64, "wants credentials (401); give a token, or a user and password (--token-file, or --user with --password-file)"),
            (.answer(404), 65, "has no studies at this address; check that, and the path of its DICOMweb service, such as /dicom-web"),
            (.answer(500), 75, "cannot answer now (500); try again later, and if that does not help, look into its log"),
            ([.wait(seconds: 20)], 75, "nothing, or next to nothing, came for 1 s; try again later, or wait longer (--timeout SECONDS)"),
            (.head(200, ["Content-Length": "9"]) + [.close], 75, "the connection ended before the answer did; try again"),
            (.json("{"), 65, "its answer is not as it must be: it is no list of objects in DICOM's JSON; its log may say why"),
        ]
        for (steps, status, sentence) in answers {
            try await StandIn.with { _, _ in
                steps
            } during: { server async throws in
                let result = try await Program.run(["find", server.url, "--patient-id", "MRN-4711"] + quick)
                #expect(result.status == status && result.output == "" && result.errors == "Error: \(server.url): \(sentence)\n")
            }
        }
        for words in [
            ["find"], ["find", "h"], ["find", "http://h", "--limit", "0"], ["find", "http://h", "--date", "x"],
            ["get", "http://h", "--study", "x/y", "-o", "/tmp/x"],
        ] {
            #expect(try await Program.run(words).status == 64, "\(words)")
        }
        let notes = FakeArchive.fixtures.appending(path: "README.md").path
        let file = try await Program.run(["send", down, notes])
        #expect(file.status == 65 && file.errors == "Error: \(notes): not a DICOM object; give images, segmentations or contours, or a folder with them.\n")
    }

    @Test func `Credentials come from files or the environment`() async throws {
        try await withTemporaryFolder { folder in
            let secret = folder.appending(path: "secret")
            try Data("s3\n".utf8).write(to: secret)
            try await withArchive { _, server async throws in
                _ = try await Program.run(["find", server.url, "--token-file", secret.path])
                _ = try await Program.run(["find", server.url, "--user", "u", "--password-file", secret.path])
                _ = try await Program.run(["find", server.url], environment: ["UNETRPP_PACS_TOKEN": "s4"])
                _ = try await Program.run(["find", server.url], environment: ["UNETRPP_PACS_USER": "u", "UNETRPP_PACS_PASSWORD": "s4"])
                let basic = { DICOMWebCredentials.basic(user: "u", password: $0).authorization }
                let seen = server.requests.compactMap { $0.headers["authorization"] }
                #expect(seen.enumerated().filter { $0.offset % 2 == 0 }.map(\.element) == ["Bearer s3", basic("s3"), "Bearer s4", basic("s4")])
                let both = try await Program.run(["find", server.url, "--token-file", secret.path, "--user", "u", "--password-file", secret.path])
                let half = try await Program.run(["find", server.url, "--user", "u"])
                #expect(both.status == 64 && half.status == 64)
            }
            let open = try await Program.run(["find", "http://pacs.invalid/x", "--token-file", secret.path])
            #expect(open.status == 64 && open.errors.hasSuffix("use an address that begins with https, or allow it (--insecure does that)\n"))
        }
    }

    /// Every answer here holds a patient's name, number and birth date; so do the errors of a careless archive.
    @Test func `Nothing of a patient is in what is said`() async throws {
        let secrets = FakeArchive.secrets, page = Array(secrets.joined(separator: " ").utf8)
        var said: [String] = []
        for status in [200, 400, 401, 404, 500] {
            try await StandIn.with { _, _ in
                .answer(status, ["Content-Type": "text/plain", "X": secrets[0]], page)
            } during: { server async throws in
                for words in [
                    ["find", server.url, "--patient-id", secrets[1]], ["get", server.url, "--study", "1.2", "-o", "/nowhere/x"],
                    ["send", server.url, Self.seriesFolder],
                ] {
                    said.append(try await Program.run(words + ["--retries", "0"]).all)
                }
            }
        }
        try await withArchive { archive, server async throws in
            for words in [["find", server.url], ["find", server.url, "--json"], ["find", server.url, "--series-of", archive.study]] {
                said.append(try await Program.run(words + ["--retries", "0"]).all)
            }
            said.append(try await Program.run(["find", "\(server.url)?PatientID=\(secrets[1])"]).all)
            said.append(try await Program.run(["find", server.url, "--patient-id", secrets[1] + String(repeating: "1", count: 80)]).all)
        }
        // The name, number and birth date in the files that were sent.
        for text in said {
            for secret in secrets + ["Golden", "PID-", "19700101"] { #expect(!text.contains(secret), "\(text)") }
        }
        #expect(said.count == 20)
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)]) func `An interrupted fetch leaves nothing`(_ signal: Int32, _ status: Int32)
        async throws
    {
        try await withTemporaryFolder { folder in
            let archive = try FakeArchive()
            let half =
                [StandIn.Step].head(200, [StandIn.Step].multipartType) + [
                    .send(Array([StandIn.Step].parts(archive.objects.map(\.bytes)).prefix(30_000))), .wait(seconds: 30),
                ]
            try await withArchive { request, _ in
                request.path.hasSuffix("/series/\(archive.series)") ? half : nil
            } during: { _, server async throws in
                let target = folder.appending(path: "target")
                try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
                let process = try Program.start(["get", server.url, "--study", archive.study, "-o", target.appending(path: "x").path], in: folder)
                while files(in: target).count < 4 { try await Task.sleep(for: .milliseconds(5)) }
                kill(process.processIdentifier, signal)
                while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
                #expect(process.terminationStatus == status && files(in: target) == [])
            }
        }
    }

    #if os(Linux)
        /// One object of 300 MB: a header of a fixture, with other sizes and as many bytes of pixels as that says.
        @Test func `A large object goes to the disk, not into memory`() async throws {
            try await withTemporaryFolder { folder in
                let archive = try FakeArchive()
                var head = archive.objects[0].bytes
                let pixels = try #require(Data(head).range(of: Data([0xE0, 0x7F, 0x10, 0x00])))
                head = Array(head[..<pixels.lowerBound]) + Array(Data(archive.objects[0].bytes)[pixels.lowerBound..<pixels.lowerBound + 8])
                let count = 300
                head += withUnsafeBytes(of: UInt32(count << 20).littleEndian, Array.init)
                let start = Array("--\([StandIn.Step].boundary)\r\n\r\n".utf8) + head, end = Array("\r\n--\([StandIn.Step].boundary)--".utf8)
                let steps =
                    [StandIn.Step].head(200, [StandIn.Step].multipartType.merging(["Content-Length": "\(start.count + count << 20 + end.count)"]) { $1 })
                    + [.send(start), .repeated([UInt8](repeating: 65, count: 1 << 20), count), .send(end)]
                var single = archive
                single.objects = [archive.objects[0]]
                let lone = single
                try await StandIn.with { request, _ in
                    request.path.hasSuffix("/series/\(lone.series)") ? steps : lone.answer(request)
                } during: { server async throws in
                    nonisolated(unsafe) let process = try Program.start(
                        ["get", server.url, "--study", lone.study, "-o", folder.appending(path: "x").path], in: folder)
                    let most = await withCheckedContinuation { continuation in
                        // On a thread of its own: other tests may keep the shared ones busy until the program has ended.
                        Thread.detachNewThread {
                            var most = 0
                            while process.isRunning {
                                // Counted by the system: the most that was ever in memory.
                                let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
                                let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
                                most = max(most, line.flatMap { Int($0.filter(\.isNumber)) } ?? 0)
                                usleep(5000)
                            }
                            continuation.resume(returning: most)
                        }
                    }
                    #expect(process.terminationStatus == 0)
                    #expect(most > 1 << 10 && most < 150 << 10, "\(most) KiB")
                }
            }
        }
    #endif
}
