import UNETRSupport

/// The surfaces of a pair of masks as marching-cubes elements: one for each cell between eight voxels that the surface crosses.
struct SurfaceElements: Sendable {
    /// Number of cells along [D, H, W].
    let size: Size3
    let spacing: [Double]
    /// Code of every cell (see `MarchingCubesArea`) for the prediction and the reference.
    private let codes: (prediction: [UInt8], reference: [UInt8])
    private let areas: [Double]

    init(_ masks: MaskPair, spacing: [Double]) {
        size = Self.cells(of: masks)
        self.spacing = spacing
        codes = (Self.codes(masks, MaskPair.prediction), Self.codes(masks, MaskPair.reference))
        areas = MarchingCubesArea.table(spacing: spacing)
    }

    func distances(threads: Int?) -> SurfaceDistances {
        var marks = [UInt8](repeating: 0, count: size.voxels)
        for index in marks.indices {
            // The surface crosses a cell that is neither all outside nor all inside.
            let p: UInt8 = codes.prediction[index] &+ 1 > 1 ? MaskPair.prediction : 0
            let r: UInt8 = codes.reference[index] &+ 1 > 1 ? MaskPair.reference : 0
            marks[index] = p | r
        }
        let transform = DistanceTransform(size: size, spacing: spacing, threads: threads)
        func directed(_ from: UInt8, _ to: UInt8, _ codes: [UInt8]) -> SurfaceDistances.Directed {
            let squares = transform.squaredDistances(marks: marks, from: from, to: to)
            var weights: [Double] = []
            weights.reserveCapacity(squares.count)
            for index in marks.indices where marks[index] & from != 0 { weights.append(areas[Int(codes[index])]) }
            return .init(distances: squares.map { $0.squareRoot() }, areas: weights)
        }
        return SurfaceDistances(
            predictionToReference: directed(MaskPair.prediction, MaskPair.reference, codes.prediction),
            referenceToPrediction: directed(MaskPair.reference, MaskPair.prediction, codes.reference))
    }

    /// Area of the whole surface of each mask.
    var totalAreas: (prediction: Double, reference: Double) {
        func sum(_ codes: [UInt8]) -> Double { codes.reduce(0) { $0 + areas[Int($1)] } }
        return (sum(codes.prediction), sum(codes.reference))
    }

    private static func cells(of masks: MaskPair) -> Size3 { Size3 { masks.size[$0] - 1 } }

    private static func codes(_ masks: MaskPair, _ bit: UInt8) -> [UInt8] {
        let (height, width) = (masks.size[1], masks.size[2])
        let cells = cells(of: masks)
        let shift = bit == MaskPair.prediction ? UInt8(0) : 1
        return [UInt8](unsafeUninitializedCapacity: cells.voxels) { codes, count in
            count = cells.voxels
            masks.bytes.withUnsafeBufferPointer { mask in
                for d in 0..<cells[0] {
                    for h in 0..<cells[1] {
                        let to = (d * cells[1] + h) * cells[2]
                        // The four rows of voxels whose cells these are, in the order of the bits.
                        let first = (d * height + h) * width
                        let (second, third) = (first + width, first + height * width)
                        let fourth = third + width
                        func pair(_ at: Int) -> UInt8 { ((mask[at] >> shift & 1) << 1) | (mask[at + 1] >> shift & 1) }
                        for w in 0..<cells[2] {
                            codes[to + w] = (pair(first + w) << 6) | (pair(second + w) << 4) | (pair(third + w) << 2) | pair(fourth + w)
                        }
                    }
                }
            }
        }
    }
}
