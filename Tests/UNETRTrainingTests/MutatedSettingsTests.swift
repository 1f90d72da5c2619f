import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRTraining

/// Training settings as a hand or a disk may spoil them.
@Suite struct MutatedSettingsTests {
    @Test func `no change of training settings crashes their reader`() throws {
        let encoder = JSONEncoder()
        let texts = try TrainingConfiguration.Recipe.allCases.map {
            TrainingConfiguration.recipe($0, for: try TinyModel.plan())
        }.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
        var mutation = Mutation(seed: 1)
        var (read, refused) = (0, 0)
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "settings.json")
            for round in 0..<500 {
                try Data(mutation.changed(texts[round % 2])).write(to: url)
                do {
                    _ = try JSONEncoder().encode(TrainingConfiguration(contentsOf: url))
                    read += 1
                } catch {
                    #expect(!"\(error)".isEmpty)
                    refused += 1
                }
            }
        }
        // Both kinds must be among them, or nothing has been tried.
        #expect(read > 5 && refused > 100, "\(read) read, \(refused) refused")
    }
}
