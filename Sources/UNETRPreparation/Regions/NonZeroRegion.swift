import UNETRSupport
import UNETRVolumes

/// The part of a scan that holds data: voxels where any channel is not 0, with enclosed holes filled.
struct NonZeroRegion {
    /// The smallest box around the region.
    let box: CropBox

    /// 1 inside the region, 0 outside, [D, H, W] of the whole scan; nil when not asked for.
    let mask: [UInt8]?

    /// Finds the region of `voxels` [C, D, H, W].
    ///
    /// - Parameter needsMask: whether the holes have to be filled and the mask kept; the box does not need it.
    /// - Returns: nil when every voxel is 0.
    init?(_ voxels: [Float], channels: Int, size: Size3, needsMask: Bool, threads: Int?) {
        var mask = Self.nonZero(voxels, channels: channels, size: size, threads: threads)
        guard let box = Self.box(of: mask, size: size) else { return nil }
        if needsMask { Self.fillHoles(&mask, size: size) }
        self.box = box
        self.mask = needsMask ? mask : nil
    }

    private static func nonZero(_ voxels: [Float], channels: Int, size: Size3, threads: Int?) -> [UInt8] {
        let plane = size[1] * size[2], count = size[0] * plane
        return [UInt8](unsafeUninitializedCapacity: count) { mask, initialized in
            voxels.withUnsafeBufferPointer { voxels in
                let (voxels, mask) = (SharedPointer(voxels), SharedPointer(mask))
                Parallel.forEach(size[0], threads: threads) { d in
                    let target = mask + d * plane
                    for channel in 0..<channels {
                        let values = voxels + (channel * count + d * plane)
                        var index = 0
                        if channel == 0 {
                            while index < plane { target[index] = values[index] != 0 ? 1 : 0; index &+= 1 }
                        } else {
                            while index < plane { target[index] |= values[index] != 0 ? 1 : 0; index &+= 1 }
                        }
                    }
                }
            }
            initialized = count
        }
    }

    private static func box(of mask: [UInt8], size: Size3) -> CropBox? {
        var lower = size, upper = Size3(0, 0, 0)
        let (depth, height, width) = (size.depth, size.height, size.width)
        mask.withUnsafeBufferPointer { mask in
            for d in 0..<depth {
                for h in 0..<height {
                    let line = mask.baseAddress! + (d * height + h) * width
                    var first = 0
                    while first < width, line[first] == 0 { first &+= 1 }
                    if first == width { continue }
                    var last = width - 1
                    while line[last] == 0 { last &-= 1 }
                    lower = Size3(min(lower.depth, d), min(lower.height, h), min(lower.width, first))
                    upper = Size3(d + 1, max(upper.height, h + 1), max(upper.width, last + 1))
                }
            }
        }
        return upper[0] > 0 ? CropBox(lower: lower, upper: upper) : nil
    }

    /// Adds the zeros that no path along faces connects with the border of the volume.
    static func fillHoles(_ mask: inout [UInt8], size: Size3) {
        mask.withUnsafeMutableBufferPointer { mask in
            for index in mask.indices { mask[index] ^= 1 }
            let width = size.width, background = RunComponents(mask.baseAddress!, size: size)
            let isOutside = background.touchesBorder
            mask.update(repeating: 1)
            background.forEachRun { row, run, component in
                guard isOutside[component] else { return }
                for x in run.start..<run.end { mask[row * width + Int(x)] = 0 }
            }
        }
    }
}
