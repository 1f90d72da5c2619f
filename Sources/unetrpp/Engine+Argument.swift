public import ArgumentParser
public import Inference
public import Networks

extension EngineChoice: ExpressibleByArgument {}

extension GraphForm: ExpressibleByArgument {}
