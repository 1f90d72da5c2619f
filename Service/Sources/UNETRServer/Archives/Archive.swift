public import Foundation
public import UNETRDICOMWeb
import UNETRSupport
import Yams

/// An archive that speaks DICOMweb and that clients may name.
public struct Archive: Sendable {
    /// The name.
    public var name: String
    /// Where it is.
    public var address: DICOMWebAddress
    /// How it is dealt with, credentials among it.
    public var settings: DICOMWebSettings
    /// Names of the tokens that may use it; nil: all.
    public var clients: Set<String>?

    /// Reads a map of names to archives:
    ///
    ///     main:
    ///       url: https://pacs.example.org/dicom-web
    ///       user: unetrpp
    ///       password-file: /run/secrets/pacs
    ///
    /// - Throws: `ConfigurationError` with the archive, what it holds and what it should.
    static func all(in map: Any?, file: URL) throws -> [String: Archive] {
        guard let map = map as? [String: Any] else { throw ConfigurationError(file: file, "is no map of archives by their names") }
        return try map.reduce(into: [:]) { archives, item in archives[item.key] = try Archive(item.key, item.value, file: file) }
    }

    /// The archives of a file of their own.
    static func read(_ file: URL) throws -> [String: Archive] {
        do { return try all(in: Yams.load(yaml: String(decoding: InputFile.contents(of: file, most: 1 << 20), as: UTF8.self)), file: file) } catch let error
            as FileError
        {
            throw ConfigurationError(file: file, error.problem)
        } catch let error as ConfigurationError { throw error } catch {
            throw ConfigurationError(file: file, "is not YAML: \("\(error)".split(separator: "\n").joined(separator: " "))")
        }
    }

    private enum Key: String, CaseIterable {
        case url, user, ca, insecure, clients, timeout
        case passwordFile = "password-file"
        case tokenFile = "token-file"
    }

    private init(_ name: String, _ value: Any, file: URL) throws {
        func refuse(_ problem: String) -> ConfigurationError { ConfigurationError(file: file, "has the archive \(name), \(problem)") }
        guard !name.isEmpty, name.count <= 64, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }) else {
            throw refuse("whose name has other characters than letters, digits and ._-")
        }
        guard let fields = value as? [String: Any] else { throw refuse("which is no map with a url") }
        var values: [Key: Any] = [:]
        for (field, value) in fields {
            guard let key = Key(rawValue: field) else {
                throw refuse("which has the setting \(field); known are \(Key.allCases.map(\.rawValue).sorted().joined(separator: ", "))")
            }
            values[key] = value
        }
        func text(_ key: Key) throws -> String? {
            guard let value = values[key] else { return nil }
            guard let text = value as? String, !text.isEmpty else { throw refuse("whose \(key.rawValue) is no text") }
            return text
        }
        guard let url = try text(.url) else { throw refuse("which has no url") }
        var settings = DICOMWebSettings()
        do {
            address = try DICOMWebAddress(url)
            if let token = try text(.tokenFile) { settings.credentials = .bearer(token: try DICOMWebCredentials.secret(in: URL(fileURLWithPath: token))) }
            switch (try text(.user), try text(.passwordFile)) {
            case (nil, nil): break
            case (let user?, let password?):
                settings.credentials = .basic(user: user, password: try DICOMWebCredentials.secret(in: URL(fileURLWithPath: password)))
            default: throw refuse("whose user and password-file belong together")
            }
        } catch let error as DICOMWebError { throw refuse("\(error.problem)") } catch let error as FileError { throw refuse("\(error)") }
        settings.authorities = try text(.ca).map { URL(fileURLWithPath: $0) }
        settings.allowsOpenCredentials = values[.insecure] as? Bool ?? false
        if let timeout = values[.timeout] {
            guard let seconds = timeout as? Int, (1...86_400).contains(seconds) else { throw refuse("whose timeout is no number of seconds from 1 to 86400") }
            settings.timeout = seconds
        }
        if let clients = values[.clients] {
            guard let names = clients as? [String] else { throw refuse("whose clients are no list of names of tokens") }
            self.clients = Set(names)
        }
        self.name = name
        self.settings = settings
    }

    /// Whether a client may name it.
    func isOpen(to client: Client) -> Bool { clients?.contains(client.owner) ?? true }
}
