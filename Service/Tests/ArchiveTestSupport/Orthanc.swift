import Foundation
import UNETRSupport

/// A real archive: Orthanc with its DICOMweb plugin, as Debian packs them, on a port and in a folder of its own.
public enum Orthanc {
    private static let program = ["/usr/sbin/Orthanc", "/usr/bin/Orthanc", "/usr/local/sbin/Orthanc"].first(where: FileManager.default.isExecutableFile)
    private static let plugin: String? = ["/usr/share/orthanc/plugins", "/usr/lib/orthanc", "/usr/local/share/orthanc/plugins"].lazy
        .map { "\($0)/libOrthancDicomWeb.so" }.first(where: FileManager.default.fileExists)

    /// Whether it can be started here.
    public static var isInstalled: Bool { program != nil && plugin != nil }
    /// The password of user `test`.
    public static let password = "correct horse"

    /// Calls `body` with the address of an empty archive, for which user `test` has the password.
    public static func with(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            var started: (process: Process, port: Int)?
            // Between the look at a port and its use another test may take it.
            for attempt in 1...10 where started == nil {
                do { started = try await start(in: folder) } catch let failure as Failure where attempt < 10 && failure.log.contains("already in use") {}
            }
            let (process, port) = started!
            defer { stop(process) }
            try await body("http://127.0.0.1:\(port)/dicom-web")
        }
    }

    private static func start(in folder: URL) async throws -> (process: Process, port: Int) {
        let port = try freePort()
        let configuration: [String: Any] = [
            "Name": "TEST", "StorageDirectory": folder.path, "IndexDirectory": folder.path, "HttpServerEnabled": true, "HttpPort": port,
            "DicomServerEnabled": false, "RemoteAccessAllowed": false, "AuthenticationEnabled": true, "RegisteredUsers": ["test": password],
            "OverwriteInstances": true, "Plugins": [plugin!],
            "DicomWeb": ["Enable": true, "Root": "/dicom-web/", "StudiesMetadata": "Full", "SeriesMetadata": "Full"] as [String: Any],
        ]
        let file = folder.appending(path: "orthanc.json"), log = folder.appending(path: "log")
        try JSONSerialization.data(withJSONObject: configuration).write(to: file)
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program!)
        process.arguments = [file.path]
        process.standardOutput = try FileHandle(forWritingTo: log)
        process.standardError = process.standardOutput
        try process.start()
        let deadline = Date().addingTimeInterval(60)
        while !(try String(contentsOf: log, encoding: .utf8).contains("Orthanc has started")) {
            guard process.isRunning, Date() < deadline else {
                stop(process)
                throw Failure(log: try String(contentsOf: log, encoding: .utf8))
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return (process, port)
    }

    private static func stop(_ process: Process) {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    struct Failure: Error { var log: String }

    /// A port that nobody listens at, as far as the system knows.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1 }
        }
        guard result == 0 else { throw Failure(log: "no port is free") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
