import ArgumentParser
import Foundation
import UNETRDICOMWeb

/// Which archive, and how it is dealt with.
struct ArchiveOptions: ParsableArguments {
    @Argument(help: "The archive's DICOMweb service, such as https://pacs.example.org/dicom-web.") var url: String
    @Option(help: "File whose first line is a token (bearer authentication).", completion: .file()) var tokenFile: String?
    @Option(help: "User (basic authentication), with --password-file.") var user: String?
    @Option(help: "File whose first line is the user's password.", completion: .file()) var passwordFile: String?
    @Option(name: .customLong("ca"), help: "File with the certificates (PEM) of who vouches for the archive, instead of the system's.", completion: .file())
    var authorities: String?
    @Flag(help: "Send credentials also unencrypted to another machine.") var insecure = false
    @Option(help: "Seconds in which nothing may come.") var timeout = 60
    @Option(help: "How often to try again what may go better then.") var retries = 3

    func validate() throws {
        guard tokenFile == nil || user == nil && passwordFile == nil else { throw ValidationError("give --token-file, or --user with --password-file") }
        guard (user == nil) == (passwordFile == nil) else { throw ValidationError("--user and --password-file belong together") }
        guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout is \(timeout); expected 1 to 86400 seconds") }
        guard (0...20).contains(retries) else { throw ValidationError("--retries is \(retries); expected 0 to 20") }
    }

    /// Calls `body` with the archive.
    func withArchive<Result>(_ body: (DICOMWebClient) async throws -> Result) async throws -> Result {
        var settings = DICOMWebSettings()
        settings.credentials = try credentials()
        settings.allowsOpenCredentials = insecure
        settings.authorities = authorities.map { URL(fileURLWithPath: $0) }
        settings.timeout = timeout
        settings.retries = retries
        return try await DICOMWebClient.with(DICOMWebAddress(url), settings, body)
    }

    /// From files, else from the environment.
    private func credentials() throws -> DICOMWebCredentials? {
        func secret(_ path: String) throws -> String { try DICOMWebCredentials.secret(in: URL(fileURLWithPath: path)) }
        if let tokenFile { return .bearer(token: try secret(tokenFile)) }
        if let user, let passwordFile { return .basic(user: user, password: try secret(passwordFile)) }
        let variables = ProcessInfo.processInfo.environment
        if let token = variables["UNETRPP_PACS_TOKEN"], !token.isEmpty { return .bearer(token: token) }
        if let user = variables["UNETRPP_PACS_USER"], let password = variables["UNETRPP_PACS_PASSWORD"] { return .basic(user: user, password: password) }
        return nil
    }
}
