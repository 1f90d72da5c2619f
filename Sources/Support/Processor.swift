import Foundation

/// Facts about this machine's processor.
public enum Processor {
    /// True if products of bfloat16 numbers are an instruction here; without it mixed precision is slower than float32.
    public static let hasBFloat16: Bool = {
        #if os(Linux)
            return !flags.isDisjoint(with: ["avx512_bf16", "amx_bf16", "bf16"])
        #else
            return false
        #endif
    }()

    /// True if the processor adds up products of 8-bit numbers in one instruction, exactly: without it 8 bits are no faster, and sums of
    /// pairs of products saturate.
    public static let hasEightBitProducts = !flags.isDisjoint(with: ["avx512_vnni", "avx_vnni", "amx_int8"])

    /// Instruction sets worth naming.
    public static var instructionSets: [String] {
        ["avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "sve"].filter(flags.contains)
    }

    /// Name of the processor as the system gives it.
    public static let name: String = {
        #if canImport(Darwin)
            var size = 0
            guard sysctlbyname("machdep.cpu.brand_string", nil, &size, nil, 0) == 0, size > 0 else { return "unknown" }
            var bytes = [UInt8](repeating: 0, count: size)
            guard sysctlbyname("machdep.cpu.brand_string", &bytes, &size, nil, 0) == 0 else { return "unknown" }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        #else
            return line(of: ["model name", "Model", "Hardware"]) ?? "unknown"
        #endif
    }()

    /// What tells this processor from others: its name and a digest of its instruction sets. Compiled code of one may not run on another.
    public static let identity: String = {
        guard !flags.isEmpty else { return name }
        var digest = ContentDigest()
        digest.add(flags.sorted().joined(separator: " "))
        return "\(name) \(digest.text)"
    }()

    private static let flags: Set<String> = Set((line(of: ["flags", "Features"]) ?? "").split(separator: " ").map(String.init))

    private static func line(of keys: [String]) -> String? {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            if parts.count == 2, keys.contains(parts[0]) { return parts[1] }
        }
        return nil
    }
}
