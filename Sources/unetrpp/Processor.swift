import Foundation

/// Facts about this machine's processor.
enum Processor {
    /// True if products of bfloat16 numbers are an instruction here; without it mixed precision is slower than float32.
    static let hasBFloat16: Bool = {
        #if os(Linux)
            return !flags.isDisjoint(with: ["avx512_bf16", "amx_bf16", "bf16"])
        #else
            return false
        #endif
    }()

    /// Instruction sets worth naming.
    static var instructionSets: [String] {
        ["avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "sve"].filter(flags.contains)
    }

    /// Name of the processor as the system gives it.
    static let name: String = line(of: ["model name", "Model", "Hardware"]) ?? "unknown"

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
