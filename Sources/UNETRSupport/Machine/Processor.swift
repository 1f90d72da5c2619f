import Foundation

/// A processor: its name and what it can do.
public struct Processor: Sendable {
    /// Name of the processor as the system gives it.
    public let name: String

    /// The features it has, under the names of Linux.
    private let flags: Set<String>

    /// A processor with these features of `/proc/cpuinfo`.
    public init(name: String, flags: Set<String>) {
        self.name = name
        self.flags = flags
    }

    /// This machine's processor.
    public static let current: Processor = {
        #if canImport(Darwin)
            return Processor(name: systemName ?? "unknown", flags: [])
        #else
            let name = line(of: ["model name", "Model", "Hardware"]) ?? "unknown"
            return Processor(name: name, flags: Set((line(of: ["flags", "Features"]) ?? "").split(separator: " ").map(String.init)))
        #endif
    }()

    /// True if products of bfloat16 numbers are an instruction here; without it mixed precision is slower than float32.
    public var hasBFloat16: Bool { !flags.isDisjoint(with: ["avx512_bf16", "amx_bf16", "bf16"]) }

    /// True if the processor adds up products of 8-bit numbers in one instruction, exactly: without it 8 bits are no faster, and sums of
    /// pairs of products saturate.
    public var hasEightBitProducts: Bool { !flags.isDisjoint(with: ["avx512_vnni", "avx_vnni", "amx_int8"]) }

    /// Instruction sets worth naming.
    public var instructionSets: [String] {
        ["avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "sve"].filter(flags.contains)
    }

    /// What tells this processor from others: its name and a digest of its instruction sets. Compiled code of one may not run on another.
    public var identity: String {
        guard !flags.isEmpty else { return name }
        var digest = ContentDigest()
        digest.add(flags.sorted().joined(separator: " "))
        return "\(name) \(digest.text)"
    }

    #if canImport(Darwin)
        private static var systemName: String? {
            var size = 0
            guard sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0) == 0, size > 0 else { return nil }
            var bytes = [UInt8](repeating: 0, count: size)
            guard sysctlbyname("machdep.cpu.brand_string", &bytes, &size, nil, 0) == 0 else { return nil }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    #else
        private static func line(of keys: [String]) -> String? {
            guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
            for line in text.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
                if parts.count == 2, keys.contains(parts[0]) { return parts[1] }
            }
            return nil
        }
    #endif
}
