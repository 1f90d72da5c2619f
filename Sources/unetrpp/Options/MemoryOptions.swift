import ArgumentParser
import UNETRSupport

/// How much memory a command that reads scans may take.
struct MemoryOptions: ParsableArguments {
    @Option(help: "Memory limit, such as 4G (default: memory of the machine or container minus a margin); scans that need more are refused.")
    var memory: String?

    func validate() throws {
        if let memory, ByteCount.parse(memory) == nil {
            throw ValidationError("--memory is '\(memory)'; expected a size such as 8G or 900M")
        }
    }

    /// Makes it the limit of this process.
    func apply() {
        if let bytes = memory.flatMap(ByteCount.parse) { MemoryLimit.current = MemoryLimit(bytes: bytes, reason: "--memory") }
    }
}
