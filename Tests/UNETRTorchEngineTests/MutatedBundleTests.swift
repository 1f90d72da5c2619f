import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRModels
import UNETRPlanning

/// Plans and network descriptions of bundles as a hand or a disk may spoil them.
@Suite struct MutatedBundleTests {
    private static let plan = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: "Models/hippocampus.unetrpp/plan.json")

    @Test func `no change of a bundle's plan crashes the reader of bundles`() throws {
        let text = try String(contentsOf: Self.plan, encoding: .utf8)
        var mutation = Mutation(seed: 2)
        var (read, refused) = (0, 0)
        try Fixtures.withTemporaryFolder { folder in
            let plan = folder.appending(path: "plan.json")
            try Data().write(to: folder.appending(path: "model.safetensors"))
            for _ in 0..<500 {
                try Data(mutation.changed(text)).write(to: plan)
                do {
                    let bundle = try ModelBundle(contentsOf: folder)
                    _ = try JSONEncoder().encode(bundle.network)
                    read += 1
                } catch {
                    #expect(!"\(error)".isEmpty)
                    refused += 1
                }
                _ = try? NetworkDescription(contentsOf: plan)
            }
        }
        #expect(read > 5 && refused > 100, "\(read) read, \(refused) refused")
    }

    @Test func `no change of the ranges for 8 bits crashes their reader`() throws {
        let text = #"{"version":1,"weights":"00ff","ranges":{"a":[-1.5,2.5],"b":[0,1]},"scans":["x"],"patches":3}"#
        var mutation = Mutation(seed: 3)
        var refused = 0
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "quantization.json")
            try Data(text.utf8).write(to: url)
            #expect(try Quantization(contentsOf: url).ranges["a"] == -1.5...2.5)
            for _ in 0..<400 {
                try Data(mutation.changed(text)).write(to: url)
                do { _ = try Quantization(contentsOf: url) } catch { refused += 1 }
            }
        }
        #expect(refused > 100)
    }
}
