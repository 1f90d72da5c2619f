/// What a launcher says about the processes that it started together: torchrun, mpirun, srun, or a person who set the variables by hand.
public struct Launch: Equatable, Sendable {
    /// Who set the variables.
    public enum Launcher: String, Sendable {
        /// torchrun.
        case torchrun
        /// Open MPI's mpirun.
        case mpirun
        /// Another launcher of MPI, or Slurm as one.
        case pmi = "a launcher of MPI"
        /// Slurm's srun.
        case srun
        /// Variables set by hand.
        case variables
    }

    /// Where the processes find each other.
    public enum MeetingPoint: Equatable, Sendable {
        /// A host that all reach. Process 0 listens there, unless the launcher does.
        case address(host: String, port: Int, isServed: Bool)
        /// A file on a file system that all see.
        case file(path: String)
        /// A file of this name in a folder that all see: the launcher names no host.
        case fileNamed(String)
    }

    /// Who started the processes.
    public var launcher: Launcher
    /// This process, from 0.
    public var rank: Int
    /// Number of processes.
    public var count: Int
    /// This process among those on its machine, from 0.
    public var localRank: Int
    /// Processes on this machine.
    public var localCount: Int
    /// Where they find each other.
    public var meetingPoint: MeetingPoint
    /// Differs between launches that meet at one point one after the other.
    public var name: String

    /// The most processes.
    public static let most = 1 << 16

    /// A launch from its parts.
    public init(launcher: Launcher, rank: Int, count: Int, localRank: Int, localCount: Int, meetingPoint: MeetingPoint, name: String) {
        (self.launcher, self.rank, self.count) = (launcher, rank, count)
        (self.localRank, self.localCount) = (localRank, localCount)
        (self.meetingPoint, self.name) = (meetingPoint, name)
    }

    /// Whether all processes are on this machine.
    public var isLocal: Bool { localCount == count }
}

/// Why it cannot be told which processes belong together.
public enum LaunchError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A variable is no number in this range.
    case badVariable(String, value: String, expected: String)
    /// One variable is set and the other that belongs to it is not.
    case missing(String, with: String)
    /// A rank that is not below the number of processes.
    case rankTooLarge(rank: String, value: Int, count: String, of: Int)
    /// The launcher names no host, and neither does anybody else.
    case noMeetingPoint(launcher: String)
    /// A meeting point that is neither a host and a port nor a file.
    case badMeetingPoint(String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .badVariable(let name, let value, let expected):
            "the environment variable \(name) is '\(value)'; expected \(expected)"
        case .missing(let name, let other):
            "the environment variable \(other) is set, but \(name) is not; set both for several processes, or neither"
        case .rankTooLarge(let rank, let value, let count, let number):
            "the environment variable \(rank) is \(value), but \(count) is \(number); ranks are counted from 0, so the last is \(number - 1)"
        case .noMeetingPoint(let launcher):
            "\(launcher) started several processes, but does not say where they find each other; set MASTER_ADDR to the host of rank 0 "
                + "and MASTER_PORT to a free port, for all processes alike"
        case .badMeetingPoint(let text):
            "'\(text)' is no meeting point; expected a host and a port, such as node7:29500, or a file, such as file:///shared/meeting"
        }
    }
}
