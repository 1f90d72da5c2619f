import ArchiveTestSupport
import Foundation
import NIOSSL
import Testing
import UNETRSupport

@testable import UNETRDICOMWeb

/// What goes wrong between client and archive, and who gets to see credentials.
struct ConnectionTests {
    private static let none = [StandIn.Step].json("[]")

    private static func search(_ archive: DICOMWebClient) async throws { _ = try await archive.studies(matching: StudyQuery()) }

    @Test func `An archive that is down cannot be reached`() async throws {
        // A port that nobody listens at any more.
        let url = try await StandIn.with { _, _ in
            Self.none
        } during: {
            $0.url
        }
        let found = try await problem(url, .hasty, Self.search)
        #expect(found == .unreachable(reason: "connection refused") && found?.kind == .temporary)
        let unknown = try await problem("http://no-such-host.invalid/x", .hasty, Self.search)
        guard case .unreachable? = unknown else { return #expect(unknown == nil) }
    }

    @Test(arguments: [
        [StandIn.Step.wait(seconds: 30)],
        .head(200, ["Content-Type": "application/dicom+json", "Content-Length": "10"]) + [.send([91]), .wait(seconds: 30)],
        .head(200, ["Content-Type": "application/dicom+json", "Content-Length": "1000"])
            + (0..<40).flatMap { _ in [StandIn.Step.send([32]), .wait(seconds: 0.1)] } + [.wait(seconds: 30)],
    ]) func `An archive that is silent, stops in the middle, or sends byte by byte is too slow`(_ steps: [StandIn.Step]) async throws {
        var settings = DICOMWebSettings.hasty
        settings.timeout = 1
        let found = try await StandIn.with { _, _ in
            steps
        } during: {
            try await problem($0.url, settings, Self.search)
        }
        #expect(found == .slow(seconds: 1) && found?.kind == .temporary)
    }

    @Test(arguments: [
        (401, DICOMWebProblem.refused(status: 401, hadCredentials: false), DICOMWebProblem.Kind.usage),
        (403, .refused(status: 403, hadCredentials: false), .usage),
        (404, .notFound(what: "studies at this address"), .data), (400, .status(400), .data), (501, .status(501), .data), (600, .status(600), .data),
        (500, .busy(status: 500, retryAfter: nil), .temporary), (503, .busy(status: 503, retryAfter: nil), .temporary),
        (429, .busy(status: 429, retryAfter: nil), .temporary),
    ]) func `A status says who can help`(_ status: Int, _ expected: DICOMWebProblem, _ kind: DICOMWebProblem.Kind) async throws {
        let body = Array(FakeArchive.secrets.joined().utf8)
        let found = try await StandIn.with { _, _ in
            .answer(status, [:], body)
        } during: {
            try await problem($0.url, .hasty, Self.search)
        }
        #expect(found == expected && found?.kind == kind)
    }

    @Test(arguments: [
        ([StandIn.Step.close], DICOMWebProblem.brokenOff),
        (.head(200, ["Content-Type": "application/dicom+json", "Content-Length": "10"]) + [.send([91]), .close], .brokenOff),
        (.head(200, ["Content-Type": "application/dicom+json", "Transfer-Encoding": "chunked"]) + [.send(Array("5\r\n[".utf8)), .close], .brokenOff),
        ([.send(Array("SSH-2.0-OpenSSH\r\n".utf8)), .close], .malformed(what: "it is not HTTP")),
        (.answer(200, ["Content-Type": "text/html"], Array("<html>log in</html>".utf8)), .form(found: "text/html", expected: "application/dicom+json")),
        (
            .answer(200, ["Content-Type": "application/dicom+json", "Content-Encoding": "gzip"], [31, 139]),
            .form(found: "a packed form", expected: "one that is not packed")
        ),
        (.json("[{\"0020000D\":{\"Value\":[\"../../x\"]}}]"), .malformed(what: "an identifier (0020000D) is missing or none")),
        (.json("[{}]"), .malformed(what: "an identifier (0020000D) is missing or none")),
        (.json("{\"secret\": \"DOE^JANE\""), .malformed(what: "it is no list of objects in DICOM's JSON")),
    ]) func `Answers that are cut off, or none`(_ steps: [StandIn.Step], _ expected: DICOMWebProblem) async throws {
        let found = try await StandIn.with { _, _ in
            steps
        } during: {
            try await problem($0.url, .hasty, Self.search)
        }
        #expect(found == expected)
    }

    @Test func `An answer longer than its length is read as long as it says`() async throws {
        let steps = [StandIn.Step].head(200, ["Content-Type": "application/dicom+json", "Content-Length": "2"]) + [.send(Array("[] and more".utf8))]
        #expect(
            try await StandIn.with { _, _ in
                steps
            } during: {
                try await problem($0.url, .hasty, Self.search)
            } == nil)
    }

    @Test func `An answer without end is given up`() async throws {
        let steps = [StandIn.Step].head(200, ["Content-Type": "application/dicom+json"]) + [.repeated([UInt8](repeating: 32, count: 1 << 20), 100), .close]
        #expect(
            try await StandIn.with { _, _ in
                steps
            } during: {
                try await problem($0.url, .hasty, Self.search)
            } == .malformed(what: "it is longer than 64 MB"))
    }

    // MARK: Trying again

    @Test func `What may go better is tried again, after pauses that grow`() async throws {
        var settings = DICOMWebSettings.hasty
        settings.retries = 3
        settings.pause = 0.1
        let start = ContinuousClock.now
        let count = try await StandIn.with { _, number in
            number < 4 ? (number == 2 ? [.close] : .answer(503)) : Self.none
        } during: { server async throws in
            #expect(try await problem(server.url, settings, Self.search) == nil)
            return server.requests.count
        }
        #expect(count == 4)
        // 0.1, 0.2 and 0.4 seconds, each up to a quarter shorter.
        #expect(ContinuousClock.now - start >= .seconds(0.7 * 0.75))
    }

    @Test func `It is tried so often and no more; what cannot go better is not`() async throws {
        var settings = DICOMWebSettings.hasty
        settings.retries = 2
        for (status, tries) in [(503, 3), (404, 1), (401, 1)] {
            let count = try await StandIn.with { _, _ in
                .answer(status)
            } during: { server async throws in
                _ = try await problem(server.url, settings, Self.search)
                return server.requests.count
            }
            #expect(count == tries, "\(status)")
        }
    }

    @Test func `The archive may say how long to wait`() async throws {
        var settings = DICOMWebSettings.hasty
        settings.retries = 1
        let start = ContinuousClock.now
        let found = try await StandIn.with { _, number in
            number == 1 ? .answer(429, ["Retry-After": "1"]) : Self.none
        } during: {
            try await problem($0.url, settings, Self.search)
        }
        #expect(found == nil && ContinuousClock.now - start >= .seconds(1))
    }

    // MARK: Credentials

    @Test func `Credentials go with each request`() async throws {
        for (credentials, header) in [(DICOMWebCredentials.basic(user: "u", password: "p"), "Basic dTpw"), (.bearer(token: "t"), "Bearer t")] {
            var settings = DICOMWebSettings.hasty
            settings.credentials = credentials
            let seen = try await StandIn.with { _, _ in
                Self.none
            } during: { server async throws in
                #expect(try await problem(server.url, settings, Self.search) == nil)
                return server.requests.map { $0.headers["authorization"] }
            }
            #expect(seen == [header])
            let refused = try await StandIn.with { _, _ in
                .answer(401)
            } during: {
                try await problem($0.url, settings, Self.search)
            }
            #expect(refused == .refused(status: 401, hadCredentials: true))
        }
    }

    @Test func `Unencrypted, credentials go to this machine only, unless that is allowed`() async throws {
        var settings = DICOMWebSettings.hasty
        settings.credentials = .bearer(token: "t")
        #expect(try await problem("http://pacs.invalid/x", settings, Self.search) == .openCredentials)
        settings.allowsOpenCredentials = true
        let found = try await problem("http://pacs.invalid/x", settings, Self.search)
        #expect(found?.kind == .temporary)
    }

    // MARK: Being sent on

    @Test(arguments: [301, 302, 303, 307, 308]) func `A search is sent on`(_ status: Int) async throws {
        let paths = try await StandIn.with { _, number in
            number == 1 ? .answer(status, ["Location": "/other/studies"]) : Self.none
        } during: { server async throws in
            #expect(try await problem(server.url, .hasty, Self.search) == nil)
            return server.requests.map(\.path)
        }
        #expect(paths.count == 2 && paths[1] == "/other/studies")
    }

    @Test func `It is not sent on for ever, nor to nowhere`() async throws {
        let loop = try await StandIn.with { _, _ in
            .answer(302, ["Location": "/dicom-web/studies"])
        } during: { server async throws in
            #expect(try await problem(server.url, .hasty, Self.search) == .redirected(reason: "sends on more than 5 times"))
            return server.requests.count
        }
        #expect(loop == 6)
        for headers in [[:], ["Location": "ftp://h/x"], ["Location": "http://u:p@h/x"], ["Location": "http:"]] {
            let found = try await StandIn.with { _, _ in
                .answer(302, headers)
            } during: {
                try await problem($0.url, .hasty, Self.search)
            }
            #expect(found == .redirected(reason: "sends on without saying where to") && found?.kind == .data)
        }
    }

    @Test func `Credentials stay with the archive that they were given for`() async throws {
        var settings = DICOMWebSettings.hasty
        settings.credentials = .bearer(token: "t")
        try await StandIn.with { _, _ in
            Self.none
        } during: { other async throws in
            try await StandIn.with { _, number in
                number == 1 ? .answer(307, ["Location": "/dicom-web/x"]) : .answer(307, ["Location": "\(other.url)/studies"])
            } during: { server async throws in
                #expect(try await problem(server.url, settings, Self.search) == nil)
                #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer t", "Bearer t"])
                #expect(other.requests.map { $0.headers["authorization"] } == [nil])
            }
        }
    }

    @Test func `Objects are sent on within the archive, and nowhere else`() async throws {
        let files = try ObjectFile.all(in: [FakeArchive.fixtures.appending(path: "07_evrle/001.dcm")]).objects, archive = try FakeArchive()
        func store(_ client: DICOMWebClient) async throws { _ = try await client.store(files) }
        let bodies = try await StandIn.with { request, number in
            number == 1 ? .answer(307, ["Location": "/new/studies"]) : archive.answer(request)
        } during: { server async throws in
            #expect(try await problem(server.url, .hasty, store) == nil)
            return server.requests.prefix(2).map(\.body)
        }
        #expect(bodies[0] == bodies[1] && bodies[0].count > 9000)
        try await StandIn.with { request, _ in
            archive.answer(request)
        } during: { other async throws in
            for (status, location) in [(307, "\(other.url)/studies"), (302, "/dicom-web/studies"), (301, "/dicom-web/studies"), (303, "/dicom-web/studies")] {
                let found = try await StandIn.with { _, _ in
                    .answer(status, ["Location": location])
                } during: {
                    try await problem($0.url, .hasty, store)
                }
                #expect(found == .redirected(reason: "sends objects on to another address"))
            }
            #expect(other.requests.isEmpty)
        }
    }

    // MARK: TLS

    private static let openssl = ["/usr/bin/openssl", "/usr/local/bin/openssl", "/opt/homebrew/bin/openssl"].first(where: FileManager.default.isExecutableFile)

    /// A new certificate for localhost that vouches for itself.
    private static func withCertificate<Result>(_ body: (NIOSSLContext, URL) async throws -> Result) async throws -> Result {
        try await withTemporaryFolder { folder in
            let (key, certificate) = (folder.appending(path: "key.pem"), folder.appending(path: "certificate.pem"))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: openssl!)
            process.arguments = [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=DNS:localhost", "-keyout", key.path, "-out", certificate.path,
            ]
            process.standardError = FileHandle.nullDevice
            try process.start()
            while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
            let context = try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: [.certificate(NIOSSLCertificate.fromPEMFile(certificate.path)[0])],
                    privateKey: .privateKey(NIOSSLPrivateKey(file: key.path, format: .pem))))
            return try await body(context, certificate)
        }
    }

    @Test(.enabled(if: openssl != nil, "needs openssl")) func `An archive's certificate must be vouched for, and be for its name`() async throws {
        try await Self.withCertificate { context, certificate in
            var settings = DICOMWebSettings.hasty
            settings.credentials = .bearer(token: "t")
            try await StandIn.with(tls: context, host: "localhost") { _, _ in
                Self.none
            } during: { server async throws in
                let untrusted = try await problem(server.url, settings, Self.search)
                #expect(untrusted == .encryption(reason: "nobody who is trusted vouches for its certificate; name the certificates of who does"))
                #expect(untrusted?.kind == .data && server.requests.isEmpty)
                settings.authorities = certificate
                #expect(try await problem(server.url, settings, Self.search) == nil)
                #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer t"])
                let otherName = try await problem(server.url.replacingOccurrences(of: "localhost", with: "127.0.0.1"), settings, Self.search)
                #expect(otherName == .encryption(reason: "its certificate is for another host; use the name that it was made for"))
            }
            let plain = try await StandIn.with(host: "localhost") { _, _ in
                Self.none
            } during: {
                try await problem($0.url.replacingOccurrences(of: "http:", with: "https:"), settings, Self.search)
            }
            #expect(plain == .encryption(reason: "it does not encrypt there; check the port"))
            let down = try await StandIn.with(tls: context, host: "localhost") { _, _ in
                .answer(302, ["Location": "http://localhost:1/x"])
            } during: {
                try await problem($0.url, settings, Self.search)
            }
            #expect(down == .redirected(reason: "sends on to an unencrypted address"))
        }
    }

    @Test func `A file of authorities must hold certificates`() async throws {
        var settings = DICOMWebSettings.hasty
        let file = FakeArchive.fixtures.appending(path: "README.md")
        settings.authorities = file
        #expect(try await problem("https://h/x", settings, Self.search) == .settings(path: file.path, reason: "holds no certificate in the form PEM"))
    }
}
