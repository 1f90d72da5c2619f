/// The streams of those who watch jobs.
struct JobWatchers {
    private var streams: [String: [Int: AsyncStream<JobSignal>.Continuation]] = [:]
    private var lastNumber = 0

    var isEmpty: Bool { streams.isEmpty }

    /// How many there are.
    var count: Int { streams.values.reduce(0) { $0 + $1.count } }

    /// Whether somebody watches that job.
    func watch(_ job: String) -> Bool { streams[job] != nil }

    /// A new stream, in which only the newest signal waits to be read.
    ///
    /// - Parameters:
    ///   - job: the job that is watched.
    ///   - first: what it begins with.
    ///   - goesOn: false: nothing follows.
    ///   - onLeave: called with the stream's number when nobody reads it any more.
    mutating func add(to job: String, first: JobSignal?, goesOn: Bool, onLeave: @escaping @Sendable (Int) -> Void) -> AsyncStream<JobSignal> {
        let (stream, continuation) = AsyncStream.makeStream(of: JobSignal.self, bufferingPolicy: .bufferingNewest(1))
        if let first { continuation.yield(first) }
        guard goesOn else {
            continuation.finish()
            return stream
        }
        lastNumber += 1
        let number = lastNumber
        continuation.onTermination = { _ in onLeave(number) }
        streams[job, default: [:]][number] = continuation
        return stream
    }

    mutating func remove(_ number: Int, from job: String) {
        streams[job]?[number] = nil
        if streams[job]?.isEmpty == true { streams[job] = nil }
    }

    func tell(_ view: JobView, of job: String) { for stream in (streams[job] ?? [:]).values { stream.yield(.job(view)) } }

    /// Keeps the connections of all.
    func ping() { for streams in streams.values { for stream in streams.values { stream.yield(.ping) } } }

    /// Ends the streams of a job.
    mutating func finish(_ job: String) { for stream in (streams.removeValue(forKey: job) ?? [:]).values { stream.finish() } }

    /// Ends all streams.
    func finish() { for streams in streams.values { for stream in streams.values { stream.finish() } } }
}
