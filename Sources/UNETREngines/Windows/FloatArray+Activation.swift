import CWindows
import UNETRSupport

extension FloatArray {
    /// What averaged logits [classes, n, H, W] become.
    /// - Parameter threads: threads to use; nil: all processors.
    package func activated(_ activation: Activation, threads: Int? = nil) -> FloatArray {
        guard activation != .none, shape.count == 4, !values.isEmpty else { return self }
        let (slices, height, width) = (shape[1], shape[2], shape[3]), plane = height * width
        var prediction = CWPrediction()
        prediction.activation = activation.c
        prediction.classes = Int64(shape[0])
        prediction.factor = 1
        prediction.size = (Int64(slices), Int64(height), Int64(width))
        prediction.logits_stride = (Int64(slices * plane), Int64(plane), Int64(width))
        prediction.sums_stride = prediction.logits_stride
        prediction.weights_stride = (0, 0)  // one row of ones for all
        let ones = [Float](repeating: 1, count: width), rows = slices * height
        return FloatArray(shape: shape) { result in
            result.initialize(repeating: 0)
            values.withUnsafeBufferPointer { logits in
                ones.withUnsafeBufferPointer { ones in
                    // Rows lie in places of their own.
                    nonisolated(unsafe) let (from, weights, to) = (logits.baseAddress!, ones.baseAddress!, result.baseAddress!)
                    let prediction = prediction
                    Parallel.forEach((rows + Self.rowsAtOnce - 1) / Self.rowsAtOnce, threads: threads) { part in
                        var prediction = prediction
                        let first = part * Self.rowsAtOnce
                        cw_add(&prediction, from, weights, to, Int64(first), Int64(min(first + Self.rowsAtOnce, rows)))
                    }
                }
            }
        }
    }

    private static let rowsAtOnce = 64
}
