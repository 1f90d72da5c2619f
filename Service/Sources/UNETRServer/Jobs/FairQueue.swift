/// Jobs that wait, in a line for each client. The lines take turns, so that who asks for a hundred keeps nobody else waiting for more than one.
struct FairQueue: Sendable {
    private struct Line {
        var client: String
        var jobs: [String]
    }

    /// The first has the next turn.
    private var lines: [Line] = []

    /// How many wait.
    var count: Int { lines.reduce(0) { $0 + $1.jobs.count } }

    mutating func add(_ job: String, client: String) {
        if let index = lines.firstIndex(where: { $0.client == client }) {
            lines[index].jobs.append(job)
        } else {
            lines.append(Line(client: client, jobs: [job]))
        }
    }

    /// Takes the job whose turn it is; nil where none waits.
    mutating func next() -> String? {
        guard !lines.isEmpty else { return nil }
        var line = lines.removeFirst()
        let job = line.jobs.removeFirst()
        if !line.jobs.isEmpty { lines.append(line) }
        return job
    }

    /// - Returns: whether it waited.
    mutating func remove(_ job: String) -> Bool {
        for index in lines.indices {
            guard let place = lines[index].jobs.firstIndex(of: job) else { continue }
            lines[index].jobs.remove(at: place)
            if lines[index].jobs.isEmpty { lines.remove(at: index) }
            return true
        }
        return false
    }

    /// All that wait, in the order in which they will be taken.
    var order: [String] {
        var rest = self
        return Array(sequence(state: ()) { _ in rest.next() })
    }
}
