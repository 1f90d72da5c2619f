public import ArgumentParser
public import UNETRInference
public import UNETRNetworks

extension EngineChoice: ExpressibleByArgument {}

extension GraphForm: ExpressibleByArgument {}
