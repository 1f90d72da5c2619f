/// Why processes cannot train together, or no longer.
public enum ProcessError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The port that process 0 is to listen on is taken.
    case portTaken(Int)
    /// The others did not come, or the meeting point is not there.
    case notMet(rank: Int, count: Int, where: String, seconds: Int, problem: String)
    /// A process is another program.
    case otherProgram(own: String, rank: Int, other: String)
    /// A process was started with something else than process 0.
    case differs(what: String, rank: Int)
    /// A process reads other prepared cases.
    case otherCases(rank: Int, folder: String)
    /// A process has ended, or says nothing.
    case lost(problem: String, checkpoint: String?)
    /// The device cannot be used by several processes.
    case noBackend(device: String)
    /// More processes than patches in a batch.
    case batchTooSmall(batch: Int, processes: Int)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .portTaken(let port):
            "port \(port), on which the processes are to meet, is in use on this machine; set MASTER_PORT to a free one, for all processes alike"
        case .notMet(let rank, let count, let place, let seconds, let problem):
            "process \(rank) of \(count) did not meet the others at \(place) within \(seconds) s (\(problem)); see that all are started and reach that place"
        case .otherProgram(let own, let rank, let other):
            "this is \(own), but process \(rank) is \(other); start the same program in all, as many as each is told"
        case .differs(let what, let rank):
            "process \(rank) was started with another \(what) than process 0; start all with the same arguments and the same files"
        case .otherCases(let rank, let folder):
            "process \(rank) finds other prepared cases in \(folder) than process 0; all must see the same folder, on a file system that they share"
        case .lost(let problem, let checkpoint):
            "another training process has ended or says nothing (\(problem))"
                + (checkpoint.map { "; the last good checkpoint is \($0), and the run goes on from there when it is resumed" } ?? "")
        case .noBackend(let device):
            "several processes train on CPUs; on \(device) they need the library that connects GPUs, libunetrpp-nccl.so, which was not found beside this program. "
                + "Build it, or train with one process there"
        case .batchTooSmall(let batch, let processes):
            "a batch of \(batch) \(batch == 1 ? "patch" : "patches") cannot be shared by \(processes) processes; the batch is that of all processes together: "
                + "start fewer, or set a larger batchSize"
        }
    }
}
