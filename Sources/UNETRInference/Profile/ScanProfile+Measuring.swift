public import UNETRModels
import UNETRPlanning
public import UNETRPreparation
import UNETRSupport
import UNETRVolumes

extension ScanProfile {
    /// The profile of a prepared scan.
    public init(of prepared: PreparedCase) {
        self = prepared.image.withUnsafeBufferPointer { ScanProfile($0, prepared.properties) }
    }

    /// - Parameters:
    ///   - image: normalized intensities, C-order [C, D, H, W].
    ///   - properties: the scan's own grid, and the size of the image.
    package init(_ image: UnsafeBufferPointer<Float>, _ properties: CaseProperties) {
        let geometry = properties.geometry, directions = geometry.directions, count = properties.voxelCount
        // The file's axes are the grid's backwards. Where the header does not say how they lie in the patient, they are taken as they are.
        let axes = (0..<3).map { axis in 2 - (directions?.firstIndex { $0.axis.index == axis } ?? axis) }
        self.init(
            spacing: axes.map { geometry.spacing[$0] }, extent: axes.map { geometry.spacing[$0] * Double(geometry.size[$0]) },
            intensities: (0..<properties.channels).map { channel in
                Self.intensities(UnsafeBufferPointer(rebasing: image[channel * count..<(channel + 1) * count]), properties.size)
            })
    }

    /// Enough voxels for percentiles.
    private static let samples = 1 << 16

    /// Percentiles and roughness of one channel, from every n-th voxel along each axis where there are many.
    private static func intensities(_ voxels: UnsafeBufferPointer<Float>, _ size: Size3) -> [Double] {
        var step = 1
        while size.voxels / (step * step * step) > samples { step += 1 }
        let plane = size[1] * size[2], row = size[2]
        var values: [Float] = [], sum = 0.0, squares = 0.0, differences = 0.0, pairs = 0
        for d in stride(from: 0, to: size[0], by: step) {
            for h in stride(from: 0, to: size[1], by: step) {
                for w in stride(from: 0, to: row, by: step) {
                    let index = d * plane + h * row + w, value = voxels[index]
                    func compare(_ isInside: Bool, _ distance: Int) {
                        guard isInside else { return }
                        differences += Double(abs(voxels[index + distance] - value))
                        pairs += 1
                    }
                    values.append(value)
                    sum += Double(value)
                    squares += Double(value) * Double(value)
                    compare(d + 1 < size[0], plane)
                    compare(h + 1 < size[1], row)
                    compare(w + 1 < row, 1)
                }
            }
        }
        values.sort()
        let count = Double(values.count), mean = sum / count, deviation = max(0, squares / count - mean * mean).squareRoot()
        let roughness = pairs > 0 && deviation > 0 ? differences / Double(pairs) / deviation : 0
        return ScanFeature.percents.map { Percentile.of(sorted: values, Double($0)) } + [roughness]
    }
}
