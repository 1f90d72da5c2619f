/// A matrix by rows, for the arithmetic of folding.
struct GraphMatrix {
    var rows, columns: Int
    var values: [Float]

    init(_ values: [Float], rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        self.values = values
    }

    var transposed: GraphMatrix {
        let turned = [Float](unsafeUninitializedCapacity: values.count) { target, initialized in
            values.withUnsafeBufferPointer { source in
                for column in 0..<columns {
                    for row in 0..<rows { target[column * rows + row] = source[row * columns + column] }
                }
            }
            initialized = values.count
        }
        return GraphMatrix(turned, rows: columns, columns: rows)
    }

    /// Row r times `factors[r]`.
    func rowsScaled(_ factors: some Collection<Float>) -> GraphMatrix {
        var scaled = self
        for (row, factor) in factors.enumerated() {
            for index in row * columns..<(row + 1) * columns { scaled.values[index] *= factor }
        }
        return scaled
    }

    /// Some of the rows.
    subscript(rows range: Range<Int>) -> GraphMatrix {
        GraphMatrix(Array(values[range.lowerBound * columns..<range.upperBound * columns]), rows: range.count, columns: columns)
    }
}
