import Testing
import UNETRInference
import UNETRModels
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// The numbers that describe a prepared scan.
struct ScanProfileTests {
    private static func profile(_ image: [Float], size: Size3, of geometry: Geometry, channels: Int = 1) -> ScanProfile {
        let properties = CaseProperties(
            name: "s", geometry: geometry, channels: channels, cropBox: CropBox(lower: [0, 0, 0], upper: geometry.size), axisOrder: .identity, size: size,
            spacing: [1, 1, 1], compatibility: .modern, planDigest: "")
        return ScanProfile(of: PreparedCase(properties: properties, image: image))
    }

    @Test func `Spacing and extent are those along the patient's axes, however the scan is stored`() {
        // File axes i, j, k run upwards, to the left and to the back, with 3, 1 and 2 mm; sizes are [D, H, W] = [k, j, i].
        let turned = Geometry(size: [5, 6, 7], affine: [[0, -1, 0, 0], [0, 0, -2, 0], [3, 0, 0, 0], [0, 0, 0, 1]], spacing: [2, 1, 3])
        let profile = Self.profile([0, 1], size: [1, 1, 2], of: turned)
        #expect(profile.values.prefix(6) == [1, 2, 3, 6, 10, 21])
        #expect(profile[.spacing(axis: 2)] == 3 && profile[.extent(axis: 1)] == 10)
    }

    @Test func `Percentiles and roughness of each channel are those computed by hand`() {
        let geometry = Geometry(size: [1, 1, 5], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
        // 0…4: neighbors differ by 1, the standard deviation is √2. The second channel does not vary.
        let profile = Self.profile([0, 1, 2, 3, 4, 7, 7, 7, 7, 7], size: [1, 1, 5], of: geometry, channels: 2)
        let expected = [0.2, 1, 2, 3, 3.8, 0.5.squareRoot(), 7, 7, 7, 7, 7, 0]
        #expect(zip(profile.values.dropFirst(6), expected).allSatisfy { abs($0 - $1) < 1e-6 } && profile.values.count == 18)
    }

    @Test func `Of a large scan a part of the voxels is enough`() throws {
        // A ramp along each axis of 100 voxels: neighbors differ by 1, and a sum of three ramps has the variance 3 × 833.25.
        let size: Size3 = [100, 100, 100]
        let image = (0..<1_000_000).map { (index: Int) -> Float in
            let (d, h, w) = (index / 10000, index / 100 % 100, index % 100)
            return Float(d + h + w)
        }
        let geometry = Geometry(size: size, affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
        let profile = Self.profile(image, size: size, of: geometry)
        #expect(abs(try #require(profile[.percentile(50, channel: 0)]) - 148.5) < 2)
        #expect(abs(try #require(profile[.roughness(channel: 0)]) - 0.02) < 0.0005)
    }
}
