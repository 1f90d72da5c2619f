import ArgumentParser
import CoreMetrics
import Foundation
import Logging
import ServiceLifecycle
import UNETRServer
import UnixSignals

@main
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve models to browsers, 3D Slicer and OHIF.",
        usage: "unetrpp serve --models DIR [options]",
        discussion: """
            Each option can also be a variable, such as UNETRPP_SERVE_PORT, or a key of a YAML file (--configuration). An option comes before a variable, and
            that before the file. On this machine alone the page is at http://127.0.0.1:8642/. Listening elsewhere needs --token-file, or --insecure.
            """)

    @Option(help: "YAML file with any of these settings.", completion: .file()) var configuration: String?
    @Option(help: "Folder of models, NAME.unetrpp.", completion: .directory) var models: String?
    @Option(help: "Folder for scans, jobs and results (default: unetrpp/server in the user's folder for data).", completion: .directory) var data: String?
    @Option(help: "Address to listen on (default: 127.0.0.1).") var address: String?
    @Option(help: "Port (default: 8642; 0: any).") var port: String?
    @Option(help: "File of tokens that clients show, TOKEN or NAME:TOKEN a line.", completion: .file()) var tokenFile: String?
    @Flag(help: "Listen on other addresses than this machine's without a token.") var insecure = false
    @Option(help: "Certificate chain (PEM) for encrypted connections.", completion: .file()) var tlsCertificate: String?
    @Option(help: "Its private key (PEM).", completion: .file()) var tlsKey: String?
    @Option(help: "Devices, a worker for each: auto, cpu, cuda:0,cuda:1 (default: auto).") var devices: String?
    @Option(help: "Memory limit of each worker, for models and scan, such as 8G (default: that of the machine minus a margin).") var memory: String?
    @Option(help: "Threads of each worker (default: all cores).") var threads: String?
    @Option(help: "What computes: auto, torch or compiled (default: auto).") var engine: String?
    @Option(help: "The program whose workers compute (default: the unetrpp beside this one, or on PATH).", completion: .file()) var program: String?
    @Option(help: "Jobs that may wait (default: 100).") var queue: String?
    @Option(help: "How long scans and results are kept (default: 24h).") var keep: String?
    @Option(help: "Most bytes of an upload (default: 2G).") var upload: String?
    @Option(help: "Most bytes kept on the disk (default: 50G).") var disk: String?
    @Option(help: "Folder of the page (default: the folder page beside this program).", completion: .directory) var page: String?
    @Option(help: "YAML file of the archives that jobs may name: NAME: {url: …, user: …, password-file: …}.", completion: .file()) var archives: String?
    @Option(help: "Folder of OHIF's build, as it lies in MONAI Label's wheel, served at /ohif/.", completion: .directory) var ohif: String?
    @Option(help: "The archive that OHIF shows (default: the only one).") var ohifArchive: String?
    @Option(help: "Other origins whose pages may change something, separated by commas.") var origins: String?
    @Option(help: "More names under which this server is reached, separated by commas.") var hosts: String?
    @Flag(help: "Log every request.") var verbose = false

    private var flags: [ServerSetting: String] {
        let given: [(ServerSetting, String?)] = [
            (.configuration, configuration), (.models, models), (.data, data), (.address, address), (.port, port), (.tokenFile, tokenFile),
            (.insecure, insecure ? "true" : nil), (.tlsCertificate, tlsCertificate), (.tlsKey, tlsKey), (.devices, devices), (.memory, memory),
            (.threads, threads), (.engine, engine), (.program, program), (.queue, queue), (.keep, keep), (.upload, upload), (.disk, disk), (.page, page),
            (.archives, archives), (.ohif, ohif), (.ohifArchive, ohifArchive), (.origins, origins), (.hosts, hosts),
        ]
        return Dictionary(uniqueKeysWithValues: given.compactMap { key, value in value.map { (key, $0) } })
    }

    func run() async throws {
        Self.allowConnections()
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "unetrpp-serve")
        logger.logLevel = verbose ? .debug : .info
        let environment = ProcessInfo.processInfo.environment
        let beside = ProgramFolder.current?.appending(path: "page")
        let page = beside.flatMap { FileManager.default.fileExists(atPath: $0.appending(path: "index.html").path) ? $0 : nil }
        let configuration = try ServerConfiguration(
            flags: flags, environment: environment,
            program: ProgramFolder.program(named: "unetrpp", environment: environment), page: page)
        for line in configuration.lines { Self.say(line) }
        let metrics = MetricsRegistry()
        MetricsSystem.bootstrap(metrics)
        let server = try Server(configuration, logger: logger, metrics: metrics), scheme = configuration.tls == nil ? "http" : "https"
        let group = try server.group(signals: [.sigterm, .sigint]) { port in Self.say("listening on \(scheme)://\(configuration.address):\(port)/") }
        try await group.run()
    }

    /// As many connections as the system lets this program have: what a shell allows by itself is used up quickly.
    private static func allowConnections() {
        var limit = rlimit()
        #if canImport(Glibc)
            let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let files = RLIMIT_NOFILE
        #endif
        guard getrlimit(files, &limit) == 0 else { return }
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 1 << 16))
        _ = setrlimit(files, &limit)
    }

    private static func say(_ text: String) { FileHandle.standardError.write(Data("unetrpp serve: \(text)\n".utf8)) }
}

/// Where this program lies, and others beside it.
private enum ProgramFolder {
    static var current: URL? {
        #if os(macOS)
            Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
        #else
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
        #endif
    }

    static func program(named name: String, environment: [String: String]) -> URL? {
        let folders = [current].compactMap(\.self) + (environment["PATH"] ?? "").split(separator: ":").map { URL(fileURLWithPath: String($0)) }
        return folders.map { $0.appending(path: name) }.first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }
}
