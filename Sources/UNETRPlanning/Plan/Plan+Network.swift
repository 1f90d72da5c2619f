public import UNETRArchitectures
import UNETRVolumes

extension Plan {
    /// The plan's network, checked against the rest of the plan; a UNETR++ with the settings of synapse where the plan names none.
    /// - Throws: `ConfigurationError` for impossible settings; `PlanError.mismatch`.
    public func networkDescription() throws -> NetworkDescription {
        let description = network ?? .unetrPlusPlus(UNETRPlusPlusConfiguration(.synapse))
        try description.configuration.validate()
        try check("patch size", Array(description.patchSize), Array(patchSize))
        try check("input channels", [description.inputChannels], [channelNames.count])
        try check("classes", [description.classes], [labels.outputCount])
        return description
    }

    private func check(_ what: String, _ network: [Int], _ plan: [Int]) throws {
        guard network == plan else { throw PlanError.mismatch(what: what, network: network, plan: plan) }
    }

    /// The plan with that network in it. One that sees a single slice makes the plan two-dimensional.
    public func with(network description: NetworkDescription) -> Plan {
        var plan = self
        plan.network = description
        if description != network {
            plan.isTwoDimensional = description.patchSize.depth == 1
            if plan.isTwoDimensional { plan.inference.mirrorAxes.removeAll { $0 == 0 } }
        }
        return plan
    }
}
