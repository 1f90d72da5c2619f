import ArgumentParser
import Foundation
import UNETREngines

/// Options of commands that run a trained network.
struct EngineOptions: ParsableArguments {
    @Option(
        help: """
            What computes: torch (libtorch), compiled (on the CPU, compiled by OpenVINO and kept in a cache), or auto, the fastest \
            that works here.
            """)
    var engine = EngineChoice.auto

    /// Says on standard error why an engine that was wanted is not used.
    static func note(_ text: String) { FileHandle.standardError.write(Data("unetrpp: \(text)\n".utf8)) }
}
