public import ArgumentParser
public import UNETRArchitectures
public import UNETRInference

extension EngineChoice: ExpressibleByArgument {}

extension GraphForm: ExpressibleByArgument {}
