import Testing
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

@testable import UNETRPreparation

/// The way to the network and back, of scans stored in every way there is: the network sees one orientation, and the mask lies on the scan.
struct PreparedOrientationTests {
    /// All 48 ways: by axis of the file, the patient's axis and the direction along it.
    private static let storages: [(axes: [Int], signs: [Int])] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].flatMap { axes in
        (0..<8).map { bits in (axes, (0..<3).map { bits >> $0 & 1 == 0 ? 1 : -1 }) }
    }

    private static let lengths = [3, 4, 5], spacing = [1.0, 2, 4]

    /// 1000 + 100 x + 10 y + z at (x, y, z); nothing in the rightmost plane but one, and in none of the first.
    private static func value(_ place: [Int]) -> Float { place[0] == 0 ? 0 : Float(1000 + 100 * place[0] + 10 * place[1] + place[2]) }

    private func scan(_ axes: [Int], _ signs: [Int]) -> Scan {
        var affine = [[Double]](repeating: [0, 0, 0, 0], count: 3) + [[0, 0, 0, 1]]
        for (file, axis) in axes.enumerated() {
            affine[axis][file] = Double(signs[file]) * Self.spacing[axis]
            affine[axis][3] = signs[file] > 0 ? 0 : Double(Self.lengths[axis] - 1) * Self.spacing[axis]
        }
        let geometry = Geometry(size: Size3 { Self.lengths[axes[2 - $0]] }, affine: affine, spacing: (0..<3).map { Self.spacing[axes[2 - $0]] })
        let voxels = (0..<60).map { at -> Float in
            let file = [at % geometry.size[2], at / geometry.size[2] % geometry.size[1], at / (geometry.size[1] * geometry.size[2])]
            var place = [0, 0, 0]
            for (index, axis) in axes.enumerated() { place[axis] = signs[index] > 0 ? file[index] : Self.lengths[axis] - 1 - file[index] }
            return Self.value(place)
        }
        return Scan(geometry: geometry, voxels: voxels)
    }

    @Test(arguments: [Compatibility.modern, .nnUNetV2, .monai], [[0, 1, 2], [2, 0, 1]])
    func `Whichever way a scan is stored, the network sees the same, and its mask lies on the scan`(compatibility: Compatibility, axes: [Int]) throws {
        let order = try AxisOrder(axes)
        var plan = try Plan(
            dataset: "t", channelNames: ["a"], labels: LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "odd", value: 1)]),
            targetSpacing: order.apply([4, 2, 1]), axisOrder: order, patchSize: [16, 16, 16], normalization: [IntensityNormalization(scheme: .noNorm)],
            compatibility: compatibility)
        plan.orientation = .canonical
        // MONAI's preparation does not cut off what holds no data.
        let first = [0, 0, compatibility == .monai ? 0 : 1], size = order.apply(Size3(5, 4, 3 - first[2]))
        let expected = (0..<size.voxels).map { at -> Float in
            let prepared = [at / (size[1] * size[2]), at / size[2] % size[1], at % size[2]]
            var place = [0, 0, 0]  // [z, y, x]
            for (index, axis) in axes.enumerated() { place[axis] = prepared[index] + first[axis] }
            return Self.value(place.reversed())
        }
        for (axes, signs) in Self.storages {
            let scan = scan(axes, signs), prepared = try Preparer(plan: plan, threads: 1).prepare(scan, name: "a")
            #expect(prepared.properties.size == size && prepared.image == expected)
            // As if the network had found the odd values.
            let found = prepared.image.map { Int($0) % 2 == 1 ? Float(1) : 0 }
            let mask = try Restoration(of: prepared.properties, threads: 1)
                .labels(from: [Float](repeating: 0.5, count: found.count) + found, decision: plan.labels.decision)
            #expect(mask.geometry == scan.geometry && mask.voxels == scan.voxels.map { Int($0) % 2 == 1 ? 1 : 0 })
        }
    }

    @Test func `A grid along the patient's axes takes a scan there and a mask back, however they are stored`() throws {
        let canonical = scan([0, 1, 2], [1, 1, 1])
        for (axes, signs) in Self.storages {
            let scan = scan(axes, signs), grid = try PatientGrid(of: scan.geometry, spacing: Self.spacing, scan: "a")
            #expect(grid.geometry.orientation == "RAS" && grid.scan(scan, threads: 1).voxels == canonical.voxels)
            let labels = LabelMap(geometry: grid.geometry, voxels: canonical.voxels.map { Int16($0) })
            #expect(grid.labels(labels, threads: 1).voxels == scan.voxels.map { Int16($0) })
        }
    }

    /// Against the rules' own words: windows cover everything, begin and end with the volume, and are at most a step apart.
    @Test(arguments: [0.01, 0.25, 0.5, 0.75, 1]) func `Windows of any size cover every voxel, at most a step apart`(step: Double) {
        for placement in WindowRule.Placement.allCases {
            for patch in [1, 3, 8, 13] {
                for size in 1...45 {
                    let window = SlidingWindow(size: [1, 1, size], patchSize: [1, 1, patch], stepFraction: step, placement: placement),
                        starts = window.starts[2]
                    #expect(window.paddedSize[2] == max(size, patch) && window.paddingBefore[2] == max(0, patch - size) / 2)
                    #expect(starts.first == 0 && starts.last == max(0, size - patch) && Set(starts).count == starts.count)
                    // nnU-Net's even steps are rounded to whole voxels, MONAI's down.
                    let most = placement == .nnUNet ? Int((Double(patch) * step).rounded(.up)) : max(1, Int(Double(patch) * step))
                    #expect(zip(starts, starts.dropFirst()).allSatisfy { (1...max(1, most)).contains($1 - $0) }, "\(placement) \(size) \(patch): \(starts)")
                }
            }
        }
    }
}
