public import ArgumentParser
public import UNETRArchitectures
public import UNETREngines
import UNETRTorchEngine

extension EngineChoice: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(rawValue: argument)
        guard EngineRegistry.all.choices.contains(self) else { return nil }
    }

    public static var allValueStrings: [String] { EngineRegistry.all.choices.map(\.rawValue) }

    public var defaultValueDescription: String { rawValue }
}

extension GraphForm: ExpressibleByArgument {}
