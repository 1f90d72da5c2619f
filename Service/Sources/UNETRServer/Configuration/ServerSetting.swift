import Foundation
import UNETRSupport
import Yams

/// What a server can be told: by a flag of this name, a variable, or a key of the configuration's file.
public enum ServerSetting: String, CaseIterable, Sendable {
    case configuration, models, data, address, port
    case tokenFile = "token-file"
    case insecure
    case tlsCertificate = "tls-certificate"
    case tlsKey = "tls-key"
    case devices, memory, threads, engine, program, queue, keep, upload, disk, page, archives, ohif
    case ohifArchive = "ohif-archive"
    case origins, hosts

    /// The name of its variable.
    public var variable: String { "UNETRPP_SERVE_" + rawValue.uppercased().replacingOccurrences(of: "-", with: "_") }
}

/// Settings as texts, with where each comes from.
struct SettingValues {
    private var values: [ServerSetting: (text: String, source: String)] = [:]

    /// Later ones take the place of earlier ones.
    mutating func add(_ more: [ServerSetting: String], from source: String) {
        for (key, text) in more { values[key] = (text, source) }
    }

    /// Reads a file: a map of settings to texts, numbers, truths or lists; archives may be described in it.
    static func file(_ url: URL) throws -> (values: [ServerSetting: String], archives: [String: Archive]?) {
        let content: Any?
        do {
            let text = String(decoding: try InputFile.contents(of: url, most: 1 << 20), as: UTF8.self)
            content = try Yams.load(yaml: text)
        } catch let error as FileError { throw ConfigurationError(file: url, error.problem) } catch {
            throw ConfigurationError(file: url, "is not YAML: \("\(error)".split(separator: "\n").joined(separator: " "))")
        }
        guard let content else { return ([:], nil) }
        guard let map = content as? [String: Any] else { throw ConfigurationError(file: url, "is no map of settings") }
        var values: [ServerSetting: String] = [:], archives: [String: Archive]?
        for (name, value) in map {
            guard let key = ServerSetting(rawValue: name), key != .configuration else {
                let known = ServerSetting.allCases.dropFirst().map(\.rawValue).joined(separator: ", ")
                throw ConfigurationError(file: url, "has the setting \(name), which is not known; known are \(known)")
            }
            if key == .archives, value is [String: Any] {
                archives = try Archive.all(in: value, file: url)
                continue
            }
            guard let text = text(value) else { throw ConfigurationError(file: url, "has no text, number or list of them as \(name)") }
            values[key] = text
        }
        return (values, archives)
    }

    private static func text(_ value: Any) -> String? {
        switch value {
        case let text as String: text
        case let truth as Bool: truth ? "true" : "false"
        case let number as Int: "\(number)"
        case let list as [Any]:
            list.compactMap(text).count == list.count ? list.compactMap(text).joined(separator: ",") : nil
        default: nil
        }
    }

    func text(_ key: ServerSetting) -> String? { values[key].flatMap { $0.text.isEmpty ? nil : $0.text } }

    func list(_ key: ServerSetting) -> [String]? {
        text(key)?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    func number(_ key: ServerSetting, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = text(key) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw ConfigurationError(key, "is \(text); expected a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func flag(_ key: ServerSetting) throws -> Bool {
        switch text(key)?.lowercased() {
        case nil, "false", "no", "0": return false
        case "true", "yes", "1": return true
        case let other?: throw ConfigurationError(key, "is \(other); expected true or false")
        }
    }

    /// "90s", "30m", "24h", "7d".
    func duration(_ key: ServerSetting) throws -> Double? {
        guard let text = text(key) else { return nil }
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Double(text.dropLast()), number > 0, number * unit <= 10 * 365 * 86_400 else {
            throw ConfigurationError(key, "is \(text); expected a time such as 24h, 30m or 7d")
        }
        return number * unit
    }

    /// "4G", "900M", or bytes.
    func bytes(_ key: ServerSetting) throws -> Int? {
        guard let text = text(key) else { return nil }
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        let unit = text.last.flatMap { units[Character($0.uppercased())] }
        guard let number = Int(unit == nil ? text : String(text.dropLast())), number > 0, let bytes = number.multiplied(checked: unit ?? 1) else {
            throw ConfigurationError(key, "is \(text); expected a size such as 8G or 900M")
        }
        return bytes
    }

    func certificate() throws -> (certificate: URL, key: URL)? {
        switch (text(.tlsCertificate), text(.tlsKey)) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return (URL(fileURLWithPath: certificate), URL(fileURLWithPath: key))
        case (nil, _): throw ConfigurationError(.tlsCertificate, "is missing beside the key")
        case (_, nil): throw ConfigurationError(.tlsKey, "is missing beside the certificate")
        }
    }

    func workerArguments() throws -> [String] {
        _ = try bytes(.memory)
        _ = try number(.threads, in: 1...4096)
        return [ServerSetting.memory, .threads, .engine].flatMap { key in text(key).map { ["--\(key.rawValue)", $0] } ?? [] }
    }

    /// A line for each setting that was given or has a value.
    func lines(resolved: [ServerSetting: String]) -> [String] {
        ServerSetting.allCases.compactMap { key in
            if let (text, source) = values[key], !text.isEmpty { return "\(key.rawValue): \(text) (\(source))" }
            return resolved[key].map { "\(key.rawValue): \($0) (default)" }
        }
    }
}
