import Foundation
import TestSupport
import Testing
import UNETRLayers

struct ScheduleTests {
    private struct Contents: Decodable {
        // swift-format-ignore: AlwaysUseLowerCamelCase
        struct Poly: Decodable {
            var max_epochs: Int
            var initial, exponent: Double
            var epochs: [String: Double]
        }
        var poly: Poly
    }

    @Test("The polynomial rate is nnU-Net's, the same for all steps of an epoch")
    func polynomial() throws {
        let poly = try JSONDecoder().decode(Contents.self, from: Data(contentsOf: Fixtures.url("layers/optim.json"))).poly
        let schedule = Schedule.polynomial(exponent: poly.exponent)
        for (epoch, rate) in poly.epochs {
            for step in [0, 249] {
                let factor = schedule.factor(step: Int(epoch)! * 250 + step, stepsPerEpoch: 250, epochs: poly.max_epochs)
                #expect(abs(poly.initial * factor - rate) <= 1e-12 * max(rate, 1e-3), "epoch \(epoch)")
            }
        }
    }

    @Test("The cosine rate rises in a line, is whole after the warm-up, half half-way, and 0 at the end")
    func cosine() {
        let schedule = Schedule.cosine(warmUp: 0.1)
        func factor(_ step: Int) -> Double { schedule.factor(step: step, stepsPerEpoch: 10, epochs: 10) }
        #expect(abs(factor(0) - 1 / 11.0) < 1e-15)
        #expect(abs(factor(9) - 10 / 11.0) < 1e-15)
        #expect(factor(10) == 1)
        #expect(abs(factor(55) - 0.5) < 1e-12)
        #expect(abs(factor(40) - 0.75) < 1e-12, "a third of the way down: ½ (1 + cos 60°)")
        #expect(abs(factor(100)) < 1e-15)
        for step in 0..<100 { #expect(factor(step) > 0 && factor(step) <= 1) }
    }

    @Test("Without warm-up the cosine starts whole")
    func noWarmUp() {
        #expect(Schedule.cosine(warmUp: 0).factor(step: 0, stepsPerEpoch: 10, epochs: 10) == 1)
    }

    @Test("A schedule survives JSON")
    func json() throws {
        for schedule in [Schedule.polynomial(exponent: 0.9), .cosine(warmUp: 0.01)] {
            #expect(try JSONDecoder().decode(Schedule.self, from: JSONEncoder().encode(schedule)) == schedule)
        }
        let text = Data(#"{"cosine": {"warmUp": 0.01}}"#.utf8)
        #expect(try JSONDecoder().decode(Schedule.self, from: text) == .cosine(warmUp: 0.01), "the form of training.json")
    }
}
