public import UNETRPlanning
import UNETRSupport

/// Resampling of label maps: every label's indicator is interpolated linearly and a vote decides.
public enum LabelResampling {
    /// Resamples `labels` [D, H, W] to `grid.outputSize`.
    ///
    /// The value −1 ("outside the scanned region") is a label like the others. Rather than resampling one volume a label, the eight
    /// voxels around each position are looked at together: where they agree, which is nearly everywhere, nothing is computed.
    public static func resample(
        _ labels: [Int16], grid: ResamplingGrid, compatibility: Compatibility, threads: Int? = nil
    ) -> [Int16] {
        resample(labels, grid: grid, vote: compatibility.labelVote, threads: threads)
    }

    static func resample(_ labels: [Int16], grid: ResamplingGrid, vote: LabelVote, threads: Int? = nil) -> [Int16] {
        precondition(labels.count == grid.inputCount, "\(labels.count) labels for \(grid.inputSize)")
        if grid.isIdentity { return labels }
        let axes = (0..<3).map { CellLine(grid, axis: $0, nearest: $0 == grid.coarseAxis) }
        let (height, width) = (grid.outputSize[1], grid.outputSize[2])
        return [Int16](unsafeUninitializedCapacity: grid.outputCount) { output, initialized in
            labels.withUnsafeBufferPointer { input in
                let input = SharedPointer(input), target = SharedPointer(output)
                Parallel.forEach(grid.outputSize[0], threads: threads) { z in
                    for y in 0..<height {
                        row(input, size: grid.inputSize, axes, z, y, vote, target + (z * height + y) * width)
                    }
                }
            }
            initialized = grid.outputCount
        }
    }

    /// One output row, from the four input rows around it.
    private static func row(
        _ input: SharedPointer<Int16>, size: Size3, _ axes: [CellLine], _ z: Int, _ y: Int, _ vote: LabelVote,
        _ target: UnsafeMutablePointer<Int16>
    ) {
        let (z0, z1, wz) = axes[0].cell(z), (y0, y1, wy) = axes[1].cell(y)
        let rows = [(z0, y0), (z0, y1), (z1, y0), (z1, y1)].map { input + ($0.0 * size[1] + $0.1) * size[2] }
        let (a, b, c, d) = (rows[0], rows[1], rows[2], rows[3])
        let outer = [(1 - wz) * (1 - wy), (1 - wz) * wy, wz * (1 - wy), wz * wy]
        let line = axes[2]
        line.low.withUnsafeBufferPointer { low in
            line.high.withUnsafeBufferPointer { high in
                var x = 0
                while x < line.count {
                    let x0 = low[x], x1 = high[x], first = a[x0]
                    if first == a[x1], first == b[x0], first == b[x1], first == c[x0], first == c[x1], first == d[x0], first == d[x1] {
                        target[x] = first
                    } else {
                        let right = line.weight[x], left = 1 - right
                        var ballot = Ballot()
                        for (row, weight) in zip(rows, outer) {
                            ballot.add(row[x0], weight * left)
                            ballot.add(row[x1], weight * right)
                        }
                        target[x] = ballot.winner(vote)
                    }
                    x &+= 1
                }
            }
        }
    }
}

/// The weights of up to eight labels around a position.
private struct Ballot {
    private var labels = SIMD8<Int16>()
    private var sums = SIMD8<Double>()
    private var count = 0

    mutating func add(_ label: Int16, _ weight: Double) {
        for index in 0..<count where labels[index] == label {
            sums[index] += weight
            return
        }
        labels[count] = label
        sums[count] = weight
        count += 1
    }

    func winner(_ rule: LabelVote) -> Int16 {
        var winner: Int16?
        switch rule {
        case .half:
            for index in 0..<count where sums[index] >= 0.5 { winner = max(winner ?? labels[index], labels[index]) }
        case .most:
            var best = -1.0
            for index in 0..<count {
                let isBetter = sums[index] > best || (sums[index] == best && labels[index] < winner!)
                if isBetter { (best, winner) = (sums[index], labels[index]) }
            }
        }
        return winner ?? 0
    }
}
