import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRModels
import UNETRVolumes

/// Files that claim, or lead to, more than fits into memory: refused in a sentence before anything is taken.
struct MemoryLimitTests {
    /// A gzip of a header that claims 1000 × 1000 × `slices` voxels of one byte, followed by as many bytes as deflate needs at its best.
    private func bomb(slices: Int, bytes: Int, at url: URL) throws {
        let plain = url.deletingLastPathComponent().appending(path: "plain.nii")
        defer { try? FileManager.default.removeItem(at: plain) }
        try NIfTI.write(labels: TinyModel.ball(0).labels, to: plain)
        var data = try Data(contentsOf: plain).prefix(352)
        for (offset, size) in [(42, 1000), (44, 1000), (46, slices)] {
            withUnsafeBytes(of: Int16(size).littleEndian) { data.replaceSubrange(offset..<(offset + 2), with: $0) }
        }
        data.append(Data(count: bytes))
        // Stored blocks: what is in them does not matter, for nobody may read so far.
        var file = Data([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
        for start in stride(from: 0, to: data.count, by: 60_000) {
            let block = data[start..<min(start + 60_000, data.count)], length = UInt16(block.count)
            file.append(contentsOf: [0, UInt8(length & 255), UInt8(length >> 8), UInt8(~length & 255), UInt8(~length >> 8)])
            file.append(block)
        }
        try file.write(to: url)
    }

    private func folder(_ root: URL, _ name: String) throws -> URL {
        let folder = root.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    @Test func `A gzip that claims more voxels than memory holds is refused by every command that reads it`() throws {
        try Fixtures.withTemporaryFolder { root in
            let model = try TinyModel.bundle(in: root).url
            let images = try folder(root, "data/images"), labels = try folder(root, "data/labels")
            let scan = images.appending(path: "a.nii.gz"), output = root.appending(path: "out")
            try bomb(slices: 400, bytes: 400_000, at: scan)
            try NIfTI.write(labels: TinyModel.ball(0).labels, to: labels.appending(path: "a.nii.gz"))
            let limited = ["--memory", "300M"], words = ["a.nii.gz needs about", "allowed are 300 MB (--memory)", "allow more"]
            for arguments in [
                ["segment", scan.path, "-o", output.path, "--model", model.path, "--device", "cpu", "--engine", "torch"] + limited,
                ["prepare", root.appending(path: "data").path, "-o", output.path, "--plan", model.appending(path: "plan.json").path] + limited,
                ["evaluate", scan.path, scan.path, "-o", output.path] + limited,
                ["compare", images.path, images.path, "--reference", images.path, "-o", output.path] + limited,
                ["postprocess", images.path, images.path, "--model", model.path] + limited,
            ] { try CommandLineTool.fail(arguments, saying: words) }
            // Deflate makes at most 1032 bytes of one, so this file cannot hold what it claims, whatever memory there is.
            try bomb(slices: 30_000, bytes: 5000, at: scan)
            try CommandLineTool.fail(["evaluate", scan.path, scan.path, "--memory", "900T"], saying: ["30000000000 bytes", "cannot hold them"])
            #expect(!FileManager.default.fileExists(atPath: output.path))
        }
    }

    @Test func `Without --memory the machine's memory is the limit, and the sentence says so`() throws {
        try Fixtures.withTemporaryFolder { root in
            let model = try TinyModel.bundle(in: root).url, scan = root.appending(path: "a.nii.gz")
            // 30 · 10⁹ voxels: 120 GB as they are read.
            try bomb(slices: 30_000, bytes: 10_000, at: scan)
            let result = try CommandLineTool.run(
                ["segment", scan.path, "-o", root.appending(path: "m.nii.gz").path, "--model", model.path, "--device", "cpu", "--engine", "torch"])
            #expect(result.status == 65)
            // On a machine that could hold it, the file is found to be too short for what it claims.
            #expect(["MB less a margin", "cannot hold them"].contains { result.errors.contains($0) }, "\(result.errors)")
        }
    }

    @Test func `A small file with a coarse spacing does not become billions of voxels`() throws {
        try Fixtures.withTemporaryFolder { root in
            let model = try TinyModel.bundle(in: root).url, ball = TinyModel.ball(0)
            let images = try folder(root, "data/images"), labels = try folder(root, "data/labels"), output = root.appending(path: "out")
            let affine = [[-20.0, 0, 0, 0], [0, 20, 0, 0], [0, 0, 20, 0], [0, 0, 0, 1]]
            let geometry = Geometry(size: ball.scan.geometry.size, affine: affine, spacing: [20, 20, 20])
            try NIfTI.write(scan: Scan(geometry: geometry, voxels: ball.scan.voxels), to: images.appending(path: "a.nii.gz"))
            try NIfTI.write(labels: LabelMap(geometry: geometry, voxels: ball.labels.voxels), to: labels.appending(path: "a.nii.gz"))
            try CommandLineTool.fail(
                ["prepare", root.appending(path: "data").path, "-o", output.path, "--plan", model.appending(path: "plan.json").path, "--memory", "300M"],
                saying: ["a would have", "after resampling from [20.0, 20.0, 20.0] to [1.0, 1.0, 1.0] mm", "allowed are 300 MB (--memory)"])
            try CommandLineTool.fail(
                [
                    "segment", images.path, "-o", output.path, "--model", model.path, "--memory", "300M", "--device", "cpu", "--engine", "torch",
                ], saying: ["a.nii.gz needs about", "allowed are 300 MB (--memory)"])
        }
    }
}
