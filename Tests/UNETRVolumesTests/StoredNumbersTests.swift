import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

/// What a volume is stored as: the fewest bits that hold its whole numbers.
struct StoredNumbersTests {
    private static func grid(_ size: Size3) -> Geometry {
        Geometry(size: size, affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
    }

    private static func scan(_ voxels: [Float]) -> Scan { Scan(geometry: grid([1, 1, voxels.count]), voxels: voxels) }

    @Test(
        arguments: [
            ([0, 1, 255], .uint8), ([0, 256], .int16), ([-1, 255], .int16), ([-32768, 32767], .int16), ([32768], .float32), ([-32769], .float32),
            ([0.5], .float32), ([1, .nan], .float32), ([.infinity], .float32), ([-.infinity], .float32), ([16_777_216], .float32), ([1e30], .float32),
            ([-0.0, 7], .uint8), ([0], .uint8), ([254.99998], .float32), ([-0.00001], .float32),
        ] as [([Float], VoxelType)])
    func `Whole numbers take as many bits as their ends ask for, others stay as they are`(_ voxels: [Float], _ type: VoxelType) {
        let contents = VolumeContents(inFewestBits: Self.scan(voxels))
        #expect(contents.type == type)
        let expected: [UInt8] =
            switch type {
            case .uint8: voxels.map { UInt8($0) }
            case .int16: voxels.flatMap { value in withUnsafeBytes(of: Int16(value).littleEndian) { Array($0) } }
            default: voxels.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
            }
        #expect(contents.bytes(0..<voxels.count) == expected)
        #expect(contents.bytes(voxels.count - 1..<voxels.count) == Array(expected.suffix(expected.count / voxels.count)), "the last voxel alone")
    }

    @Test(arguments: [0, 4095, 4096, 70_001, 299_999])
    func `One number that does not fit is noticed wherever it stands`(place: Int) {
        var voxels = (0..<300_000).map { Float($0 % 251) }
        #expect(VolumeContents(inFewestBits: Self.scan(voxels)).type == .uint8)
        for (value, type) in [(-5, .int16), (1000, .int16), (0.25, .float32), (40_000, .float32)] as [(Float, VoxelType)] {
            voxels[place] = value
            #expect(VolumeContents(inFewestBits: Self.scan(voxels)).type == type, "\(value)")
        }
    }

    @Test(arguments: ["x.nii.gz", "x.nrrd", "x.mha"])
    func `What is written in few bits is read with the same numbers`(name: String) throws {
        let voxels: [Float] = [0, 3, 200, 255, -1024, 3071, 12, 5]
        try Fixtures.withTemporaryFolder { folder in
            for (number, scan) in [Self.scan(voxels.map(abs)), Self.scan(voxels), Self.scan(voxels.map { $0 / 4 })].enumerated() {
                let url = folder.appending(path: "\(number)-\(name)")
                try VolumeFile.write(VolumeContents(inFewestBits: scan), like: nil, to: url)
                #expect(try VolumeFile.readScan(url).voxels == scan.voxels)
            }
        }
    }

    @Test func `A part of a volume's bytes is what stands in the file there, also of labels`() {
        let labels = LabelMap(geometry: Self.grid([1, 2, 2]), voxels: [0, 1, 255, 2])
        #expect(VolumeContents(labels).type == .uint8 && VolumeContents(labels).bytes(1..<3) == [1, 255])
        let negative = LabelMap(geometry: labels.geometry, voxels: [0, -1, 255, 256])
        #expect(VolumeContents(negative).type == .int16 && VolumeContents(negative).bytes(1..<4) == [255, 255, 255, 0, 0, 1])
    }
}
