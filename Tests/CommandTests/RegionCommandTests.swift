import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

struct RegionCommandTests {
    @Test func `With a locator the mask is that of the whole scan in its region, and the windows left out are told`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let size = Size3(20, 18, 64)
            let geometry = Geometry(size: size, affine: [[-1, 0, 0, 9], [0, 1, 0, -8], [0, 0, 1, 7], [0, 0, 0, 1]], spacing: [1, 1, 1])
            let rule = ParityRule("region")
            let voxels = (0..<size.voxels).map { 10 + 5 * Float(rule.unit($0)) + ((10..<16).contains($0 % 64) ? 8 : 0) }
            let scan = folder.appending(path: "scan.nii.gz"), small = Scan(geometry: geometry, voxels: voxels)
            try NIfTI.write(scan: small, to: scan)
            var coarse = try TinyModel.plan()
            coarse.targetSpacing = [4, 4, 4]
            coarse.dataset = "Coarse"
            let model = try TinyModel.bundle(TinyModel.plan(), findingAllIn: small, in: folder).url
            let locator = try TinyModel.bundle(coarse, in: folder, named: "locator", seed: 3).url
            let masks = ["whole", "region", "found"].map { folder.appending(path: "\($0).nii.gz") }
            let common = ["segment", scan.path, "--no-mirroring", "--device", "cpu", "--precision", "float32", "--engine", "torch", "-o"]
            try CommandLineTool.succeed(common + [masks[0].path, "--model", model.path])
            try CommandLineTool.succeed(common + [masks[2].path, "--model", locator.path])
            let result = try CommandLineTool.run(
                common + [masks[1].path, "--model", model.path, "--region-from", locator.path, "--region-margin", "0", "--json"])
            #expect(result.status == 0 && result.errors.contains("windows ("), "\(result.errors)")
            let rows = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
            let windows = try #require(rows[0]["windows"] as? [String: Int])
            let (whole, region, found) = (try NIfTI.readLabels(masks[0]).voxels, try NIfTI.readLabels(masks[1]).voxels, try NIfTI.readLabels(masks[2]).voxels)
            // The box around what the locator found.
            var (lower, upper) = ([99, 99, 99], [-1, -1, -1])
            func place(_ index: Int) -> [Int] { [index / (18 * 64), index / 64 % 18, index % 64] }
            for index in found.indices where found[index] != 0 {
                lower = zip(lower, place(index)).map { min($0, $1) }
                upper = zip(upper, place(index)).map { max($0, $1) }
            }
            #expect(upper[0] >= 0, "the locator finds something")
            let expected = whole.indices.map { index in
                let voxel = place(index)
                return (0..<3).allSatisfy { (lower[$0]...max(lower[$0], upper[$0])).contains(voxel[$0]) } ? whole[index] : 0
            }
            #expect(region == expected)
            #expect((windows["computed"] ?? 0) > 0 && (windows["computed"] ?? 0) <= (windows["all"] ?? 0))
            try CommandLineTool.fail(
                common + [folder.appending(path: "no.nii.gz").path, "--model", model.path, "--region-from", locator.path, "--region-structures", "liver"],
                saying: ["liver", "ball"])
            try CommandLineTool.fail(
                common + [folder.appending(path: "no.nii.gz").path, "--model", model.path, "--model", locator.path, "--region-from", locator.path],
                saying: ["not for several of different plans"])
            try CommandLineTool.fail(
                common + [folder.appending(path: "no.nii.gz").path, "--model", model.path, "--region-from", folder.appending(path: "gone").path],
                saying: ["gone"])
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "no.nii.gz").path))
        }
    }
}
