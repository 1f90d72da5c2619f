public import Foundation
import UNETRSupport

/// Everything that a server is told. Each setting can come from a flag, the environment or a file; see `ServerSetting`.
public struct ServerConfiguration: Sendable {
    /// The folder of models, bundles and tasks `NAME.unetrpp`.
    public var models: URL
    /// Where scans, jobs and results are kept; nobody else's.
    public var data: URL
    /// The address that is listened on.
    public var address: String
    /// Its port; 0: any that is free.
    public var port: Int
    /// The tokens that clients show, by their names; empty: none is asked for.
    public var tokens: [AccessToken]
    /// Certificate chain and private key, PEM; nil: the connection is not encrypted.
    public var tls: (certificate: URL, key: URL)?
    /// Where models compute, a worker for each.
    public var devices: [String]
    /// More arguments for each worker.
    public var workerArguments: [String]
    /// The program whose workers compute.
    public var program: URL
    /// No more jobs wait.
    public var queue: Int
    /// Seconds for which scans and results are kept.
    public var keep: Double
    /// The most bytes of an upload.
    public var uploadBytes: Int
    /// The most bytes on the disk.
    public var diskBytes: Int
    /// The folder of the page; nil: there is none.
    public var page: URL?
    /// The archives that clients may name, by their names.
    public var archives: [String: Archive]
    /// The folder of OHIF; nil: it is not served.
    public var ohif: URL?
    /// The archive that OHIF shows; nil: none.
    public var shownArchive: Archive?
    /// Other origins whose pages may change something, such as "https://viewer.example.org".
    public var origins: [String]
    /// Names, besides the address and those of this machine, under which the server is reached.
    public var hosts: [String]
    /// How long nothing may come of a request that has begun.
    public var silence = Duration.seconds(30)
    /// How long a job under way may take when the server ends.
    public var grace = Duration.seconds(20)
    /// What each setting is and where it comes from, to be printed. No token is in it.
    public var lines: [String]

    /// Reads all settings.
    ///
    /// - Parameters:
    ///   - flags: what the command line says, by setting; comes before all else.
    ///   - environment: variables; `UNETRPP_SERVE_PORT` is the setting `port`.
    ///   - program: the program whose workers compute, where no setting names one.
    ///   - page: the folder of the page, where no setting names one.
    /// - Throws: `ConfigurationError` with the setting, what it holds and what it should.
    public init(flags: [ServerSetting: String] = [:], environment: [String: String] = [:], program: URL? = nil, page: URL? = nil) throws {
        let named = flags[.configuration] ?? environment[ServerSetting.configuration.variable]
        var values = SettingValues(), inline: [String: Archive]?
        if let named {
            let file = try SettingValues.file(URL(fileURLWithPath: named))
            values.add(file.values, from: "file")
            inline = file.archives
        }
        values.add(
            Dictionary(uniqueKeysWithValues: ServerSetting.allCases.compactMap { key in environment[key.variable].map { (key, $0) } }), from: "environment")
        values.add(flags, from: "flag")

        guard let models = values.text(.models).map({ URL(fileURLWithPath: $0) }) else { throw ConfigurationError(.models, "is missing: the folder of models") }
        self.models = models
        data = values.text(.data).map { URL(fileURLWithPath: $0) } ?? Self.standardData(environment)
        address = values.text(.address) ?? "127.0.0.1"
        port = try values.number(.port, in: 0...65535) ?? 8642
        tokens = try values.text(.tokenFile).map { try AccessToken.read(URL(fileURLWithPath: $0)) } ?? []
        tls = try values.certificate()
        devices = values.list(.devices) ?? ["auto"]
        guard !devices.isEmpty, Set(devices).count == devices.count else { throw ConfigurationError(.devices, "has to name each device once") }
        workerArguments = try values.workerArguments()
        guard let program = values.text(.program).map({ URL(fileURLWithPath: $0) }) ?? program else {
            throw ConfigurationError(.program, "is missing: the path of unetrpp, which is neither beside this program nor on PATH")
        }
        self.program = program
        queue = try values.number(.queue, in: 1...100_000) ?? 100
        keep = try values.duration(.keep) ?? 86_400
        uploadBytes = try values.bytes(.upload) ?? 2 << 30
        diskBytes = try values.bytes(.disk) ?? 50 << 30
        self.page = values.text(.page).map { URL(fileURLWithPath: $0) } ?? page
        let archives = try values.text(.archives).map { try Archive.read(URL(fileURLWithPath: $0)) } ?? inline ?? [:]
        self.archives = archives
        ohif = values.text(.ohif).map { URL(fileURLWithPath: $0) }
        let shown = values.text(.ohifArchive) ?? (archives.count == 1 ? archives.keys.first : nil)
        if let shown, archives[shown] == nil {
            throw ConfigurationError(.ohifArchive, "is \(shown); expected one of the archives: \(archives.keys.sorted().joined(separator: ", "))")
        }
        shownArchive = ohif == nil ? nil : shown.flatMap { archives[$0] }
        if let ohif = ohif {
            guard FileManager.default.fileExists(atPath: ohif.appending(path: "index.html").path) else {
                throw ConfigurationError(.ohif, "is \(ohif.path), where there is no index.html")
            }
            guard shownArchive != nil else { throw ConfigurationError(.ohifArchive, "is missing: which of the archives OHIF shows") }
        }
        origins = values.list(.origins) ?? []
        hosts = values.list(.hosts) ?? []
        lines = []
        let isInsecure = try values.flag(.insecure)
        guard Self.isThisMachine(address) || !tokens.isEmpty || isInsecure else {
            throw ConfigurationError(.address, "is \(address), where others reach the server; that needs a file of tokens, or the setting insecure")
        }
        lines = values.lines(resolved: [
            .data: data.path, .address: address, .port: "\(port)", .devices: devices.joined(separator: ","), .program: program.path, .queue: "\(queue)",
            .archives: archives.isEmpty ? "none" : archives.keys.sorted().joined(separator: ","), .keep: "\(Int(keep))s", .upload: "\(uploadBytes)",
            .disk: "\(diskBytes)", .page: self.page?.path ?? "none", .tokenFile: "none",
        ])
    }

    /// Whether only programs on this machine reach an address.
    static func isThisMachine(_ address: String) -> Bool {
        let numbers = address.split(separator: ".", omittingEmptySubsequences: false)
        return ["localhost", "::1"].contains(address.lowercased()) || numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }

    private static func standardData(_ environment: [String: String]) -> URL {
        let shared =
            environment["XDG_DATA_HOME"].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".local/share")
        return shared.appending(path: "unetrpp/server")
    }
}

/// Why a server cannot be configured.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible, Sendable {
    /// One sentence: which setting, what it holds, what it should.
    public var description: String

    init(_ setting: ServerSetting, _ problem: String) { description = "the setting \(setting.rawValue) \(problem)" }
    init(file: URL, _ problem: String) { description = "\(file.path) \(problem)" }
}
