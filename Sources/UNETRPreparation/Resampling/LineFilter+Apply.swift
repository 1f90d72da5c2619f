import UNETRSupport

extension LineFilter {
    /// Applies the matrix along the middle axis of `source` [outer, inputCount, inner]; fills `destination` [outer, outputCount, inner].
    func apply(_ source: SharedPointer<Float>, to destination: SharedPointer<Float>, outer: Int, inner: Int, threads: Int?) {
        if inner == 1 {
            let group = max(1, 16384 / max(inputCount, 1))  // lines for one thread at a time
            Parallel.forEach((outer + group - 1) / group, threads: threads) { part in
                let lines = (part * group)..<min((part + 1) * group, outer)
                for line in lines { dot(source + line * inputCount, destination + line * outputCount) }
            }
            return
        }
        // Columns are taken in chunks that stay in the cache while every output row reads its neighboring input rows.
        let width = min(inner, 1024), chunks = (inner + width - 1) / width
        Parallel.forEach(outer * chunks, threads: threads) { part in
            let block = part / chunks, column = part % chunks * width
            combine(
                source + (block * inputCount * inner + column), destination + (block * outputCount * inner + column),
                stride: inner, width: min(width, inner - column))
        }
    }

    /// One contiguous line: every output is the product of a row of the matrix with the samples it covers.
    private func dot(_ source: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>) {
        weights.withUnsafeBufferPointer { weights in
            starts.withUnsafeBufferPointer { starts in
                var output = 0
                while output < outputCount {
                    let samples = UnsafeRawPointer(source + starts[output])
                    let row = UnsafeRawPointer(weights.baseAddress! + output * taps)
                    var sums = SIMD8<Float>(repeating: 0)
                    var tap = 0
                    while tap &+ 8 <= taps {
                        sums +=
                            samples.loadUnaligned(fromByteOffset: 4 &* tap, as: SIMD8<Float>.self)
                            * row.loadUnaligned(fromByteOffset: 4 &* tap, as: SIMD8<Float>.self)
                        tap &+= 8
                    }
                    var sum = tap > 0 ? sums.sum() : 0
                    while tap < taps {
                        sum +=
                            samples.load(fromByteOffset: 4 &* tap, as: Float.self)
                            * row.load(fromByteOffset: 4 &* tap, as: Float.self)
                        tap &+= 1
                    }
                    destination[output] = sum
                    output &+= 1
                }
            }
        }
    }

    /// `width` columns side by side: every output row is a weighted sum of input rows.
    private func combine(
        _ source: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>, stride: Int, width: Int
    ) {
        for output in 0..<outputCount {
            let target = destination + output * stride
            let rows = source + starts[output] * stride
            var tap = 0
            while tap < taps {
                let weight = { (offset: Int) in tap + offset < taps ? weights[output * taps + tap + offset] : 0 }
                let w0 = weight(0), w1 = weight(1), w2 = weight(2), w3 = weight(3)
                // A row past the last tap has weight 0 and is read at the last tap's place.
                let row = { (offset: Int) in rows + min(tap + offset, taps - 1) * stride }
                let r0 = row(0), r1 = row(1), r2 = row(2), r3 = row(3)
                var column = 0
                if tap == 0 {
                    while column < width {
                        target[column] = w0 * r0[column] + w1 * r1[column] + (w2 * r2[column] + w3 * r3[column])
                        column &+= 1
                    }
                } else {
                    while column < width {
                        target[column] += w0 * r0[column] + w1 * r1[column] + (w2 * r2[column] + w3 * r3[column])
                        column &+= 1
                    }
                }
                tap += 4
            }
        }
    }
}
