import ArchiveTestSupport
import Foundation
import HTTPTypes
import Testing

@testable import UNETRServer

struct ConfigurationTests {
    private let program = URL(fileURLWithPath: "/bin/true")

    private func configuration(_ flags: [ServerSetting: String], _ environment: [String: String] = [:]) throws -> ServerConfiguration {
        try ServerConfiguration(flags: [.models: "/models"].merging(flags) { $1 }, environment: environment, program: program)
    }

    @Test func `Defaults serve this machine alone`() throws {
        let configuration = try configuration([:])
        #expect(configuration.address == "127.0.0.1" && configuration.port == 8642 && configuration.tokens.isEmpty && configuration.tls == nil)
        #expect(configuration.keep == 86_400 && configuration.queue == 100 && configuration.uploadBytes == 2 << 30 && configuration.devices == ["auto"])
    }

    @Test func `A flag comes before the environment, and that before the file; each line says where its value is from`() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "serve.yaml")
            try Data("port: 1\nqueue: 2\nkeep: 30m\ndevices: [cpu, \"cuda:0\"]\nupload: 900M\n".utf8).write(to: file)
            let configuration = try configuration(
                [.configuration: file.path, .port: "3"], ["UNETRPP_SERVE_PORT": "4", "UNETRPP_SERVE_QUEUE": "5", "UNETRPP_SERVE_TOKEN_FILE": ""])
            #expect(configuration.port == 3 && configuration.queue == 5 && configuration.keep == 1800)
            #expect(configuration.devices == ["cpu", "cuda:0"] && configuration.uploadBytes == 900 << 20)
            #expect(configuration.lines.contains("port: 3 (flag)") && configuration.lines.contains("queue: 5 (environment)"))
            #expect(configuration.lines.contains("keep: 30m (file)") && configuration.lines.contains("address: 127.0.0.1 (default)"))
        }
    }

    @Test(arguments: [
        (ServerSetting.port, "65536", "the setting port is 65536; expected a number from 0 to 65535"),
        (.queue, "many", "the setting queue is many; expected a number from 1 to 100000"),
        (.keep, "1 day", "the setting keep is 1 day; expected a time such as 24h, 30m or 7d"),
        (.keep, "1e300d", "the setting keep is 1e300d; expected a time such as 24h, 30m or 7d"),
        (.upload, "9999999T", "the setting upload is 9999999T; expected a size such as 8G or 900M"),
        (.memory, "-1", "the setting memory is -1; expected a size such as 8G or 900M"),
        (.insecure, "perhaps", "the setting insecure is perhaps; expected true or false"),
        (.tlsKey, "/key.pem", "the setting tls-certificate is missing beside the key"),
        (.devices, "cpu,cpu", "the setting devices has to name each device once"),
        (.address, "0.0.0.0", "the setting address is 0.0.0.0, where others reach the server; that needs a file of tokens, or the setting insecure"),
        (.tokenFile, "/no/such/file", "/no/such/file cannot be read: No such file or directory"),
    ])
    func `What is wrong is told with its setting`(_ setting: ServerSetting, _ text: String, _ sentence: String) {
        #expect(throws: ConfigurationError.self) { try configuration([setting: text]) }
        do { _ = try configuration([setting: text]) } catch { #expect("\(error)" == sentence) }
    }

    @Test func `Other addresses need a token or the explicit wish to do without`() async throws {
        #expect(try configuration([.address: "0.0.0.0", .insecure: "true"]).address == "0.0.0.0")
        #expect(try configuration([.address: "127.8.0.1"]).address == "127.8.0.1")
        #expect(throws: ConfigurationError.self) { try configuration([.address: "127.evil.example.org"]) }
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "tokens")
            try Data("# clinic\nalice:0123456789abcdef0\n\nfedcba98765432100\n".utf8).write(to: file)
            let tokens = try configuration([.address: "0.0.0.0", .tokenFile: file.path]).tokens
            #expect(tokens.map(\.name) == ["alice", "token"])
            #expect(AccessToken.matching("0123456789abcdef0", in: tokens)?.name == "alice")
            #expect(AccessToken.matching("0123456789abcdef", in: tokens) == nil && AccessToken.matching("", in: tokens) == nil)
            for text in ["short", "", "# nothing", "alice:has a space in it"] {
                try Data(text.utf8).write(to: file)
                #expect(throws: ConfigurationError.self) { try configuration([.tokenFile: file.path]) }
            }
        }
    }

    @Test(arguments: ["prot: 1", "- a list", "port: {a: 1}", "port: [", "configuration: other.yaml"])
    func `A file that is no map of settings is refused with its path`(_ text: String) async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "serve.yaml")
            try Data(text.utf8).write(to: file)
            do {
                _ = try configuration([.configuration: file.path])
                Issue.record("\(text) was taken")
            } catch let error as ConfigurationError { #expect(error.description.hasPrefix(file.path)) }
        }
    }
}

struct FairQueueTests {
    @Test func `Clients take turns, each in its own order`() {
        var queue = FairQueue()
        for job in ["a1", "a2", "a3", "a4"] { queue.add(job, client: "a") }
        queue.add("b1", client: "b")
        queue.add("c1", client: "c")
        queue.add("b2", client: "b")
        #expect(queue.order == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"] && queue.count == 7)
        #expect(queue.next() == "a1" && queue.remove("b1") && !queue.remove("b1") && !queue.remove("a1"))
        #expect(queue.order == ["b2", "c1", "a2", "a3", "a4"])
        for _ in 0..<5 { _ = queue.next() }
        #expect(queue.next() == nil && queue.count == 0)
    }
}

struct NameTests {
    @Test func `Identifiers are 26 digits of base 32, all different, and nothing else is one`() {
        let many = (0..<1000).map { _ in Identifier.new() }
        #expect(Set(many).count == 1000 && many.allSatisfy { Identifier.isValid($0) })
        for text in [
            "", "../../etc/passwd", String(many[0].dropLast()), many[0] + "0", many[0].lowercased(), String(many[0].dropLast()) + "U",
            "É" + many[0].dropFirst(2),
        ] {
            #expect(!Identifier.isValid(text) || text == many[0], "\(text)")
        }
    }

    @Test(arguments: [
        ("../../etc/passwd", "passwd", "passwd"), ("C:\\scans\\ct.nii.gz", "ct.nii.gz", "ct"), ("a\0b\n.nrrd", "ab.nrrd", "ab"),
        (".hidden", "hidden", "hidden"), ("..", "scan", "scan"), ("", "scan", "scan"), ("Müller \"x\".nii", "Müller \"x\".nii", "M_ller__x_"),
        ("study.ZIP", "study.ZIP", "study"), ("a\u{202E}b.nii", "ab.nii", "ab"),
    ])
    func `Names of files are made harmless`(_ given: String, _ shown: String, _ stem: String) {
        #expect(FileName.shown(given) == shown && FileName.stem(FileName.shown(given)) == stem)
        #expect(FileName.shown(String(repeating: "x", count: 4096)).count == 100)
    }
}

struct OpenAPITests {
    @Test func `The description has every route, and every route is in the description`() async throws {
        try await TestServer.with { server in
            let answer = try await server.client.get("/v1/openapi.json")
            #expect(answer.status == 200 && answer["openapi"] == "3.1.0" && (answer.json["info"] as? [String: Any])?["version"] as? String == "1.2.3")
            let paths = try #require(answer.json["paths"] as? [String: [String: Any]])
            let described = Set(paths.flatMap { path, operations in operations.keys.filter { $0 != "parameters" }.map { "\($0.uppercased()) \(path)" } })
            let routes = Set(server.routes.map { "\($0.method.rawValue) \($0.path)" })
            // The page is for people, and MONAI Label's paths are described by MONAI Label.
            #expect(routes.isSuperset(of: described))
            let others = routes.subtracting(described).filter { $0.contains(" /v1/") }
            #expect(others.isEmpty)
        }
    }
}
