import Foundation
import Hummingbird
import Logging
import NIOCore

/// What is known of a request besides itself.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection.
    let channel: any Channel
    /// Who asks; set before a handler is called.
    var client = Client(owner: "", line: "")

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// Where the request comes from.
    var address: String { channel.remoteAddress?.ipAddress ?? "here" }

    /// A part of the path.
    func path(_ name: String) throws -> String { try parameters.require(name) }
}

/// Who asks.
struct Client: Sendable, Equatable {
    /// What scans and jobs belong to: the token's name; without tokens everything is everybody's on this machine.
    var owner: String
    /// Whose turn in the queue is used: the token's name, or the address.
    var line: String
}
