import Foundation
import Testing

@testable import UNETREvaluation

struct TemperatureFitTests {
    @Test func `The likelihood is largest where the probabilities are the shares`() throws {
        // 0.9 was said four times and right three times: logit ln 9, which is twice ln 3, the logit of 3 in 4.
        var fit = TemperatureFit(outputs: 2, areRegions: false)
        fit.add([0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9], [1, 1, 0, 1])
        let best = try #require(fit.best)
        #expect(abs(best.temperature - 2) < 1e-5)
        #expect(abs(best.loss.before + (3 * log(0.9) + log(0.1)) / 4) < 1e-6 && abs(best.loss.after + (3 * log(0.75) + log(0.25)) / 4) < 1e-9)
    }

    @Test func `So it is for regions, each output for itself`() throws {
        var fit = TemperatureFit(outputs: 2, areRegions: true)
        // The first region: 0.9 and right in 3 of 4. The second: 0.1, and there in 1 of 4.
        fit.add([0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1], [0b01, 0b01, 0b00, 0b11])
        let best = try #require(fit.best)
        #expect(abs(best.temperature - 2) < 1e-5)
        #expect(abs(best.loss.before + (3 * log(0.9) + log(0.1)) / 4) < 1e-6)
    }

    @Test func `Of three outputs it is what trying all temperatures finds`() throws {
        let voxels: [([Float], Int)] = [
            ([0.7, 0.2, 0.1], 0), ([0.6, 0.3, 0.1], 1), ([0.05, 0.9, 0.05], 1), ([0.2, 0.2, 0.6], 2), ([0.1, 0.8, 0.1], 0), ([0.98, 0.01, 0.01], 0),
        ]
        var fit = TemperatureFit(outputs: 3, areRegions: false)
        fit.add((0..<3).flatMap { output in voxels.map { $0.0[output] } }, voxels.map(\.1))
        func loss(_ temperature: Double) -> Double {
            voxels.reduce(0) { sum, voxel in
                let powers = voxel.0.map { pow(Double($0), 1 / temperature) }
                return sum - log(powers[voxel.1] / powers.reduce(0, +))
            } / Double(voxels.count)
        }
        let tried = stride(from: 0.05, through: 20, by: 0.001).min { loss($0) < loss($1) }!
        let best = try #require(fit.best)
        #expect(abs(best.temperature - tried) < 1e-3 && abs(best.loss.after - loss(tried)) < 1e-6 && abs(best.loss.before - loss(1)) < 1e-6)
        #expect(best.loss.after < best.loss.before)
    }

    @Test func `What is right and certain, and what is to be left out, does not count`() throws {
        var fit = TemperatureFit(outputs: 2, areRegions: false)
        fit.add([0, 1, 0.00001, 0.5, 1, 0, 0.99999, 0.5], [1, 0, 1, -1])
        #expect(fit.best == nil)
        let before = fit
        fit.add([0.1, 0.1, 0.1, 0.1, 1, 0.9, 0.9, 0.9, 0.9, 0], [1, 1, 0, 1, 0])
        var alone = TemperatureFit(outputs: 2, areRegions: false)
        alone.add([0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9], [1, 1, 0, 1])
        #expect(fit.best == alone.best && before.best == nil)
    }

    @Test func `Probabilities that are always right, or never, end at the limits`() throws {
        var right = TemperatureFit(outputs: 2, areRegions: false), wrong = right
        right.add([0.4, 0.6], [1])
        wrong.add([0.4, 0.6], [0])
        #expect(try abs(#require(right.best).temperature - 0.05) < 1e-9)
        #expect(try abs(#require(wrong.best).temperature - 20) < 1e-9)
    }

    @Test func `A large case counts as much as its share of voxels at most`() throws {
        // 40,000 voxels that ask for one temperature, of which every second is taken, beside 20,000 that ask for another.
        var fit = TemperatureFit(outputs: 2, areRegions: false)
        func add(_ p: Float, _ truths: [Int], times: Int) {
            let truth = (0..<times).flatMap { _ in truths }
            fit.add(truth.map { _ in 1 - p } + truth.map { _ in p }, truth)
        }
        add(0.9, [1, 1, 1, 1, 1, 1, 0, 0], times: 5000)
        add(0.9, [1, 1, 1, 1, 1, 1, 1, 1, 1, 0], times: 2000)
        // 15,000 of 20,000 and 18,000 of 20,000 are right: the logit of 33 in 40.
        #expect(abs(try #require(fit.best).temperature - log(9) / log(33.0 / 7)) < 1e-5)
    }

    @Test func `Correlation is Pearson's`() throws {
        #expect(try #require(Correlation.pearson([(1, 1), (2, 3), (3, 2), (4, 4)])) == 0.8)
        #expect(try abs(#require(Correlation.pearson([(1, 10), (2, 8), (5, 2)])) + 1) < 1e-12)
        #expect(Correlation.pearson([(1, 1), (2, 2)]) == nil && Correlation.pearson([(1, 1), (1, 2), (1, 3)]) == nil)
    }
}
