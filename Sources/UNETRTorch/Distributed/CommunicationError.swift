internal import CTorch

/// Processes that could not find each other, or of which one was lost.
public struct CommunicationError: Error, Equatable, CustomStringConvertible, Sendable {
    /// What was to be done, such as "sum".
    public var operation: String

    /// What libtorch says about it.
    public var message: String

    /// An error of an operation among processes.
    public init(operation: String, message: String) {
        self.operation = operation
        // Behind the first line libtorch lists its own functions.
        self.message = String(message.prefix { $0 != "\n" })
    }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String { "\(operation) among the processes: \(message)" }

    /// Whether the port that one process was to listen on is taken.
    public var isPortTaken: Bool { message.contains("EADDRINUSE") }
}

/// Throws the error of a failing call among processes.
func checkCommunication(_ operation: StaticString, _ status: CTStatus) throws {
    guard status == CT_OK else {
        let message = String(cString: ct_error_message())
        if status == CT_NOT_LOADED { throw LibtorchMissingError(reason: message) }
        throw CommunicationError(operation: "\(operation)", message: message)
    }
}
