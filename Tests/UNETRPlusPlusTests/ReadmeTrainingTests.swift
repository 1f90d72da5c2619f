import Foundation
import TestSupport
import Testing
import UNETRPlusPlus

// The README's training loop, kept here so that it compiles and runs.
// README BEGIN
func train(on batches: [(image: Tensor, labels: Tensor)]) throws -> UNETRPlusPlus {
    let network = try UNETRPlusPlus(inputChannels: 1, outputChannels: 3, imageSize: [32, 32, 32], featureSize: 8)
    let loss = DiceCrossEntropyLoss()
    let optimizer = AdamW(network.store.parameters, rate: 1e-3)
    for (image, labels) in batches {  // [N, 1, 32, 32, 32] and class numbers [N, 32, 32, 32]
        let value = try loss(network(image, .training, deepSupervision: false)[0], labels)
        try optimizer.clearGradients()
        try value.backward()
        try optimizer.step()
        print("loss", try value.item())
    }
    return network
}
// README END

struct ReadmeTrainingTests {
    @Test func `The README shows this loop, and it learns to tell dark from bright`() throws {
        let source = try String(contentsOf: URL(fileURLWithPath: #filePath), encoding: .utf8)
        let code = try #require(source.split(separator: "// README BEGIN\n").last?.split(separator: "// README END").first)
        let readme = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("README.md")
        #expect(try String(contentsOf: readme, encoding: .utf8).contains(String(code)))

        try Runtime.seed(1)
        // Blocks of 8³ voxels of brightness 0, 1 or 2; the class is the brightness.
        let coarse = (0..<64).map { Float($0 % 3) }
        let labels = try Tensor(coarse, shape: [1, 1, 4, 1, 4, 1, 4, 1]).expanded([1, 1, 4, 8, 4, 8, 4, 8]).reshaped([1, 1, 32, 32, 32])
        let target = try labels.reshaped([1, 32, 32, 32]).to(.int64)
        let image = try labels - 1
        let network = try train(on: Array(repeating: (image, target), count: 12))
        let untrained = try UNETRPlusPlus(inputChannels: 1, outputChannels: 3, imageSize: [32, 32, 32], featureSize: 8)
        func loss(_ network: UNETRPlusPlus) throws -> Double {
            try withoutGradients { try DiceCrossEntropyLoss()(network(image, .training, deepSupervision: false)[0], target).item() }
        }
        let (before, after) = (try loss(untrained), try loss(network))
        // Guessing costs ln 3 − 1/3 = 0.77.
        #expect(after < before - 0.2, "\(before) to \(after)")
    }
}
