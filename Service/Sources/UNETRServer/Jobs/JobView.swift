import Foundation
import UNETRWork

/// A job as clients see it.
struct JobView: Codable, Equatable, Sendable {
    struct Problem: Codable, Equatable, Sendable {
        var code: String
        var reason: String
    }

    var id: String
    var model: String
    /// The first scan; nil while it is being fetched.
    var scan: String?
    var scans: [String]
    var state: JobState
    /// How many are done before it; 0 is next.
    var position: Int?
    /// From 0 to 1.
    var progress: Double
    var secondsLeft: Double?
    var created: Date
    var started: Date?
    var ended: Date?
    var expires: Date?
    var error: Problem?
    var fromStore: Bool
    /// Where the scan is from, and what is sent back.
    var archive: Source?
    /// What became of the mask at the archive.
    var sent: [SentMask]?

    struct Source: Codable, Equatable, Sendable {
        var name: String
        var study: String
        var series: String
        var send: [ResultForm]
    }

    init(_ job: JobRecord, position: Int? = nil, progress: Double? = nil, secondsLeft: Double? = nil) {
        (id, model, scans, state, fromStore) = (job.id, job.model.name, job.scans, job.state, job.fromStore)
        scan = job.scans.first
        (created, started, ended, expires) = (job.created, job.started, job.ended, job.expires)
        self.position = state == .queued ? position : nil
        self.progress = state == .done ? 1 : state == .running ? progress ?? 0 : 0
        self.secondsLeft = state == .running ? secondsLeft : nil
        archive = job.source.map { Source(name: $0.archive, study: $0.study, series: $0.series, send: $0.send) }
        sent = job.sent
        error = job.errorCode.map { Problem(code: $0, reason: job.errorReason ?? "") }
    }
}

/// What the stream of a job's events carries.
enum JobSignal: Sendable {
    case job(JobView)
    /// Nothing happened for a while; the connection is to be kept.
    case ping
}
