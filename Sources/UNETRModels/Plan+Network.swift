import Foundation
public import UNETRArchitectures
public import UNETRPreparation
import UNETRSupport
import UNETRVolumes

extension Plan {
    /// The plan's network, checked against the rest of the plan.
    /// - Throws: `ConfigurationError`, `PlanError`, `ModelError.planMismatch`.
    public func networkDescription() throws -> NetworkDescription {
        // A bare configuration, as planners and people write it, is one of UNETR++.
        let section: JSONValue =
            network.object?["architecture"] == nil
            ? .object(["architecture": .string(NetworkDescription.Architecture.unetrPlusPlus.rawValue), "configuration": network]) : network
        let description: NetworkDescription
        do { description = try JSONText.decode(from: JSONEncoder().encode(section)) } catch let error as JSONProblem {
            throw PlanError.invalid(field: "network", value: "no network's description", rule: error.sentence)
        }
        try check("patch size", description.patchSize, patchSize)
        try check("input channels", [description.inputChannels], [channelNames.count])
        try check("classes", [description.classes], [labels.outputCount])
        return description
    }

    private func check(_ what: String, _ network: [Int], _ plan: [Int]) throws {
        guard network == plan else { throw ModelError.planMismatch(what: what, network: network, plan: plan) }
    }

    /// The plan with that network in it.
    public func with(network description: NetworkDescription) throws -> Plan {
        var plan = self
        plan.network = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(description))
        return plan
    }
}
