import ArchitectureTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRLayers
import UNETRNetworks
import UNETRTorch

struct DropoutTests {
    @Test("Training without dropout draws nothing, in every network that has some", arguments: NarrowNetworks.namesWithDropout)
    func nothingIsDrawn(name: String) throws {
        let description = NarrowNetworks.description("\(name) dropping")
        let network = try description.makeNetwork(generator: Generator(seed: 1))
        let shape = [1, description.inputChannels] + description.outputSizes[0]
        let image = try Tensor(ParityRule(name).values(shape.reduce(1, *), scale: 1), shape: shape)
        func logits(seed: UInt64, dropout: Bool) throws -> [Float] {
            try withoutGradients {
                var pass = ForwardPass(training: true, generator: try Generator(seed: seed))
                pass.dropout = dropout
                return try network(image, pass, deepSupervision: false)[0].array()
            }
        }
        #expect(try logits(seed: 2, dropout: false) == logits(seed: 3, dropout: false))
        #expect(try logits(seed: 2, dropout: true) != logits(seed: 3, dropout: true))
    }
}
