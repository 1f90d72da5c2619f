import Foundation
import Testing

@testable import UNETRAugmentation

/// Plans as part of a run's file.
@Suite struct PlanFileTests {
    @Test("A plan is read back as it was written")
    func roundTrip() throws {
        var plan = AugmentationPlan.published(inPlane: true, zeroOutsideMask: [true, false])
        plan.rule = .modern
        plan.scaling = 0.9...1.1
        let data = try JSONEncoder().encode(plan)
        #expect(try JSONDecoder().decode(AugmentationPlan.self, from: data) == plan)
    }

    @Test("A range that runs backwards and an unknown rule are refused")
    func refusesNonsense() throws {
        let plan = String(decoding: try JSONEncoder().encode(AugmentationPlan()), as: UTF8.self)
        for (good, bad) in [("\"scaling\":[0.7", "\"scaling\":[7"), ("unetrPlusPlus", "other")] {
            let changed = plan.replacingOccurrences(of: good, with: bad)
            #expect(changed != plan)
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(AugmentationPlan.self, from: Data(changed.utf8)) }
        }
    }
}
