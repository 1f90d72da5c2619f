public import UNETRArchitectures
import UNETRVolumes

extension Plan {
    /// The plan with another network for the same data, in its usual size.
    ///
    /// Spacing, normalization and batch stay; the patch is rounded up to what the network can take (`NetworkDescription.usual`). A plan whose
    /// network has that architecture already stays as it is.
    /// - Throws: `ConfigurationError`.
    public func with(architecture: NetworkDescription.Architecture) throws -> Plan {
        // A plan taken over from another program may have no network yet.
        if let own = try? networkDescription(), own.architecture == architecture { return self }
        let description = NetworkDescription.usual(
            architecture, inputChannels: channelNames.count, classes: labels.outputCount, patchSize: patchSize, spacing: targetSpacing)
        var plan = self
        plan.patchSize = description.patchSize
        return plan.with(network: description)
    }
}
