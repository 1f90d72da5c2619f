public import ArgumentParser
public import UNETRNetworks

extension UNETRPlusPlusConfiguration.Variant: ExpressibleByArgument {}

extension NetworkDescription.Architecture: ExpressibleByArgument {}
