public import ArgumentParser
public import Networks

extension UNETRPlusPlusConfiguration.Variant: ExpressibleByArgument {}

extension NetworkDescription.Architecture: ExpressibleByArgument {}
