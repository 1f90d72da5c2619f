import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchives
import UNETREngines
import UNETRInference
import UNETRLayers
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRTorch
import UNETRTorchEngine
import UNETRVolumes

/// A model of random weights, its bundle, and scans that it can and cannot take.
struct SegmenterTests {
    static func bundle(in folder: URL) throws -> ModelBundle {
        try TinyModel.bundle(TinyModel.plan([.init(name: "a", value: 1), .init(name: "b", value: 4)]), in: folder)
    }

    private func scan(size: Size3 = [20, 18, 17], channels: Int = 1, spacing: Double = 1) -> Scan {
        let count = size.voxels * channels
        let geometry = Geometry(
            size: size, affine: [[-spacing, 0, 0, 9], [0, spacing, 0, -8], [0, 0, spacing, 7], [0, 0, 0, 1]],
            spacing: [spacing, spacing, spacing])
        let rule = ParityRule("scan")
        return Scan(geometry: geometry, channels: channels, voxels: (0..<count).map { Float(100 + 50 * rule.signed($0)) })
    }

    @Test func `A mask has the geometry of its scan and only labels of the plan`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let segmenter = try Segmenter(model: Self.bundle(in: folder))
            for spacing in [1.0, 1.3] {
                let scan = scan(spacing: spacing)
                let mask = try segmenter.segment(scan, name: "scan").labels
                #expect(mask.geometry == scan.geometry)
                #expect(Set(mask.voxels).isSubset(of: [0, 1, 4]))
                #expect(Set(mask.voxels).count > 1, "a random network should find more than one label here")
            }
        }
    }

    @Test func `The same scan gives the same mask, bit for bit`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try Self.bundle(in: folder)
            let masks = try (0..<2).map { _ in try Segmenter(model: bundle, precision: .bfloat16).segment(scan(), name: "s").labels.voxels }
            #expect(masks[0] == masks[1])
        }
    }

    @Test func `Two models are averaged: twice the same model changes nothing`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let bundle = try Self.bundle(in: folder)
            let one = try Segmenter(models: [bundle]).segment(scan(), name: "s").labels.voxels
            let two = try Segmenter(models: [bundle, bundle]).segment(scan(), name: "s").labels.voxels
            #expect(one == two)
        }
    }

    @Test func `Scans the model cannot take are refused with a sentence`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let segmenter = try Segmenter(model: Self.bundle(in: folder))
            #expect(throws: InferenceError.channels(scan: "two.nii", found: 2, expected: 1, names: ["MRI"])) {
                try segmenter.segment(scan(channels: 2), name: "two.nii")
            }
            var broken = scan()
            broken.voxels[7] = .nan
            broken.voxels[8] = .infinity
            #expect(throws: InferenceError.nonFinite(scan: "nan.nii", count: 2)) { try segmenter.segment(broken, name: "nan.nii") }
        }
    }

    @Test func `A folder that is no bundle is refused, naming what is missing`() throws {
        try Fixtures.withTemporaryFolder { folder in
            #expect(throws: ModelError.notABundle(path: folder.path, problem: "plan.json is missing")) {
                try ModelBundle(contentsOf: folder)
            }
            let nowhere = folder.appending(path: "nowhere")
            #expect(throws: ModelError.notABundle(path: nowhere.path, problem: "there is no such folder")) {
                try ModelBundle(contentsOf: nowhere)
            }
            // The weights of another network.
            var bundle = try Self.bundle(in: folder)
            var state = try bundle.state().entries
            state.removeLast()
            bundle = try ModelBundle.write(plan: bundle.plan, state: StateDictionary(state), card: "", to: bundle.url)
            #expect(throws: StateError.self) { try bundle.makeNetwork() }
        }
    }

    @Test func `Files and folders become cases, channels of one scan together`() throws {
        try Fixtures.withTemporaryFolder { folder in
            for name in ["b_0001.nii.gz", "b_0000.nii.gz", "a.nii", "notes.txt"] { try Data().write(to: folder.appending(path: name)) }
            let cases = try ScanCollection.cases(in: [folder], channels: 2)
            #expect(cases.map(\.name) == ["a", "b"])
            #expect(cases[1].imageURLs.map(\.lastPathComponent) == ["b_0000.nii.gz", "b_0001.nii.gz"])
            #expect(throws: ScanCollectionError.missing(path: folder.path + "/c.nii")) {
                try ScanCollection.cases(in: [folder.appending(path: "c.nii")], channels: 1)
            }
            #expect(throws: ScanCollectionError.notAScan(path: folder.path + "/notes.txt")) {
                try ScanCollection.cases(in: [folder.appending(path: "notes.txt")], channels: 1)
            }
            try Data().write(to: folder.appending(path: "a.nii.gz"))
            #expect(throws: ScanCollectionError.self) { try ScanCollection.cases(in: [folder], channels: 1) }
        }
    }
}
