public import UNETRSupport

/// A box of voxels: half-open ranges along [D, H, W].
public struct CropBox: Equatable, Sendable, Codable {
    /// First voxel inside, along [D, H, W].
    public var lower: Size3

    /// First voxel past the end, along [D, H, W].
    public var upper: Size3

    /// A box from its first voxels to those behind its last.
    public init(lower: Size3, upper: Size3) {
        self.lower = lower
        self.upper = upper
    }

    /// Voxels along [D, H, W].
    public var size: Size3 { Size3 { upper[$0] - lower[$0] } }

    /// Cuts the box out of `values` [channels, D, H, W] of a volume of the given size.
    func cut<Value>(_ values: [Value], channels: Int, from whole: Size3) -> [Value] {
        let size = size
        if size == whole { return values }
        let count = channels * size.voxels
        return [Value](unsafeUninitializedCapacity: count) { output, initialized in
            values.withUnsafeBufferPointer { input in
                var target = output.baseAddress!
                for channel in 0..<channels {
                    for d in lower[0]..<upper[0] {
                        for h in lower[1]..<upper[1] {
                            let line = ((channel * whole[0] + d) * whole[1] + h) * whole[2] + lower[2]
                            target.initialize(from: input.baseAddress! + line, count: size[2])
                            target += size[2]
                        }
                    }
                }
            }
            initialized = count
        }
    }
}
