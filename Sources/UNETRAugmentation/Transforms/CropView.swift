import UNETRSupport

/// A box of a case, which may reach beyond it: what `PatchSampler` chose, before it is read.
struct CropView {
    /// The first voxel, in the case's array.
    let origin: SIMD3<Int>
    let extent: Size3
    /// The size of the case.
    let size: Size3

    /// The part of the crop that lies in the case, in the crop's own coordinates: low ≤ index < high. Empty when high ≤ low.
    var inside: (low: SIMD3<Int>, high: SIMD3<Int>) {
        var low = SIMD3<Int>()
        var high = SIMD3<Int>()
        for axis in 0..<3 {
            low[axis] = max(0, -origin[axis])
            high[axis] = min(extent[axis], size[axis] - origin[axis])
        }
        return (low, high)
    }

    /// The crop of `patch` voxels in its middle, rounded towards the first voxel.
    func center(_ patch: Size3) -> CropView { part(from: middle(patch), patch) }

    /// A part of this crop that begins at `low` of its own coordinates.
    func part(from low: SIMD3<Int>, _ part: Size3) -> CropView {
        CropView(origin: origin &+ low, extent: part, size: size)
    }

    /// Copies the crop out of `volume` (of `size`); voxels beyond the case become `padding`.
    func copy<Value>(_ volume: UnsafePointer<Value>, to target: UnsafeMutablePointer<Value>, padding: Value) {
        let (low, high) = inside
        let width = high.z - low.z
        guard high.x > low.x, high.y > low.y, width > 0 else {
            target.update(repeating: padding, count: extent.voxels)
            return
        }
        for plane in 0..<extent.depth {
            for row in 0..<extent.height {
                let output = target + (plane * extent.height + row) * extent.width
                guard plane >= low.x, plane < high.x, row >= low.y, row < high.y else {
                    output.update(repeating: padding, count: extent.width)
                    continue
                }
                let line = (plane + origin.x) * size.height + row + origin.y
                output.update(repeating: padding, count: low.z)
                (output + low.z).update(from: volume + line * size.width + origin.z + low.z, count: width)
                (output + high.z).update(repeating: padding, count: extent.width - high.z)
            }
        }
    }

    private func middle(_ patch: Size3) -> SIMD3<Int> {
        SIMD3(
            (extent.depth - patch.depth) / 2, (extent.height - patch.height) / 2, (extent.width - patch.width) / 2)
    }
}
