import Foundation
import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETRPlanning
@testable import UNETRPreparation

@Suite struct RestorationStreamTests {
    private static let classes = 3

    /// A case whose axes are reordered, cropped on all sides, and finer or coarser than the prepared volume.
    private func properties(_ axes: [Int], size: Size3, spacing: [Double] = [1, 1, 1]) throws -> CaseProperties {
        let geometry = Geometry(size: [9, 12, 10], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: spacing)
        return CaseProperties(
            name: "stream", geometry: geometry, channels: 1, cropBox: CropBox(lower: [1, 2, 3], upper: [9, 11, 10]), axisOrder: try AxisOrder(axes),
            size: size, spacing: [1, 1, 1], compatibility: .modern, planDigest: "")
    }

    private func outputs(_ properties: CaseProperties) -> [Float] {
        let rule = ParityRule("stream")
        return (0..<(Self.classes * properties.voxelCount)).map { Float(rule.unit($0)) }
    }

    /// `count` slices of every class, from slice `first` on.
    private func slab(_ outputs: [Float], _ properties: CaseProperties, _ slices: Range<Int>) -> [Float] {
        let plane = properties.size[1] * properties.size[2]
        return (0..<Self.classes).flatMap { output in
            outputs[((output * properties.size[0] + slices.lowerBound) * plane)..<((output * properties.size[0] + slices.upperBound) * plane)]
        }
    }

    @Test(arguments: [[0, 1, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]], [[5, 6, 4], [16, 13, 17], [9, 9, 7]] as [Size3])
    func `Slices that arrive a few at a time give the bits of all at once`(axes: [Int], size: Size3) throws {
        for spacing in [[1.0, 1, 1], [5, 1, 1]] {
            let properties = try properties(axes, size: size, spacing: spacing)
            let outputs = outputs(properties)
            let decision = LabelDecision.largest(values: [0, 3, 7])
            let labels = try Restoration(of: properties).labels(from: outputs, decision: decision)
            let whole = try Restoration(of: properties).outputs(from: outputs, outside: [1, 0, 0])
            #expect(Set(labels.voxels) == [0, 3, 7])
            for step in [1, 2, 3] {
                let stream = RestorationStream(of: properties, decision: decision, threads: 2)
                var written = [Float](repeating: 0, count: whole.count)
                for voxel in 0..<properties.geometry.count { written[voxel] = 1 }
                for first in stride(from: 0, to: size[0], by: step) {
                    try slab(outputs, properties, first..<min(first + step, size[0])).withUnsafeBufferPointer { slab in
                        try stream.add(slab) { part in
                            part.forEachRun(in: properties.geometry.size) { values, position in
                                for (index, value) in values.enumerated() { written[position + index] = value }
                            }
                        }
                    }
                }
                #expect(stream.takeLabels().voxels == labels.voxels, "\(axes) \(size) by \(step)")
                #expect(written == whole, "\(axes) \(size) by \(step)")
            }
        }
    }

    @Test func `A label is the largest of the interpolated outputs`() throws {
        let properties = try properties([2, 0, 1], size: [13, 7, 11])
        let outputs = outputs(properties), count = properties.geometry.count
        let labels = try Restoration(of: properties).labels(from: outputs, decision: .largest(values: [0, 1, 2]))
        let whole = try Restoration(of: properties).outputs(from: outputs, outside: [1, 0, 0])
        for voxel in 0..<count {
            let values = (0..<Self.classes).map { whole[$0 * count + voxel] }
            #expect(labels.voxels[voxel] == Int16(values.firstIndex(of: values.max()!)!))
        }
    }

    @Test func `Parts of slices and more slices than there are are refused`() throws {
        let properties = try properties([0, 1, 2], size: [5, 6, 4])
        let stream = RestorationStream(of: properties, decision: .largest(values: [0, 1, 2]))
        let slice = Self.classes * 24
        func add(_ count: Int) throws { try [Float](repeating: 0, count: count).withUnsafeBufferPointer { try stream.add($0) } }
        #expect(throws: PreparationError.wrongProbabilityCount(scan: "stream", expected: 5 * slice, got: slice + 1)) { try add(slice + 1) }
        try add(3 * slice)
        #expect(throws: PreparationError.wrongProbabilityCount(scan: "stream", expected: 2 * slice, got: 3 * slice)) { try add(3 * slice) }
    }
}
