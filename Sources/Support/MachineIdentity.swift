import Foundation

/// What tells this machine's processor from others: compiled code of one may not run on another.
public enum MachineIdentity {
    /// The processor's name and a digest of its instruction sets.
    public static let current: String = {
        #if canImport(Darwin)
            var size = 0
            guard sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0) == 0, size > 0 else { return "unknown" }
            var bytes = [UInt8](repeating: 0, count: size)
            guard sysctlbyname("machdep.cpu.brand_string", &bytes, &size, nil, 0) == 0 else { return "unknown" }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        #else
            let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
            func line(_ names: [String]) -> String {
                text.split(separator: "\n").first { line in names.contains { line.hasPrefix($0) } }
                    .map { $0.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces) } ?? "unknown"
            }
            var digest = ContentDigest()
            digest.add(line(["flags", "Features"]))
            return "\(line(["model name", "Model", "Hardware"])) \(digest.text)"
        #endif
    }()
}
