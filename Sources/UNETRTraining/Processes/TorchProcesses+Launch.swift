public import Foundation
public import UNETRSupport
public import UNETRTorch

extension TorchProcesses {
    /// Joins the processes that a launcher has started.
    ///
    /// - Parameters:
    ///   - launch: what the launcher says.
    ///   - folder: a folder that all see, where a file is put to meet if the launcher names no host.
    ///   - program: name and version of the program, which must be the same in all.
    ///   - interface: the network interface to use; nil: the one that leads to the meeting point.
    ///   - device: where they compute; on GPUs the library must be there that connects them.
    ///   - patience: how long to wait for the others now, and how long one may leave the others without a word later.
    /// - Throws: `ProcessError`.
    public static func join(_ launch: Launch, in folder: URL, program: String, interface: String? = nil, device: Device = .cpu, patience: Duration) throws
        -> TorchProcesses
    {
        let onGPUs = device != .cpu
        if onGPUs { try loadNCCL(for: device) }
        var place = "", host: String?, meetingFile: String?
        func problem(_ error: CommunicationError) -> ProcessError {
            if case .address(_, let port, _) = launch.meetingPoint, error.isPortTaken { return .portTaken(port) }
            return .notMet(rank: launch.rank, count: launch.count, where: place, seconds: Int(patience / .seconds(1)), problem: error.message)
        }
        func open() throws -> MeetingStore {
            switch launch.meetingPoint {
            case .address(let name, let port, let isServed):
                place = "\(name):\(port)"
                if !launch.isLocal, name != "localhost", !name.hasPrefix("127."), name != "::1" { host = name }
                return try MeetingStore(host: name, port: port, serves: launch.rank == 0 && !isServed, prefix: launch.name, timeout: patience)
            case .file(let path): return try open(path)
            case .fileNamed(let name): return try open(folder.appendingPathComponent(name).path)
            }
        }
        func open(_ path: String) throws -> MeetingStore {
            (place, meetingFile) = (path, path)
            if !launch.isLocal { host = ProcessInfo.processInfo.hostName }
            try AtomicFile.makeFolder(URL(fileURLWithPath: path).deletingLastPathComponent())
            return try MeetingStore(file: path, count: launch.count, timeout: patience)
        }
        do {
            let store = try open()
            try greet(launch, store, program, patience)
            let processes = try TorchProcesses(
                meetingIn: store, rank: launch.rank, count: launch.count, interface: interface, towards: host, onGPUs: onGPUs, patience: patience)
            try processes.barrier()
            if launch.rank == 0, let meetingFile { try? FileManager.default.removeItem(atPath: meetingFile) }
            return processes
        } catch let error as CommunicationError {
            throw problem(error)
        }
    }

    /// The library is beside the program, or where a variable says.
    private static func loadNCCL(for device: Device) throws {
        guard case .cuda = device else { throw ProcessError.noBackend(device: "\(device)") }
        let given = ProcessInfo.processInfo.environment["UNETRPP_NCCL"]
        let beside = Bundle.main.executableURL?.deletingLastPathComponent().appendingPathComponent("libunetrpp-nccl.so").path
        for path in [given ?? beside, nil] { if try loadNCCL(path) { return } }
        throw ProcessError.noBackend(device: "\(device)")
    }

    /// Compares the programs before they talk in a way that only equal ones understand.
    private static func greet(_ launch: Launch, _ store: MeetingStore, _ program: String, _ patience: Duration) throws {
        let own = "\(program), libtorch \(Runtime.loadedVersion ?? Runtime.version), \(launch.count) processes"
        try store.set("greeting/\(launch.rank)", own)
        // The number of processes may be what they differ in: so everybody looks at the first, and the first at all.
        guard launch.rank == 0 else {
            let first = try store.get("greeting/0", timeout: patience)
            try store.set("heard/\(launch.rank)", "")
            guard first == own else { throw ProcessError.otherProgram(own: own, rank: 0, other: first) }
            return
        }
        let others = try (1..<launch.count).map { try store.get("greeting/\($0)", timeout: patience) }
        guard let index = others.firstIndex(where: { $0 != own }) else { return }
        // Whoever serves the store stays until all have read from it.
        for rank in 1..<launch.count { _ = try? store.get("heard/\(rank)", timeout: .seconds(5)) }
        throw ProcessError.otherProgram(own: own, rank: index + 1, other: others[index])
    }
}

extension ProcessGroup {
    /// Compares what every process was given with what process 0 was: contents of files, options.
    ///
    /// - Parameter items: names for people, and texts.
    /// - Throws: `ProcessError.differs` for the first that differs, in all processes alike.
    public func requireEqual(_ items: [(name: String, text: String)]) throws {
        guard let found = try difference(items.map(\.text)) else { return }
        throw ProcessError.differs(what: items[found.item].name, rank: found.rank)
    }

    /// The first text that differs from that of process 0, and the first process in which it does; nil: all are equal.
    func difference(_ texts: [String]) throws -> (item: Int, rank: Int)? {
        guard count > 1 else { return nil }
        // 48 bits of a digest are a number that a sum of one with zeros keeps.
        let own = texts.map { Double(UInt64(SHA256Digest(of: Data($0.utf8)).text.prefix(12), radix: 16) ?? 0) }
        var table = [Double](repeating: 0, count: texts.count * count)
        for (item, number) in own.enumerated() { table[item * count + rank] = number }
        table = try sum(table)
        for item in texts.indices {
            for other in 1..<count where table[item * count + other] != table[item * count] { return (item, other) }
        }
        return nil
    }

    /// The data of process 0.
    public func broadcast(_ data: Data) throws -> Data {
        guard count > 1 else { return data }
        let size = try broadcast([Double(data.count)])[0]
        var values = [Double](repeating: 0, count: Int(size))
        if rank == 0 { for (index, byte) in data.enumerated() { values[index] = Double(byte) } }
        return Data(try broadcast(values).map { UInt8($0) })
    }
}
