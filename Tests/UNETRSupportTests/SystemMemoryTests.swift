import Foundation
import TestSupport
import Testing

@testable import UNETRSupport

struct SystemMemoryTests {
    /// A machine of 8 GiB with those files.
    private func memory(_ files: [String: String]) throws -> SystemMemory {
        try Fixtures.withTemporaryFolder { root in
            for (path, text) in files {
                let file = root.appending(path: path)
                try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data((text + "\n").utf8).write(to: file)
            }
            return SystemMemory(root: root, physical: 8 << 30)
        }
    }

    private let gibibyte = 1 << 30

    @Test func `Without control groups the machine's memory counts`() throws {
        #expect(try memory([:]) == SystemMemory(bytes: 8 << 30, source: .machine))
        #expect(try memory(["proc/self/cgroup": "0::/a", "sys/fs/cgroup/a/memory.max": "max"]).source == .machine)
    }

    @Test func `Version 2: the least limit on the way from the group to the top`() throws {
        let files = [
            "proc/self/cgroup": "0::/user.slice/job", "sys/fs/cgroup/user.slice/memory.max": "\(2 * gibibyte)",
            "sys/fs/cgroup/user.slice/job/memory.max": "\(3 * gibibyte)",
        ]
        #expect(try memory(files) == SystemMemory(bytes: 2 << 30, source: .controlGroup))
    }

    @Test func `A container that sees only its own top: that limit`() throws {
        let files = ["proc/self/cgroup": "0::/docker/0123", "sys/fs/cgroup/memory.max": "\(gibibyte)"]
        #expect(try memory(files) == SystemMemory(bytes: 1 << 30, source: .controlGroup))
    }

    @Test func `Version 1: the limit of the memory controller, whose largest number means none`() throws {
        let path = "11:cpu,cpuacct:/x\n4:memory:/docker/1\n"
        let limited = ["proc/self/cgroup": path, "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": "\(gibibyte)"]
        #expect(try memory(limited).bytes == 1 << 30)
        let unlimited = ["proc/self/cgroup": path, "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": "9223372036854771712"]
        #expect(try memory(unlimited) == SystemMemory(bytes: 8 << 30, source: .machine))
    }

    @Test func `Damaged files of the system mean no limit`() throws {
        #expect(try memory(["proc/self/cgroup": "0::/a\n:::\nnonsense", "sys/fs/cgroup/a/memory.max": "-5"]).source == .machine)
    }

    @Test func `The limit leaves a margin, and the refusal says where it comes from and what to do`() throws {
        let limit = MemoryLimit(SystemMemory(bytes: 10 << 30, source: .machine))
        #expect(limit.bytes == 9 << 30)
        #expect(MemoryLimit(SystemMemory(bytes: 400 << 30, source: .machine)).bytes == 396 << 30)
        try limit.check(9 << 30, for: "a.nii")
        #expect(throws: MemoryError(path: "a.nii", needed: nil, limit: limit)) { try limit.check(nil, for: "a.nii") }
        let text = MemoryError(path: "a.nii", needed: 20 << 30, limit: limit).description
        #expect(text.contains("a.nii needs about 20480 MB") && text.contains("allowed are 9216 MB (the machine's 10240 MB less a margin)"))
        #expect(MemoryError(path: "a.nii", needed: 5, limit: MemoryLimit(bytes: 1 << 20)).description.contains("1 MB (the limit that was given)"))
        #expect(SystemMemory.current.bytes > 0 && MemoryLimit.current.bytes < SystemMemory.current.bytes)
    }
}
