import Testing
import UNETRSupport

@testable import UNETRAugmentation

/// Deep supervision's targets against the reference's.
@Suite struct LabelPyramidTests {
    struct Setting: CustomTestStringConvertible {
        var name: String
        var size: Size3
        var scales: [[Double]]
        var testDescription: String { name }
    }

    @Test(
        "Reduced labels equal the reference exactly",
        arguments: [
            Setting(name: "hippo", size: Size3(40, 56, 40), scales: [[1, 1, 1], [0.5, 0.5, 0.5], [0.25, 0.25, 0.25]]),
            Setting(name: "acdc", size: Size3(8, 32, 24), scales: [[1, 1, 1], [1, 0.25, 0.25], [0.5, 0.125, 0.125]]),
            Setting(name: "synapse", size: Size3(16, 32, 32), scales: [[1, 1, 1], [0.5, 0.25, 0.25], [0.25, 0.125, 0.125]]),
            Setting(name: "odd", size: Size3(15, 21, 18), scales: [[1, 1, 1], [0.5, 0.25, 0.25]]),
        ])
    func equalsReference(_ setting: Setting) throws {
        let reference = try Reference(setting.name)
        let sizes = setting.scales.map { LabelPyramid.size(of: setting.size, scale: $0) }
        let levels = try LabelPyramid.downsample(reference.labels("labels"), size: setting.size, to: sizes)
        for (number, level) in levels.enumerated() {
            #expect(level == (try reference.labels("scale\(number)")))
        }
    }

    @Test("A coarse voxel is the fine voxel behind its center, not the corner")
    func readsCenters() throws {
        let line = (0..<16).map { Int16($0) }
        let levels = try LabelPyramid.downsample(line, size: Size3(1, 1, 16), to: [2, 4, 8].map { Size3(1, 1, 16 / $0) })
        #expect(levels == [[1, 3, 5, 7, 9, 11, 13, 15], [2, 6, 10, 14], [4, 12]])
    }

    @Test("Sizes are rounded half to even")
    func roundsSizes() {
        #expect(LabelPyramid.size(of: Size3(13, 15, 4), scale: [0.5, 0.5, 1]) == Size3(6, 8, 4))
    }

    @Test("Levels that do not fit are refused")
    func refusesWrongSizes() {
        #expect(throws: AugmentationError.size(of: "Label level", expected: "1×1×1 to 1×1×2", found: "1×1×3")) {
            try LabelPyramid.downsample([0, 1], size: Size3(1, 1, 2), to: [Size3(1, 1, 3)])
        }
        #expect(throws: AugmentationError.self) { try LabelPyramid.downsample([0], size: Size3(1, 1, 2), to: []) }
    }
}
