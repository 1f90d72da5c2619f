import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

@testable import UNETRPreparation

/// Against MONAI 1.6.1 itself (Tests/Fixtures/monai/make_fixtures.py).
@Suite struct MONAIPreparationTests {
    private static func cases(_ file: String) throws -> [JSONValue] {
        let json = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: Fixtures.url("monai/\(file)")))
        return try #require(json["cases"]?.array)
    }

    private static func geometry(_ entry: JSONValue) throws -> Geometry {
        let size = try #require(entry["size"]?.ints), rows = try #require(entry["affine"]?.array).map { try #require($0.doubles) }
        let spacing = (0..<3).map { column in (0..<3).reduce(0) { $0 + rows[$1][column] * rows[$1][column] }.squareRoot() }
        return Geometry(size: Size3(size[2], size[1], size[0]), affine: rows, spacing: spacing.reversed())
    }

    private static func plan(
        spacing: [Double], codes: String, steps: [IntensityStep]? = nil, restored: InferenceSettings.Restored = .averages,
        cleaning: PostProcessing? = nil
    ) throws -> Plan {
        try Plan(
            dataset: "Made", channelNames: ["CT"], labels: LabelSet(definitions: (0..<3).map { .init(name: $0 == 0 ? "background" : "s\($0)", value: $0) }),
            targetSpacing: spacing, orientation: AxisCodes(codes), axisOrder: AxisOrder([2, 1, 0]), patchSize: [16, 16, 16],
            normalization: [steps.map { .init(steps: $0) } ?? .init(scheme: .noNorm)], compatibility: .monai,
            inference: InferenceSettings(mirrorAxes: [], aggregation: .logits, windows: .monai(), restored: restored), postProcessing: cleaning)
    }

    @Test func `Sizes and places of resampled voxels are MONAI's, and so are those on the way back`() throws {
        let cases = try Self.cases("grids.json")
        #expect(cases.count == 64)
        var upright = (equal: 0, all: 0), turned = upright
        for (number, entry) in cases.enumerated() {
            let geometry = try Self.geometry(entry), plan = try Self.plan(spacing: entry["pixdim"]!.doubles!, codes: "RAS")
            let prepared = plan.preparedGrid(of: geometry), grid = prepared.resampling
            #expect(Array(prepared.size) == entry["shape"]!.ints!, "case \(number)")
            let back = CaseProperties(
                name: "\(number)", geometry: geometry, channels: 1, cropBox: CropBox(lower: [0, 0, 0], upper: geometry.size), axisOrder: prepared.axes.order,
                flippedAxes: prepared.axes.flipped, size: prepared.size, spacing: prepared.spacing, compatibility: .monai, planDigest: ""
            ).restorationGrid
            for axis in 0..<3 where Array(prepared.size) == entry["shape"]!.ints! {
                func line(_ name: String) -> [Double] { entry[name]!.array![axis].doubles! }
                func positions(_ grid: ResamplingGrid) -> [Double] {
                    let cells = CellLine(grid, axis: axis, nearest: false)
                    return (0..<cells.count).map { Double(cells.low[$0]) * (1 - cells.weight[$0]) + Double(cells.high[$0]) * cells.weight[$0] }
                }
                #expect(zip(positions(grid), line("forward")).allSatisfy { abs($0 - $1) < 2e-6 }, "case \(number), axis \(axis)")
                #expect(zip(positions(back), line("linear")).allSatisfy { abs($0 - $1) < 2e-6 }, "case \(number), axis \(axis)")
                let found = CellLine(back, axis: axis, nearest: true).low.map(Double.init), expected = line("nearest")
                // Every second scan is turned a little about the patient's axis.
                let equal = zip(found, expected).count { $0 == $1 }
                if number % 2 == 0 {
                    upright = (upright.equal + equal, upright.all + found.count)
                } else {
                    turned = (turned.equal + equal, turned.all + found.count)
                }
                for (index, (one, other)) in zip(found, expected).enumerated() {
                    // Halfway between two voxels the last bit of an affine decides.
                    let position = positions(back)[index]
                    #expect(one == other || abs(abs(position - position.rounded()) - 0.5) < 1e-9, "case \(number), axis \(axis), voxel \(index)")
                }
            }
        }
        #expect(upright.all > 1500 && upright.equal == upright.all, "\(upright)")
        #expect(turned.all > 1500 && turned.equal * 100 >= turned.all * 96, "\(turned)")
    }

    private static let steps: [String: [IntensityStep]] = [
        "range": [.range(from: .init(-57, 164), to: .init(0, 1), clips: true)], "open": [.range(from: .init(0, 100), to: .init(-1, 2), clips: false)],
        "extremes": [.extremes(to: .init(0, 1)), .standardize(onlyNonZero: false)],
        "nonzero": [.standardize(onlyNonZero: true), .extremes(to: .init(-1, 1))],
    ]

    /// A fixture's scan, whose voxels follow the rule of the parity fixtures, [i, j, k] in the file.
    private static func scan(_ entry: JSONValue) throws -> Scan {
        let geometry = try geometry(entry), size = geometry.size, rule = ParityRule("scan " + entry["name"]!.string!)
        var voxels = [Float](repeating: 0, count: geometry.count)
        for i in 0..<size.width {
            for j in 0..<size.height {
                for k in 0..<size.depth {
                    let value = Float(500 * rule.unit((i * size.height + j) * size.depth + k) - 200)
                    voxels[(k * size.height + j) * size.width + i] = i < 2 && j < 3 && k < 4 ? 0 : value
                }
            }
        }
        return Scan(geometry: geometry, voxels: voxels)
    }

    @Test(arguments: 0..<4)
    func `Prepared scans are MONAI's, and so are masks from the same outputs`(number: Int) throws {
        let entry = try Self.cases("transforms.json")[number], name = entry["name"]!.string!
        let file = try SafetensorsFile(contentsOf: Fixtures.url("monai/transforms.safetensors"))
        let scan = try Self.scan(entry), spacing = entry["pixdim"]!.doubles!, codes = entry["codes"]!.string!
        let plan = try Self.plan(spacing: spacing, codes: codes, steps: Self.steps[entry["steps"]!.string!])
        let prepared = try Preparer(plan: plan).prepare(scan, name: name)
        #expect(Array(prepared.properties.size) == entry["shape"]!.ints!)
        let expected = try file.array("\(name).image").floats()
        let largest = zip(prepared.image, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(prepared.image.count == expected.count && largest < 3e-6, "largest difference \(largest)")

        let count = prepared.properties.voxelCount, rule = ParityRule("logits " + name)
        let logits = (0..<3 * count).map { Float(6 * rule.unit($0) - 3) - [0, 0.5, 1.5][$0 / count] }
        func softmax(_ logits: [Float]) -> [Float] {
            var result = logits
            for voxel in 0..<count {
                let values = (0..<3).map { exp(Double(logits[$0 * count + voxel])) }, sum = values.reduce(0, +)
                for output in 0..<3 { result[output * count + voxel] = Float(values[output] / sum) }
            }
            return result
        }
        let restoration = Restoration(of: prepared.properties), decision = plan.labels.decision
        func decided(_ cleaning: PostProcessing? = nil) -> [Int16] {
            var labels = [Int16](repeating: 0, count: count)
            labels.withUnsafeMutableBufferPointer { decision.decide(logits, to: $0, threads: nil) }
            cleaning?.apply(to: &labels, size: prepared.properties.size)
            return labels
        }
        let masks: [(String, [Int16])] = [
            ("averages", try restoration.labels(from: logits, decision: decision).voxels),
            ("probabilities", try restoration.labels(from: softmax(logits), decision: decision).voxels),
            ("nearest", try restoration.labels(from: decided(), interpolates: false).voxels),
            ("numbers", try restoration.labels(from: decided(), interpolates: true).voxels),
            ("cleaned", try restoration.labels(from: decided(.init(keepLargest: [[1], [2]], connectivity: .corners)), interpolates: false).voxels),
            ("joint", try restoration.labels(from: decided(.init(keepLargest: [[1, 2]], connectivity: .faces)), interpolates: false).voxels),
        ]
        for (rule, mask) in masks {
            let expected = try file.array("\(name).\(rule)").ints().map { Int16($0) }
            let differing = zip(mask, expected).count { $0 != $1 }
            #expect(mask.count == expected.count && differing == 0, "\(rule): \(differing) of \(mask.count) labels differ")
        }
    }

    @Test func `The outputs themselves go back to where the labels are, also along flipped axes`() throws {
        let entry = try Self.cases("transforms.json")[0]
        let scan = try Self.scan(entry), plan = try Self.plan(spacing: [1.5, 1.5, 2], codes: "RAS")
        let properties = try Preparer(plan: plan).prepare(scan, name: "a").properties, count = properties.voxelCount
        #expect(properties.flippedAxes == [0, 1])
        let rule = ParityRule("outputs"), outputs = (0..<3 * count).map { Float(rule.unit($0)) }
        let restoration = Restoration(of: properties), whole = scan.geometry.count
        let labels = try restoration.labels(from: outputs, decision: plan.labels.decision).voxels
        let values = try restoration.outputs(from: outputs, outside: [0, 0, 0])
        for voxel in 0..<whole {
            let own = (0..<3).map { values[$0 * whole + voxel] }
            #expect(own[Int(labels[voxel])] == own.max())
        }
        // The description of a prepared case says how it lies.
        let read = try JSONDecoder().decode(CaseProperties.self, from: JSONEncoder().encode(properties))
        #expect(read == properties)
    }

    @Test func `A scan with slanted axes is refused`() throws {
        var entry = try Self.geometry(Self.cases("transforms.json")[0])
        entry.affine[0][2] += 0.2
        let plan = try Self.plan(spacing: [1.5, 1.5, 2], codes: "RAS")
        let scan = Scan(geometry: entry, voxels: (0..<entry.count).map { Float($0 % 7) })
        let error = try #require(throws: PreparationError.self) { try Preparer(plan: plan).prepare(scan, name: "S") }
        #expect("\(error)".contains("S has axes that are not at right angles"))
    }

    @Test func `Windows lie and count as MONAI's`() throws {
        let json = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: Fixtures.url("monai/windows.json")))
        let file = try SafetensorsFile(contentsOf: Fixtures.url("monai/windows.safetensors"))
        for entry in json["starts"]!.array! {
            let size = Size3(entry["size"]!.ints!)!, patch = Size3(entry["roi"]!.ints!)!
            let window = SlidingWindow(size: size, patchSize: patch, stepFraction: 1 - entry["overlap"]!.double!, placement: .monai)
            #expect(window.starts == entry["starts"]!.array!.map { $0.ints! }, "\(size), \(patch)")
            #expect(window.corners.count == entry["count"]!.int!)
        }
        for entry in json["maps"]!.array! {
            let rule = WindowRule.monai(.gaussian, sigmaScale: entry["sigma"]!.double!)
            let map = SlidingWindow.importance(patchSize: Size3(entry["roi"]!.ints!)!, rule), expected = try file.array(entry["name"]!.string!).floats()
            #expect(map.count == expected.count && zip(map, expected).allSatisfy { abs($0 - $1) <= 1e-6 * $1 }, "\(entry)")
        }
    }
}
