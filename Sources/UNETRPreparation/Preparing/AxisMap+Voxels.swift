import UNETRPlanning
import UNETRSupport

extension AxisMap {
    /// The voxels [channels, D, H, W] of a volume of the given size with their axes in this order and direction.
    func apply<Value>(toVoxels voxels: [Value], channels: Int, size: Size3, threads: Int?) -> [Value] {
        if isIdentity { return voxels }
        let (first, strides) = places(of: size), count = size.voxels, target = order.apply(size)
        let (width, step) = (target.width, strides.width)
        return [Value](unsafeUninitializedCapacity: channels * count) { output, initialized in
            voxels.withUnsafeBufferPointer { input in
                let (input, output) = (SharedPointer(input), SharedPointer(output))
                Parallel.forEach(channels * target[0], threads: threads) { plane in
                    let (channel, d) = (plane / target[0], plane % target[0])
                    let source = input + (channel * count + first + d * strides[0])
                    var destination = output + plane * target[1] * target[2]
                    for h in 0..<target[1] {
                        let line = source + h * strides[1]
                        var w = 0
                        while w < width { (destination + w).initialize(to: line[w &* step]); w &+= 1 }
                        destination += width
                    }
                }
            }
            initialized = channels * count
        }
    }
}
