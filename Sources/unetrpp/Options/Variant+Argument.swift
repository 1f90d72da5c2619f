public import ArgumentParser
public import UNETRArchitectures

extension UNETRPlusPlusConfiguration.Variant: ExpressibleByArgument {}

extension NetworkDescription.Architecture: ExpressibleByArgument {}
