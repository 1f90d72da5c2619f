import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETREvaluation

/// Every figure again from its definition: all pairs of voxels, no transform, no envelope, no cut to a box.
private struct Slow {
    let prediction: LabelMap
    let reference: LabelMap
    var label: Int16 = 1

    private var size: Size3 { reference.geometry.size }
    private var spacing: [Double] { reference.geometry.spacing }

    private func voxels(of map: LabelMap) -> [[Int]] {
        map.voxels.indices.filter { map.voxels[$0] == label }.map { [$0 / (size[1] * size[2]), $0 / size[2] % size[1], $0 % size[2]] }
    }

    /// The voxels of a mask, or those of them with one of six neighbors outside.
    private func points(_ map: LabelMap, _ surface: MetricDefinition.Surface) -> [[Int]] {
        let all = voxels(of: map), inside = Set(all)
        if surface == .wholeMask { return all }
        return all.filter { voxel in
            (0..<3).contains { axis in
                [-1, 1].contains { step in
                    var neighbor = voxel
                    neighbor[axis] += step
                    return !inside.contains(neighbor)
                }
            }
        }
    }

    private func distances(from: [[Int]], to: [[Int]], _ definition: MetricDefinition) -> [Double] {
        let unit = definition.unit == .voxels ? [1, 1, 1] : spacing
        func squared(_ a: [Int], _ b: [Int]) -> Double {
            var sum = 0.0
            for axis in 0..<3 {
                let step = Double(a[axis] - b[axis]) * unit[axis]
                sum += step * step
            }
            return sum
        }
        return from.map { a in
            let square = to.map { squared(a, $0) }.min()!
            return definition.singlePrecision ? Double(Float(square.squareRoot())) : square.squareRoot()
        }
    }

    /// Linear between the two nearest ranks.
    private static func percentile(_ values: [Double], _ fraction: Double) -> Double {
        let sorted = values.sorted(), place = fraction * Double(sorted.count - 1), low = Int(place)
        return low + 1 < sorted.count ? sorted[low] + (place - Double(low)) * (sorted[low + 1] - sorted[low]) : sorted[low]
    }

    func surface(_ definition: MetricDefinition, tolerances: [Double]) -> SurfaceMetrics {
        let (a, b) = (points(prediction, definition.surface), points(reference, definition.surface))
        let (there, back) = (distances(from: a, to: b, definition), distances(from: b, to: a, definition))
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        func share(_ values: [Double], _ tolerance: Double) -> Double { Double(values.count { $0 <= tolerance }) / Double(values.count) }
        return SurfaceMetrics(
            hd: (there + back).max(),
            hd95: definition.percentile == .pooled
                ? Self.percentile(there + back, 0.95) : max(Self.percentile(there, 0.95), Self.percentile(back, 0.95)),
            assd: definition.average == .pooled ? mean(there + back) : (mean(there) + mean(back)) / 2, predictionToReference: mean(there),
            referenceToPrediction: mean(back),
            nsd: tolerances.map {
                let value =
                    definition.surfaceDice == .pooled ? share(there + back, $0) : (share(there, $0) + share(back, $0)) / (2 + 1e-8)
                return .init(tolerance: $0, value: value)
            })
    }

    var counts: OverlapCounts {
        var counts = OverlapCounts()
        for (p, r) in zip(prediction.voxels, reference.voxels) {
            switch (p == label, r == label) {
            case (true, true): counts.truePositives += 1
            case (true, false): counts.falsePositives += 1
            case (false, true): counts.falseNegatives += 1
            case (false, false): counts.trueNegatives += 1
            }
        }
        return counts
    }
}

/// Label maps without any structure of their own: the same in every run.
struct Noise {
    private let rule: ParityRule

    init(_ name: String) { rule = ParityRule(name) }

    /// Labels 0…`labels`, background where the number is beyond `share`.
    func map(_ size: Size3, spacing: [Double] = [1, 1, 1], share: Double, labels: Int = 1) -> LabelMap {
        labelMap(
            size,
            (0..<size.voxels).map { index in
                let value = rule.unit(index)
                return value < share ? Int16(1 + Int(value / share * Double(labels))) : 0
            }, spacing: spacing)
    }

    /// A few boxes filled with ones, so that masks have an inside.
    func boxes(_ size: Size3, spacing: [Double], count: Int = 3) -> LabelMap {
        let boxes = (0..<count).map { box in
            (0..<3).map { axis -> ClosedRange<Int> in
                let first = Int(rule.unit(6 * box + axis) * Double(size[axis])), length = Int(rule.unit(6 * box + 3 + axis) * 4)
                return first...min(first + length, size[axis] - 1)
            }
        }
        return labelMap(size, spacing: spacing) { d, h, w in boxes.contains { $0[0].contains(d) && $0[1].contains(h) && $0[2].contains(w) } ? 1 : 0 }
    }
}

struct BruteForceTests {
    private static let definitions: [MetricDefinition] = [.default, .medpy, .medpy04, .monai, .simpleITK, .metricsReloaded, .unetrPlusPlusScript]

    private func expectEqual(_ found: SurfaceMetrics?, _ expected: SurfaceMetrics, _ name: String, within tolerance: Double = 1e-12) {
        #expect(agrees(found?.hd, expected.hd, within: tolerance), "\(name): HD")
        #expect(agrees(found?.hd95, expected.hd95, within: tolerance), "\(name): HD95")
        #expect(agrees(found?.assd, expected.assd, within: tolerance), "\(name): ASSD")
        #expect(agrees(found?.predictionToReference, expected.predictionToReference, within: tolerance), "\(name): there")
        #expect(agrees(found?.referenceToPrediction, expected.referenceToPrediction, within: tolerance), "\(name): back")
        for (one, other) in zip(found?.nsd ?? [], expected.nsd) { #expect(agrees(one.value, other.value, within: tolerance), "\(name): NSD \(one.key)") }
        #expect(found?.nsd.count == expected.nsd.count)
    }

    // Grids that are flat along an axis or two, and spacings whose squares tie with others' sums; 1e-12 is the rounding of sums.
    @Test(
        arguments: [
            ([4, 5, 6], [1, 1, 1]), ([3, 6, 5], [3, 1, 1]), ([6, 4, 4], [0.7, 1.3, 2.1]), ([1, 9, 8], [5, 0.5, 0.5]), ([9, 1, 7], [1, 2, 1]),
            ([1, 1, 30], [1, 1, 2]),
        ] as [(Size3, [Double])])
    func `Distances of scattered voxels are those of all pairs`(size: Size3, spacing: [Double]) throws {
        for (number, share) in [0.1, 0.4, 0.8].enumerated() {
            let prediction = Noise("p\(number)").map(size, spacing: spacing, share: share),
                reference = Noise("r\(number)").map(size, spacing: spacing, share: 0.3)
            for definition in Self.definitions {
                let evaluator = Evaluator(definition: definition, classes: [LabelDefinition(1)], tolerances: [0, 1, 2.5], threads: 2)
                let figures = try #require(try evaluator.evaluate(prediction, against: reference, case: "a").classes["1"])
                let slow = Slow(prediction: prediction, reference: reference)
                #expect(figures.counts == slow.counts)
                expectEqual(figures.surface, slow.surface(definition, tolerances: [0, 1, 2.5]), "\(definition.name) \(size) \(share)")
            }
        }
    }

    @Test(arguments: 0..<6) func `Distances of solid masks are those of all pairs`(number: Int) throws {
        let size: Size3 = [7, 8, 9], spacing = [2.5, 1, 0.8]
        let prediction = Noise("solid p\(number)").boxes(size, spacing: spacing), reference = Noise("solid r\(number)").boxes(size, spacing: spacing)
        for definition in [MetricDefinition.default, .medpy, .simpleITK] {
            let figures = try #require(
                try Evaluator(definition: definition, tolerances: [1, 3]).evaluate(prediction, against: reference, case: "a").classes["1"])
            expectEqual(figures.surface, Slow(prediction: prediction, reference: reference).surface(definition, tolerances: [1, 3]), definition.name)
        }
    }

    @Test func `The distance transform is exact where nothing, one voxel or everything is a member`() {
        let size: Size3 = [3, 4, 5], spacing = [2, 1.5, 0.5]
        let transform = DistanceTransform(size: size, spacing: spacing, threads: 1)
        let asked = [UInt8](repeating: 1, count: 60)
        #expect(transform.squaredDistances(marks: asked, from: 1, to: 2) == [Double](repeating: .infinity, count: 60))
        #expect(transform.squaredDistances(marks: asked, from: 1, to: 1) == [Double](repeating: 0, count: 60))
        #expect(transform.squaredDistances(marks: asked, from: 2, to: 1).isEmpty)
        var one = asked
        one[(1 * 4 + 3) * 5 + 2] |= 2
        // All terms are exact in binary.
        let expected = (0..<60).map { at -> Double in
            let (d, h, w) = (Double(at / 20 - 1) * 2, Double(at / 5 % 4 - 3) * 1.5, Double(at % 5 - 2) * 0.5)
            return d * d + h * h + w * w
        }
        #expect(transform.squaredDistances(marks: one, from: 1, to: 2) == expected)
    }

    @Test func `A column wider than a block of work is found from every place`() {
        // 2 × 65 × 65 voxels: the columns lie in two blocks.
        let size: Size3 = [2, 65, 65]
        var marks = [UInt8](repeating: 1, count: size.voxels)
        marks[64 * 65 + 64] = 3
        marks[65 * 65] = 3
        let found = DistanceTransform(size: size, spacing: [1, 1, 1], threads: 2).squaredDistances(marks: marks, from: 1, to: 2)
        let wrong = found.indices.filter { at in
            let (d, h, w) = (at / 4225, at / 65 % 65, at % 65)
            return found[at] != Double(min(d * d + (64 - h) * (64 - h) + (64 - w) * (64 - w), (1 - d) * (1 - d) + h * h + w * w))
        }
        #expect(wrong.isEmpty)
    }

    @Test func `The lower envelope is the smallest parabola at every place`() {
        let rule = ParityRule("envelope")
        for (number, spacing) in [1, 0.3, 7.5].enumerated() {
            let envelope = LowerEnvelope(length: 40, spacing: spacing)
            for trial in 0..<5 {
                envelope.clear()
                #expect(envelope.isEmpty)
                let places = (0..<40).filter { rule.unit(1000 * number + 100 * trial + $0) < 0.4 }
                let heights = places.map { rule.unit(7000 + 1000 * number + 100 * trial + $0) * 60 }
                for (place, height) in zip(places, heights) { envelope.add(place, height) }
                for x in 0..<40 {
                    let expected = zip(places, heights).map { $1 + (Double(x - $0) * spacing) * (Double(x - $0) * spacing) }.min()!
                    #expect(abs(envelope.value(at: x) - expected) <= 1e-12 * expected)
                }
            }
        }
    }

    @Test(arguments: LesionMatching.Connectivity.allCases) func `Lesions are matched as by flooding each`(connectivity: LesionMatching.Connectivity) throws {
        let reach = [6: 1, 18: 2, 26: 3][connectivity.rawValue]!, size: Size3 = [4, 6, 7]
        /// How many parts a mask has, and how many of them hold a voxel of the other.
        func parts(_ one: LabelMap, _ other: LabelMap) -> (Int, Int) {
            func place(_ at: Int) -> [Int] { [at / 42, at / 7 % 6, at % 7] }
            var left = Set(one.voxels.indices.filter { one.voxels[$0] == 1 }), (count, matched) = (0, 0)
            while let first = left.min() {
                var (stack, part) = ([first], [first])
                left.remove(first)
                while let voxel = stack.popLast() {
                    let near = left.filter { other in
                        let steps = zip(place(voxel), place(other)).map { abs($0 - $1) }
                        return steps.max()! <= 1 && steps.reduce(0, +) <= reach
                    }
                    left.subtract(near)
                    stack += near
                    part += near
                }
                count += 1
                if part.contains(where: { other.voxels[$0] == 1 }) { matched += 1 }
            }
            return (count, matched)
        }
        for number in 0..<5 {
            let prediction = Noise("lesion p\(number)").map(size, share: 0.2), reference = Noise("lesion r\(number)").map(size, share: 0.15)
            let evaluator = Evaluator(surfaces: false, lesions: LesionMatching(connectivity: connectivity))
            let found = try #require(try evaluator.evaluate(prediction, against: reference, case: "a").classes["1"]?.lesions)
            let (p, r) = (parts(prediction, reference), parts(reference, prediction))
            #expect(found == LesionMetrics(predicted: p.0, referenced: r.0, matchedPredictions: p.1, detected: r.1))
        }
    }

    @Test func `The confusion table counts every pair of labels and boxes every label`() throws {
        // More slices than the slabs of work, and labels of either sign.
        let size: Size3 = [19, 5, 6]
        var prediction = Noise("table p").map(size, share: 0.7, labels: 4), reference = Noise("table r").map(size, share: 0.7, labels: 4)
        for index in prediction.voxels.indices where prediction.voxels[index] == 4 { prediction.voxels[index] = -3 }
        for index in reference.voxels.indices where reference.voxels[index] == 4 { reference.voxels[index] = 300 }
        for ignored in [nil, 2] as [Int16?] {
            let table = try ConfusionTable(prediction: prediction, reference: reference, ignoring: ignored, name: "a")
            #expect(table.labels == [-3, 0, 1, 2, 3, 300])
            let counted = prediction.voxels.indices.filter { reference.voxels[$0] != ignored }
            #expect(table.total == counted.count)
            for (row, p) in table.labels.enumerated() {
                for (column, r) in table.labels.enumerated() {
                    #expect(table.pairs[row * 6 + column] == counted.count { prediction.voxels[$0] == p && reference.voxels[$0] == r })
                }
                let places = counted.filter { prediction.voxels[$0] == p || reference.voxels[$0] == p }.map { [$0 / 30, $0 / 6 % 5, $0 % 6] }
                let box = try #require(table.boxes[row])
                for axis in 0..<3 {
                    #expect(box.lower[axis] == places.map { $0[axis] }.min() && box.upper[axis] == places.map { $0[axis] }.max()! + 1)
                }
            }
            let region = table.counts(of: [1, 300])
            #expect(region.truePositives == counted.count { [1, 300].contains(prediction.voxels[$0]) && [1, 300].contains(reference.voxels[$0]) })
            #expect(region.falseNegatives == counted.count { ![1, 300].contains(prediction.voxels[$0]) && [1, 300].contains(reference.voxels[$0]) })
            #expect(table.box(of: [7]) == nil)
        }
    }
}
