import Foundation
import Synchronization

/// What has happened since the start, for whoever watches the server.
final class Counters: Sendable {
    private let requests = Mutex<[Int: Int]>([:])
    private let uploaded = Mutex(0)
    let started = Date()

    func count(status: Int) { requests.withLock { $0[status, default: 0] += 1 } }
    func count(uploadedBytes bytes: Int) { uploaded.withLock { $0 += bytes } }

    var statuses: [Int: Int] { requests.withLock { $0 } }
    var uploadedBytes: Int { uploaded.withLock { $0 } }
}

/// Figures in the text form of Prometheus.
struct MetricsText {
    private(set) var text = ""

    mutating func add(_ name: String, _ kind: String, _ help: String, _ values: [(labels: String, value: Double)]) {
        text += "# HELP unetrpp_\(name) \(help)\n# TYPE unetrpp_\(name) \(kind)\n"
        for (labels, value) in values {
            text += "unetrpp_\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(value == value.rounded() ? "\(Int(value))" : "\(value)")\n"
        }
    }
}
