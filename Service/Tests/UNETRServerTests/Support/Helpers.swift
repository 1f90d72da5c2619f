import Foundation
import Testing
import UNETRVolumes

/// The folder of the built programs: that of the test bundle.
let productsFolder: URL = {
    #if os(macOS)
        Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }!.bundleURL.deletingLastPathComponent()
    #else
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    #endif
}()

/// The root of the repository.
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

/// Scans of 6 × 5 × 4 voxels for the stand-in worker.
enum TestScan {
    static let geometry = Geometry(
        size: [4, 5, 6], affine: [[-2, 0, 0, 9], [0, 1, 0, -8], [0, 0, 0.5, 7], [0, 0, 0, 1]], spacing: [0.5, 1, 2])

    /// Three voxels of 60 and one of 120 along x at y = 1, z = 2; the first voxel tells the worker how to behave. `number` makes scans differ.
    static func scan(first: Float = 0, number: Int = 0) -> Scan {
        var scan = Scan(geometry: geometry, voxels: Array(repeating: Float(number) / 1000, count: geometry.count))
        for x in 1...3 { scan.voxels[scan.offset(2, 1, x)] = 60 }
        scan.voxels[scan.offset(2, 1, 4)] = 120
        if first != 0 { scan.voxels[0] = first }
        return scan
    }

    /// The bytes of a file of a format.
    static func bytes(_ ending: String = ".nii.gz", first: Float = 0, number: Int = 0) throws -> Data {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString)\(ending)")
        defer { try? FileManager.default.removeItem(at: file) }
        try VolumeFile.write(scan: scan(first: first, number: number), to: file)
        return try Data(contentsOf: file)
    }

    /// The mask that the stand-in worker makes, in a format.
    static func mask(_ ending: String = ".nii.gz", shifted: Bool = false) throws -> Data {
        var mask = LabelMap(geometry: geometry, voxels: scan().voxels.map { $0 > 100 ? 2 : $0 > 50 ? 1 : 0 })
        if shifted { mask.voxels = [0] + mask.voxels.dropLast() }
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString)\(ending)")
        defer { try? FileManager.default.removeItem(at: file) }
        try VolumeFile.write(labels: mask, to: file)
        return try Data(contentsOf: file)
    }
}

/// Waits until something holds.
func wait(seconds: Double = 20, _ what: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation, until holds: () async throws -> Bool) async throws {
    let end = Date() + seconds
    while try await !holds() {
        guard Date() < end else {
            Issue.record(what ?? "it took longer than \(seconds) s", sourceLocation: sourceLocation)
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}
