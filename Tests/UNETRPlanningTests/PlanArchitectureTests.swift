import Testing
import UNETRArchitectures
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// Plans taken over to other networks.
@Suite struct PlanArchitectureTests {
    @Test(
        "A plan gets every network, with the least patch that the network takes and that covers the plan's own",
        arguments: [
            // Spacing 5 mm across slices, 1 mm in them: stems [1, 4, 4], and nnU-Net halves the slices only after two halvings in the plane.
            (.unetr, [16, 96, 96]), (.swinUNETR, [32, 96, 96]), (.nnFormer, [8, 96, 96]),
            (.nnUNet, [8, 96, 96]), (.nnUNetResidual, [8, 96, 96]),
        ] as [(NetworkDescription.Architecture, Size3)])
    func networks(architecture: NetworkDescription.Architecture, patch: Size3) throws {
        var configuration = UNETRPlusPlusConfiguration(.acdc)
        configuration.patchSize = [8, 96, 96]
        configuration.inputChannels = 2
        configuration.classes = 3
        let plan = try Plan(
            dataset: "Test", channelNames: ["CT", "PET"],
            labels: LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "a", value: 1), .init(name: "b", value: 2)]),
            targetSpacing: [5, 1, 1], patchSize: [8, 96, 96], normalization: [.init(scheme: .zScore), .init(scheme: .zScore)]
        ).with(network: .unetrPlusPlus(configuration))
        #expect(try plan.with(architecture: .unetrPlusPlus) == plan)
        let other = try plan.with(architecture: architecture)
        #expect(other.patchSize == patch)
        // Agrees with the plan in patch, channels and classes, or this would throw.
        let description = try other.networkDescription()
        #expect(description.architecture == architecture)
        try description.configuration.validate()
        #expect(try other.with(architecture: architecture) == other)
    }

    @Test("The U-Net of a plan has nnU-Net's stages, kernels and strides")
    func stages() throws {
        let plan = try Plan(
            dataset: "Test", channelNames: ["CT"],
            labels: LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "a", value: 1)]),
            targetSpacing: [3, 0.8, 0.8], patchSize: [48, 192, 192], normalization: [.init(scheme: .zScore)]
        ).with(
            network: .unetrPlusPlus(
                {
                    var configuration = UNETRPlusPlusConfiguration(.synapse)
                    configuration.patchSize = [48, 192, 192]
                    configuration.classes = 2
                    return configuration
                }()))
        guard let configuration = try plan.with(architecture: .nnUNetResidual).networkDescription().configuration as? NNUNetConfiguration else {
            Issue.record("not a U-Net")
            return
        }
        // As nnU-Net plans Task 9 of the Decathlon, whose spacing and patch are close: five poolings, the slices three times.
        #expect(configuration.features == [32, 64, 128, 256, 320, 320])
        #expect(configuration.strides == [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2], [2, 2, 2], [1, 2, 2]])
        #expect(configuration.kernels == [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]])
        #expect(configuration.depths == [1, 3, 4, 6, 6, 6])
        #expect(configuration.supervisedOutputs == 4)
    }
}
