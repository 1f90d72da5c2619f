import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETREngines
import UNETRModels
import UNETRSupport

/// The choice among engines, with stand-ins for the engines and the shipped model.
struct RegistryTests {
    /// A kind of engine that can or cannot be had.
    private struct Provider: EngineProvider {
        var choice: EngineChoice
        var title: String
        var obstacle: EngineObstacle?
        var failure: EngineObstacle?

        func obstacle(to network: NetworkDescription, _ settings: EngineSettings) -> EngineObstacle? { obstacle }

        func makeEngine(for bundle: ModelBundle, _ settings: EngineSettings, note: (String) -> Void) throws -> any PatchEngine {
            if let failure { throw failure }
            return PlainEngine()
        }

        func memory(_ network: NetworkDescription, outputs: Int, engines: [any PatchEngine], _ settings: EngineSettings) -> EngineMemory {
            EngineMemory(base: choice.rawValue.count * engines.count, pass: outputs)
        }
    }

    private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func bundle() throws -> ModelBundle { try ModelBundle(contentsOf: Self.package.appending(path: "Models/hippocampus.unetrpp")) }

    private func registry(first: EngineObstacle? = nil, failure: EngineObstacle? = nil, second: EngineObstacle? = nil) -> EngineRegistry {
        EngineRegistry([
            Provider(choice: .init(rawValue: "quick"), title: "the quick engine", obstacle: first, failure: failure),
            Provider(choice: .init(rawValue: "steady"), title: "the steady engine", obstacle: second),
        ])
    }

    /// The notes of a choice.
    private func notes(_ registry: EngineRegistry, _ choice: EngineChoice) throws -> [String] {
        var notes: [String] = []
        _ = try registry.engine(for: bundle(), EngineSettings(choice)) { notes.append($0) }
        return notes
    }

    private static let quick = EngineChoice(rawValue: "quick"), steady = EngineChoice(rawValue: "steady")

    @Test func `What stands in the way of an engine is told with the one that is used instead`() throws {
        #expect(registry().choices.map(\.rawValue) == ["auto", "quick", "steady"])
        #expect(try notes(registry(), .auto).isEmpty)
        #expect(try notes(registry(first: EngineObstacle("quick is for small networks")), .auto) == ["quick is for small networks; the steady engine is used"])
        let advice = EngineObstacle("quick is absent; set it up")
        #expect(try notes(registry(failure: advice), .auto) == ["quick is absent; set it up. The steady engine is used"])
    }

    @Test func `What nobody could expect is told only to him who asked for it`() throws {
        let obstacle = EngineObstacle("quick is for the CPU", isUnexpected: false)
        #expect(try notes(registry(first: obstacle), .auto).isEmpty)
        #expect(try notes(registry(first: obstacle), Self.quick) == ["quick is for the CPU; the steady engine is used"])
    }

    @Test func `An engine that was asked for does not give way to a quicker one`() throws {
        let (engines, memory) = try registry().engines(for: [bundle(), bundle()], EngineSettings(Self.steady))
        // The hippocampus has two structures and background.
        #expect(engines.count == 2 && memory == EngineMemory(base: 2 * "steady".count, pass: 3))
        let error = #expect(throws: EngineError.self) {
            try registry(second: EngineObstacle("steady is broken")).engine(for: bundle(), EngineSettings(Self.steady))
        }
        #expect("\(error!)" == "no engine here can compute unetr-plus-plus: steady is broken")
    }

    @Test func `The compiled engine says what it cannot compute`() throws {
        let provider = OpenVINOProvider(), network = try bundle().network
        #expect(provider.obstacle(to: network, EngineSettings()) == nil)
        #expect(provider.obstacle(to: network, EngineSettings(device: .cuda(1)))?.reason == "the compiled engine is for the CPU, not for cuda:1")
        #expect(provider.obstacle(to: network, EngineSettings(device: .cuda(1)))?.isUnexpected == false)
        let half = provider.obstacle(to: network, EngineSettings(precision: .float16))
        #expect(half?.reason == "the compiled engine computes in float32 or bfloat16, not in float16")
        for architecture in Architectures.all where !architecture.hasGraph {
            let network = NetworkDescription.usual(architecture, inputChannels: 1, classes: 2, patchSize: [64, 64, 64])
            let other = provider.obstacle(to: network, EngineSettings())
            #expect(other?.reason == "the compiled engine does not take \(architecture.rawValue)" && other?.isUnexpected == true)
        }
    }
}
