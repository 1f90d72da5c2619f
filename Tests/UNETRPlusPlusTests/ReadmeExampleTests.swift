import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRPlusPlus

// The README's example, kept here so that it compiles and runs.
// README BEGIN
func segment(_ scan: URL, with model: URL, to mask: URL) throws {
    let segmenter = try Segmenter(model: ModelBundle(contentsOf: model), engines: .all)
    let result = try segmenter.segment(NIfTI.readScan(scan), name: scan.lastPathComponent)
    try NIfTI.write(labels: result.labels, like: NIfTI.readHeader(scan), to: mask)
    for label in segmenter.plan.labels.foreground {
        print(label.name, result.labels.millilitres(of: Int16(label.values[0])), "ml")
    }
}
// README END

struct ReadmeExampleTests {
    @Test func `The README shows this code, and it writes a mask`() throws {
        let source = try String(contentsOf: URL(fileURLWithPath: #filePath), encoding: .utf8)
        let code = try #require(source.split(separator: "// README BEGIN\n").last?.split(separator: "// README END").first)
        let readme = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("README.md")
        #expect(try String(contentsOf: readme, encoding: .utf8).contains(String(code)))
        try Fixtures.withTemporaryFolder { folder in
            let model = try TinyModel.bundle(TinyModel.plan([.init(name: "a", value: 1), .init(name: "b", value: 4)]), in: folder).url
            let geometry = Geometry(
                size: [16, 17, 18], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
            let rule = ParityRule("readme")
            let scan = folder.appending(path: "scan.nii.gz")
            try NIfTI.write(scan: Scan(geometry: geometry, voxels: (0..<geometry.count).map { Float(rule.unit($0)) }), to: scan)
            let mask = folder.appending(path: "mask.nii.gz")
            try segment(scan, with: model, to: mask)
            #expect(try NIfTI.readLabels(mask).geometry.size == [16, 17, 18])
        }
    }
}
