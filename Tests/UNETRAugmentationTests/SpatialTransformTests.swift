import Testing
import UNETRSupport

@testable import UNETRAugmentation

/// Rotation and scaling against the reference's numbers.
@Suite struct SpatialTransformTests {
    struct Setting: CustomTestStringConvertible {
        var name: String
        var input: Size3
        var patch: Size3
        var transform: SpatialTransform
        var testDescription: String { name }
    }

    static let settings = [
        Setting(
            name: "spatial_a", input: Size3(30, 34, 32), patch: Size3(24, 26, 22),
            transform: SpatialTransform(angles: [0.3, -0.2, 0.4], factor: 0.8)),
        Setting(
            name: "spatial_b", input: Size3(27, 29, 25), patch: Size3(20, 21, 18),
            transform: SpatialTransform(angles: [0, 0, 0.5], factor: 1)),
        Setting(
            name: "spatial_c", input: Size3(24, 24, 24), patch: Size3(24, 24, 24),
            transform: SpatialTransform(angles: .zero, factor: 1.3)),
    ]

    /// Both releases; the files of the newer one hold probes of the outputs.
    @Test("Rotated and scaled images and labels equal the reference", arguments: settings, AugmentationRule.allCases)
    func equalsReference(_ setting: Setting, _ rule: AugmentationRule) throws {
        let inputs = try Reference(setting.name)
        let outputs = rule == .modern ? try Reference("\(setting.name).bg0255") : inputs
        let source = try ArraySource(
            image: inputs.floats("input"), channels: 1, labels: inputs.labels("labels"), size: setting.input)
        let sample = try resample(source, setting.transform, CropView(origin: .zero, extent: setting.input, size: setting.input), setting.patch, rule)
        // The reference computes in double and rounds once; here it is float throughout: a few of float's 1.2e-7 of coefficients up to 5.
        #expect(largestDifference(sample.image, try outputs.values("output")) < 4e-6)
        let labels = try outputs.values("output_labels")
        // In spatial_b every position is half-way along one axis, where the reference leaves ties to the last bit of double.
        let wrong = labels.count { sample.labels[$0.index] != Int16($0.value) }
        #expect(wrong * 2000 <= labels.count)
    }

    @Test("A crop that reaches beyond the case reads the same as a case that was padded beforehand", arguments: [false, true])
    func paddingIsImplicit(inPlane: Bool) throws {
        let setting = Self.settings[0]
        let reference = try Reference("spatial_a")
        let size = setting.input
        let source = try ArraySource(
            image: reference.floats("input"), channels: 1, labels: reference.labels("labels"), size: size)
        // The case ends within the crop on both sides of the first axis and on one side of the others.
        let crop = CropView(origin: [-3, -3, 5], extent: Size3(36, 40, 38), size: size)
        let patch = Size3(inPlane ? 36 : 24, 26, 22)
        var image = [Float](repeating: 9, count: crop.extent.voxels)
        var labels = [Int16](repeating: 9, count: crop.extent.voxels)
        try source.withImage { values in crop.copy(values.baseAddress!, to: &image, padding: 0) }
        try source.withLabels { values in crop.copy(values.baseAddress!, to: &labels, padding: -1) }
        let padded = try ArraySource(image: image, channels: 1, labels: labels, size: crop.extent)
        let whole = CropView(origin: .zero, extent: crop.extent, size: crop.extent)
        let transform = SpatialTransform(angles: [0.4, 0.5, -0.3], factor: 1.4, inPlane: inPlane)
        let direct = try resample(source, transform, crop, patch, .modern)
        let before = try resample(padded, transform, whole, patch, .modern)
        // Coefficients are cut off where they have fallen to 1.4e-7 of values below 2.
        #expect(largestDifference(direct.image, before.image.enumerated().map { ($0.offset, $0.element) }) < 1e-6)
        #expect(direct.labels == before.labels)
        #expect(Set(direct.labels).count > 3)
    }

    @Test("In-plane, every plane is turned like an image of its own")
    func inPlaneLeavesPlanesApart() throws {
        let size = Size3(5, 30, 28)
        let patch = Size3(5, 20, 22)
        let image = (0..<size.voxels).map { Float(($0 * 7919) % 101) / 50 - 1 }
        let labels = (0..<size.voxels).map { Int16(($0 / 40) % 3) }
        let source = try ArraySource(image: image, channels: 1, labels: labels, size: size)
        let transform = SpatialTransform(angles: [2.1, 0, 0], factor: 0.9, inPlane: true)
        let all = try resample(source, transform, CropView(origin: .zero, extent: size, size: size), patch, .modern)
        for plane in 0..<5 {
            let range = (plane * 28 * 30)..<((plane + 1) * 28 * 30)
            let single = try ArraySource(image: Array(image[range]), channels: 1, labels: Array(labels[range]), size: Size3(1, 30, 28))
            // A volume of one plane, turned in space about the D-axis, is interpolated in the plane only.
            let flat = SpatialTransform(angles: [2.1, 0, 0], factor: 0.9)
            let grid = SamplingGrid(flat, patch: Size3(1, 20, 22), input: Size3(1, 30, 28), rule: .modern)
            let crop = CropView(origin: .zero, extent: Size3(1, 30, 28), size: Size3(1, 30, 28))
            var output = [Float](repeating: 0, count: 20 * 22)
            var outputLabels = [Int16](repeating: 0, count: 20 * 22)
            try single.withImage { SplineResampling(grid, crop: crop, inPlane: false).apply($0.baseAddress!, to: &output, Scratch()) }
            try single.withLabels { LabelResampling(grid, crop: crop, rule: .modern).apply($0.baseAddress!, to: &outputLabels, Scratch()) }
            #expect(largestDifference(Array(all.image[(plane * 440)..<((plane + 1) * 440)]), output.enumerated().map { ($0.offset, $0.element) }) < 1e-6)
            #expect(Array(all.labels[(plane * 440)..<((plane + 1) * 440)]) == outputLabels)
        }
    }

    @Test("Nothing is read outside of the crop, not even by a hair, and its last sample is read exactly")
    func bordersAreExact() throws {
        let size = Size3(6, 6, 6)
        let image = (0..<216).map { Float($0 % 11) - 5 }
        let source = try ArraySource(image: image, channels: 1, labels: image.map { Int16($0) }, size: size)
        let crop = CropView(origin: .zero, extent: size, size: size)
        let same = try resample(source, SpatialTransform(), crop, size, .modern)
        #expect(largestDifference(same.image, image.enumerated().map { ($0.offset, $0.element) }) < 4e-6)
        #expect(same.labels == image.map { Int16($0) })
        // The older release reads half a voxel further, so the last plane of each axis has left the crop.
        let shifted = try resample(source, SpatialTransform(), crop, size, .unetrPlusPlus)
        for index in 0..<216 where index % 6 == 5 || index / 6 % 6 == 5 || index / 36 == 5 {
            #expect(shifted.image[index] == 0)
            #expect(shifted.labels[index] == 0)
        }
    }

    @Test(
        "An axis of one sample is read without a look behind the coefficients",
        arguments: [
            Size3(1, 6, 5), Size3(6, 1, 5), Size3(6, 5, 1), Size3(1, 1, 5), Size3(1, 5, 1), Size3(1, 1, 1), Size3(2, 2, 2), Size3(1, 120, 120),
        ])
    func singleSamples(_ size: Size3) throws {
        let image = (0..<size.voxels).map { Float(($0 * 7919) % 101) / 50 - 1 }
        let crop = CropView(origin: .zero, extent: size, size: size)
        for inPlane in [false, true] {
            let grid = SamplingGrid(SpatialTransform(inPlane: inPlane), patch: size, input: size, rule: .modern)
            // Everything that the resampling has not written itself is not a number.
            let scratch = Scratch()
            let room = (size.voxels + 64) * 8
            scratch.floats(Slot.coefficients, room).update(repeating: .nan, count: room)
            var output = [Float](repeating: 7, count: size.voxels)
            image.withUnsafeBufferPointer {
                SplineResampling(grid, crop: crop, inPlane: inPlane).apply($0.baseAddress!, to: &output, scratch)
            }
            #expect(largestDifference(output, image.enumerated().map { ($0.offset, $0.element) }) < 4e-6, "\(size), in-plane: \(inPlane)")
        }
    }

    private func resample(
        _ source: ArraySource, _ transform: SpatialTransform, _ crop: CropView, _ patch: Size3, _ rule: AugmentationRule
    ) throws -> Sample {
        let grid = SamplingGrid(transform, patch: patch, input: crop.extent, rule: rule)
        var image = [Float](repeating: 7, count: patch.voxels)
        var labels = [Int16](repeating: 7, count: patch.voxels)
        try source.withImage {
            SplineResampling(grid, crop: crop, inPlane: transform.inPlane).apply($0.baseAddress!, to: &image, Scratch())
        }
        try source.withLabels { LabelResampling(grid, crop: crop, rule: rule).apply($0.baseAddress!, to: &labels, Scratch()) }
        return Sample(image: image, labels: labels, channels: 1, size: patch)
    }
}
