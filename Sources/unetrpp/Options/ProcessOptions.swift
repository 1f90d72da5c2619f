import ArgumentParser
import Foundation
import UNETRSupport
import UNETRTorch
import UNETRTraining

/// Options for several processes that train together.
struct ProcessOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where several processes find each other, instead of what the launcher says: HOST:PORT of process 0, or a new file that all see, such as file:///shared/meeting.",
            valueName: "place"))
    var meetingPoint: String?

    @Option(
        help: ArgumentHelp("Seconds without a word after which another process counts as lost, and to wait for all at the start.", valueName: "seconds"))
    var patience = 600

    func validate() throws {
        guard (1...86400).contains(patience) else { throw ValidationError("--patience is \(patience); expected 1 to 86400 seconds") }
    }

    /// What the launcher says; nil for one process alone.
    func launch() throws -> Launch? { try Launch.find(in: ProcessInfo.processInfo.environment, meetingPoint: meetingPoint) }

    /// Joins the others.
    ///
    /// - Parameter isStoppable: whether what follows asks for signals and ends by itself.
    func join(_ launch: Launch, in folder: URL, device: Device, isStoppable: Bool) throws -> any ProcessGroup {
        // While it waits there is nothing to be finished: a signal ends it at once.
        Interruption.begin(stoppable: false)
        defer { if isStoppable { Interruption.begin(stoppable: true) } }
        let processes = try TorchProcesses.join(
            launch, in: folder, program: "unetrpp \(UNETRPP.configuration.version)",
            interface: ProcessInfo.processInfo.environment["GLOO_SOCKET_IFNAME"], device: device, patience: .seconds(patience))
        if launch.rank == 0 {
            let threads = Runtime.threads
            ProgressBar("", total: 0).say(
                "\(launch.count) processes train together, \(launch.localCount) of them here with \(threads) thread\(threads == 1 ? "" : "s") each")
        }
        return processes
    }
}
