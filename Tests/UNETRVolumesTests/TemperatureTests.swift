import Foundation
import Testing
import UNETRVolumes

struct TemperatureTests {
    private static func near(_ found: [Float], _ expected: [Float]) -> Bool {
        found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 }
    }

    @Test func `Probabilities that exclude each other are powers over their sum`() {
        // Two voxels of three outputs, C-order.
        let values: [Float] = [0.5, 0.1, 0.25, 0.1, 0.25, 0.8]
        // Squares: 0.25, 0.0625, 0.0625 of 0.375; 0.01, 0.01, 0.64 of 0.66.
        let squares: [Float] = [0.25 / 0.375, 0.01 / 0.66, 0.0625 / 0.375, 0.01 / 0.66, 0.0625 / 0.375, 0.64 / 0.66]
        #expect(Self.near(Temperature(0.5).applied(to: values, voxels: 2, areRegions: false), squares))
        let roots = [Float(0.1).squareRoot(), Float(0.1).squareRoot(), Float(0.8).squareRoot()], sum = roots.reduce(0, +)
        let warm = Temperature(2).applied(to: values, voxels: 2, areRegions: false)
        #expect(Self.near([warm[1], warm[3], warm[5]], roots.map { $0 / sum }))
        #expect(Temperature(1).applied(to: values, voxels: 2, areRegions: false) == values)
    }

    @Test func `Those of regions are scaled each for itself`() {
        // √0.8 : √0.2 is 2 : 1.
        #expect(Self.near(Temperature(2).applied(to: [0.8, 0.5, 0, 1], voxels: 2, areRegions: true), [2 / 3, 0.5, 0, 1]))
        #expect(Self.near(Temperature(0.5).applied(to: [0.8], voxels: 1, areRegions: true), [16 / 17]))
    }

    @Test(arguments: [0.05, 0.3, 3, 20]) func `Every temperature leaves numbers from 0 to 1, and the most probable output`(value: Double) {
        let values: [Float] = [1, 1e-30, 0.3, 0.34, 0, 1e-30, 0.3, 0.33, 0, 1e-38, 0.4, 0.33]
        let scaled = Temperature(value).applied(to: values, voxels: 4, areRegions: false)
        for voxel in 0..<4 {
            let (before, after) = ((0..<3).map { values[$0 * 4 + voxel] }, (0..<3).map { scaled[$0 * 4 + voxel] })
            #expect(after.allSatisfy { $0 >= 0 && $0 <= 1 } && abs(after.reduce(0, +) - 1) < 1e-5, "\(after)")
            #expect(after.firstIndex(of: after.max()!) == before.firstIndex(of: before.max()!))
        }
        // What sums to nothing is undecided.
        #expect(Self.near(Temperature(value).applied(to: [0, 0], voxels: 1, areRegions: false), [0.5, 0.5]))
    }
}
