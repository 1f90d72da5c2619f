import UNETRPlanning
import UNETRSupport
import UNETRVolumes

extension Preparer {
    /// Headers round directions: a corner that lies less than this away from its place, in voxels, lies there.
    private static let mostShear = 0.1

    /// Refuses scans and labels that the plan cannot be applied to.
    func check(_ scan: Scan, _ labels: LabelMap?, _ name: String) throws {
        let geometry = scan.geometry
        guard geometry.size.allSatisfy({ $0 > 1 }) else {
            throw PreparationError.notThreeDimensional(scan: name, size: geometry.size)
        }
        guard geometry.spacing.count == 3, geometry.spacing.allSatisfy(Geometry.spacingRange.contains) else {
            throw PreparationError.invalidSpacing(scan: name, spacing: geometry.spacing)
        }
        guard !geometry.isSingular else { throw PreparationError.singularAffine(scan: name) }
        if plan.compatibility == .monai {
            let axes = plan.axisMap(of: geometry), shear = SpacingRule(geometry, axes, target: plan.targetSpacing).shear(axes.order.apply(geometry.size))
            guard shear <= Self.mostShear else { throw PreparationError.sheared(scan: name, voxels: shear) }
        }
        guard scan.channels == plan.channelNames.count else {
            throw PreparationError.wrongChannelCount(scan: name, expected: plan.channelNames, got: scan.channels)
        }
        for (channel, channelName) in plan.channelNames.enumerated() { try checkValues(scan, channel, channelName, name) }
        if let labels { try check(labels, against: geometry, name) }
    }

    /// Refuses a prepared volume that is too large for its files, or for this machine.
    /// - Parameter scanCount: values of the scan it is made from, which lie beside it.
    func check(
        _ grid: ResamplingGrid, channels: Int, spacing: [Double], scanCount: Int = 0, hasLabels: Bool = false, _ name: String
    ) throws {
        guard !ResamplingGrid.isTooLarge(grid.outputSize) else {
            throw GridTooLarge(scan: name, size: grid.outputSize, spacing: spacing, target: plan.targetSpacing)
        }
        // The scan, its part in the box, two steps of resampling a channel, and the result live together.
        let (input, output) = (grid.inputCount, grid.outputCount)
        let intensities = scanCount + channels * (input + output) + (grid.isIdentity ? 0 : 2 * max(input, output))
        let needed = 4 * intensities + (hasLabels ? 2 * (input + output) : 0), limit = MemoryLimit.current
        guard needed <= limit.bytes else {
            throw PreparationError.tooLargeForMemory(
                scan: name, size: grid.outputSize, spacing: spacing, target: plan.targetSpacing, needed: needed, limit: limit)
        }
    }

    private func checkValues(_ scan: Scan, _ channel: Int, _ channelName: String, _ name: String) throws {
        let count = scan.geometry.count
        var bad = 0, lowest = Float.infinity, highest = -Float.infinity
        scan.voxels.withUnsafeBufferPointer { voxels in
            let values = voxels.baseAddress! + channel * count
            var index = 0
            while index < count {
                let value = values[index]
                if !value.isFinite { bad &+= 1 }
                lowest = value < lowest ? value : lowest
                highest = value > highest ? value : highest
                index &+= 1
            }
        }
        guard bad == 0 else { throw PreparationError.notFinite(scan: name, channel: channelName, count: bad) }
        if lowest == highest, lowest != 0 { throw PreparationError.constantChannel(scan: name, channel: channelName, value: lowest) }
        if plan.normalization[channel].scheme == .rgbTo01, lowest < 0 || highest > 255 {
            throw PreparationError.notColor(scan: name, channel: channelName, lowest: lowest, highest: highest)
        }
    }

    private func check(_ labels: LabelMap, against geometry: Geometry, _ name: String) throws {
        guard labels.channels == 1, labels.geometry.size == geometry.size else {
            throw PreparationError.sizeMismatch(scan: "the labels of \(name)", expected: geometry.size, got: labels.geometry.size)
        }
        var counts = [Int](repeating: 0, count: 1 << 16)
        counts.withUnsafeMutableBufferPointer { counts in
            labels.voxels.withUnsafeBufferPointer { voxels in
                var index = 0
                while index < voxels.count { counts[Int(UInt16(bitPattern: voxels[index]))] &+= 1; index &+= 1 }
            }
        }
        let known = Set([0] + plan.labels.foregroundValues + (plan.labels.ignoreValue.map { [$0] } ?? []))
        for bits in counts.indices where counts[bits] > 0 {
            let value = Int(Int16(bitPattern: UInt16(bits)))
            guard known.contains(value) else {
                throw PreparationError.unknownLabel(
                    scan: "the label map of \(name)", value: value, count: counts[bits], known: known.sorted())
            }
        }
    }
}
