import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRSupport
import UNETRVolumes

@testable import UNETRPlanning
@testable import UNETRPreparation

/// Every stage of the preparation against numbers of the reference implementation (see the license note beside the fixtures).
@Suite struct StageTests {
    static let cases: [(name: String, normalizations: [String])] = [
        ("hippocampus", ["data_norm.nonCT", "data_norm.nonCT.nonzero"]),
        ("bratslike_same_spacing", ["data_norm.nonCT", "data_norm.nonCT.nonzero"]),
        ("bratslike_resampled", ["data_norm.nonCT.nonzero"]),
        ("ct_iso", ["data_norm.CT", "data_norm.CT2", "data_norm.nonCT"]),
        ("ct_iso.modern", ["data_norm.CT", "data_norm.CT2", "data_norm.nonCT"]),
        ("spleen_aniso", ["data_norm.CT", "data_norm.CT2"]),
        ("spleen_aniso.modern", ["data_norm.CT", "data_norm.CT2"]),
    ]

    @Test(arguments: cases.map(\.name))
    func `The crop box and the cropped voxels are the reference's`(name: String) throws {
        let reference = try StageReference(name)
        let scan = try reference.scan(), size = scan.geometry.size
        let region = try #require(NonZeroRegion(scan.voxels, channels: scan.channels, size: size, needsMask: true, threads: 2))
        let box = reference.settings["crop_bbox_zyx"]!.array!.map { $0.array!.map { $0.int! } }
        #expect(region.box == CropBox(lower: Size3 { box[$0][0] }, upper: Size3 { box[$0][1] }))
        #expect(region.mask!.reduce(0) { $0 + Int($1) } == reference.settings["nonzero_mask_voxels"]!.int!)
        let cropped = region.box.cut(scan.voxels, channels: scan.channels, from: size)
        #expect(try reference.largestDifference(cropped, "data_cropped") == 0)
        let preparer = Preparer(plan: try reference.plan(normalization: reference.settings["normalisations"]!.object!.keys.first!))
        #expect(try reference.differingLabels(preparer.mark(try reference.labels(), region, size), "seg_cropped") == 0)
    }

    @Test(arguments: cases.map(\.name))
    func `Resampled intensities are the reference's`(name: String) throws {
        let reference = try StageReference(name)
        let scan = try reference.scan()
        var plan = try reference.plan(normalization: reference.settings["normalisations"]!.object!.keys.first!)
        plan.normalization = plan.normalization.map { _ in IntensityNormalization(scheme: .noNorm) }
        let prepared = try Preparer(plan: plan).prepare(scan, name: name)
        #expect(prepared.properties.size == reference.size("data_resampled"))
        #expect(prepared.properties.preparationGrid.coarseAxis == reference.settings["lowres_axis"]?.array?.first?.int)
        // 1e-5 of the range of values: the reference works in float64, this code in float32 (24 bits) over some 30 terms an axis.
        let range = reference.statistic("data_resampled", "max") - reference.statistic("data_resampled", "min")
        #expect(try reference.largestDifference(prepared.image, "data_resampled") < 1e-5 * range)
        let sum = prepared.image.reduce(0.0) { $0 + Double($1) }
        #expect(abs(sum / Double(prepared.image.count) - reference.statistic("data_resampled", "mean")) < 1e-6 * range)
    }

    @Test(arguments: cases.map(\.name))
    func `Resampled labels are the reference's but for ties`(name: String) throws {
        let reference = try StageReference(name)
        let normalization = reference.settings["normalisations"]!.object!.keys.first!
        var plan = try reference.plan(normalization: normalization)
        // The modern numbers were made with modern splines, but still with the threshold vote; the arg-max has its own test.
        plan.compatibility = .unetrPlusPlus
        let prepared = try Preparer(plan: plan).prepare(reference.scan(), labels: reference.labels(), name: name)
        let labels = try #require(prepared.labels)
        let (indices, expected) = try reference.probes("seg_resampled")
        let differing = zip(indices, expected).filter { Double(labels[$0.0]) != $0.1 }.map(\.0)
        if differing.isEmpty { return }
        // scikit-image 0.18 finds the scale of a plane by fitting a transform to its corners, with noise of 1e-14 that decides ties.
        #expect(Double(differing.count) < 0.005 * Double(indices.count))
        #expect(name == "ct_iso" || name == "spleen_aniso", "only volumes that went the planar way have such ties")
        let size = reference.size("seg_resampled")
        let region = try #require(
            NonZeroRegion(
                reference.scan().voxels, channels: 1, size: reference.scan().geometry.size, needsMask: true, threads: 1))
        let marked = Preparer(plan: plan).mark(try reference.labels(), region, try reference.scan().geometry.size)
        for index in differing {
            let shares = Self.shares(
                of: marked, prepared.properties.preparationGrid, [index / (size[1] * size[2]), index / size[2] % size[1], index % size[2]])
            #expect(shares.contains { abs($0 - 0.5) < 1e-9 }, "voxel \(index) is no tie")
        }
    }

    @Test func `The modern vote differs from the old one only where no label has more than half`() throws {
        let reference = try StageReference("ct_iso")
        let labels = try reference.labels()
        let grid = ResamplingGrid(from: labels.geometry.size, spacing: labels.geometry.spacing, to: reference.doubles("target_spacing_transposed"))
        let old = LabelResampling.resample(labels.voxels, grid: grid, compatibility: .unetrPlusPlus)
        let new = LabelResampling.resample(labels.voxels, grid: grid, compatibility: .modern)
        let (height, width) = (grid.outputSize[1], grid.outputSize[2])
        let differing = old.indices.filter { old[$0] != new[$0] }
        #expect(differing.count > 100, "29 labels meet often")
        for index in differing {
            let shares = Self.shares(of: labels.voxels, grid, [index / (height * width), index / width % height, index % width])
            #expect(shares.max()! <= 0.5 + 1e-9)
        }
    }

    /// The weights of the labels around an output voxel, the plain way.
    private static func shares(of labels: [Int16], _ grid: ResamplingGrid, _ voxel: [Int]) -> [Double] {
        let cells = (0..<3).map {
            CellLine(from: grid.inputSize[$0], to: grid.outputSize[$0], nearest: $0 == grid.coarseAxis).cell(voxel[$0])
        }
        var sums: [Int16: Double] = [:]
        for corner in 0..<8 {
            var index = 0, weight = 1.0
            for axis in 0..<3 {
                let isHigh = corner >> axis & 1 == 1
                index = index * grid.inputSize[axis] + (isHigh ? cells[axis].1 : cells[axis].0)
                weight *= isHigh ? cells[axis].2 : 1 - cells[axis].2
            }
            sums[labels[index], default: 0] += weight
        }
        return Array(sums.values)
    }

    @Test(arguments: cases)
    func `Normalized intensities are the reference's`(name: String, normalizations: [String]) throws {
        let reference = try StageReference(name)
        for normalization in normalizations {
            let plan = try reference.plan(normalization: normalization)
            let scan = try reference.scan()
            let prepared = try Preparer(plan: plan).prepare(scan, labels: reference.labels(), name: name)
            // Absolute, in standard deviations: what float32 statistics of the reference leave open.
            #expect(try reference.largestDifference(prepared.image, normalization) < 1e-4, "\(normalization)")
        }
    }

    @Test func `Foreground voxels are drawn as NumPy's generator draws them`() throws {
        for name in ["hippocampus", "spleen_aniso", "ct_iso"] {
            let reference = try StageReference(name)
            let labels = try reference.arrays.array("seg_resampled").ints().map { Int16($0) }
            let expected = reference.settings["class_locations_seed1234"]!.object!
            let values = expected.keys.map { Int($0)! }.sorted()
            let chosen = ForegroundLocations(of: values, in: labels).voxels
            for value in values {
                let voxels = labels.indices.filter { labels[$0] == Int16(value) }
                let entry = expected["\(value)"]!
                let first = entry["first10_indices"]!.array!.map { Int32(voxels[$0.int!]) }
                #expect(chosen[value]?.count == entry["n_selected"]!.int!)
                #expect(chosen[value].map { Array($0.prefix(10)) } == first, "\(name) \(value)")
            }
        }
    }
}
