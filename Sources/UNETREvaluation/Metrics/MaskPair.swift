import UNETRSupport
import UNETRVolumes

/// The masks of one class in prediction and reference, cut to the box that holds both, with one empty voxel around it.
///
/// Each voxel is a byte: bit 0 for the prediction, bit 1 for the reference, so that one sweep treats both masks. The empty rim stands
/// for everything outside the box, which holds no voxel of the class, and for the border of the volume, which counts as outside.
struct MaskPair: Sendable {
    static let prediction: UInt8 = 1
    static let reference: UInt8 = 2

    /// [D, H, W] of the cut with its rim.
    let size: Size3
    let bytes: [UInt8]

    init(_ prediction: LabelMap, _ reference: LabelMap, labels: Set<Int16>, box: Box, ignoring ignored: Int16?) {
        let inner = box.size, padded = Size3 { inner[$0] + 2 }
        let whole = reference.geometry.size
        // A table is as quick for a region of ten labels as for one label.
        var isInside = [UInt8](repeating: 0, count: 1 << 16)
        for label in labels { isInside[Int(UInt16(bitPattern: label))] = 1 }
        size = padded
        bytes = [UInt8](unsafeUninitializedCapacity: padded.voxels) { cut, count in
            count = padded.voxels
            cut.initialize(repeating: 0)
            prediction.voxels.withUnsafeBufferPointer { prediction in
                reference.voxels.withUnsafeBufferPointer { reference in
                    isInside.withUnsafeBufferPointer { isInside in
                        for d in 0..<inner[0] {
                            for h in 0..<inner[1] {
                                let from = ((d + box.lower[0]) * whole[1] + h + box.lower[1]) * whole[2] + box.lower[2]
                                let to = ((d + 1) * padded[1] + h + 1) * padded[2] + 1
                                for w in 0..<inner[2] {
                                    let r = reference[from + w]
                                    let p = isInside[Int(UInt16(bitPattern: prediction[from + w]))]
                                    cut[to + w] = p | (isInside[Int(UInt16(bitPattern: r))] << 1)
                                    if r == ignored { cut[to + w] = 0 }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The voxels of each mask that have a six-neighbor outside it: the mask without its erosion, bit by bit.
    func surfaceVoxels() -> [UInt8] {
        let (depth, height, width) = (size[0], size[1], size[2])
        let plane = height * width
        return [UInt8](unsafeUninitializedCapacity: bytes.count) { surface, count in
            count = bytes.count
            surface.initialize(repeating: 0)
            bytes.withUnsafeBufferPointer { mask in
                for d in 1..<depth - 1 {
                    for h in 1..<height - 1 {
                        let row = (d * height + h) * width
                        for at in row + 1..<row + width - 1 {
                            let inner =
                                mask[at - 1] & mask[at + 1] & mask[at - width] & mask[at + width]
                                & mask[at - plane] & mask[at + plane]
                            surface[at] = mask[at] & ~inner
                        }
                    }
                }
            }
        }
    }
}
