internal import CTorch

/// A table of names and texts that all processes see, through which they find each other.
///
/// Neither the table nor what they send later is encrypted or asks who they are: it belongs into a network whose machines trust each other.
public final class MeetingStore: @unchecked Sendable {
    // Unchecked: c10d's stores lock themselves.
    let handle: CDStore

    /// A table at a host and a port, which one process serves or the launcher does.
    ///
    /// - Parameters:
    ///   - host: name or address of the host.
    ///   - port: its port.
    ///   - serves: whether this process serves it.
    ///   - prefix: what launches are told apart by that use one table after the other.
    ///   - timeout: how long to wait for it.
    /// - Throws: `CommunicationError`.
    public init(host: String, port: Int, serves: Bool, prefix: String, timeout: Duration) throws {
        var out = CDStore(pointer: nil)
        try checkCommunication("meeting", cd_open_tcp_store(host, Int32(clamping: port), serves, prefix, timeout.milliseconds, &out))
        handle = out
    }

    /// A table in a file that all `count` processes see.
    /// - Throws: `CommunicationError`.
    public init(file path: String, count: Int, timeout: Duration) throws {
        var out = CDStore(pointer: nil)
        try checkCommunication("meeting", cd_open_file_store(path, Int32(clamping: count), timeout.milliseconds, &out))
        handle = out
    }

    deinit { cd_free_store(handle) }

    /// Puts a text into the table.
    /// - Throws: `CommunicationError`.
    public func set(_ key: String, _ text: String) throws { try checkCommunication("meeting", cd_set(handle, key, text)) }

    /// Takes a text of at most 4 KB from the table, waiting until it is there.
    /// - Throws: `CommunicationError` when it is not in time.
    public func get(_ key: String, timeout: Duration) throws -> String {
        var bytes = [CChar](repeating: 0, count: 4096)
        try checkCommunication("meeting", cd_get(handle, key, timeout.milliseconds, &bytes, Int64(bytes.count)))
        return bytes.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }
}

extension Duration {
    var milliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
