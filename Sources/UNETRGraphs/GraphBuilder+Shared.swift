import UNETRArchives

/// Constants that several parts of a network read.
extension GraphBuilder {
    /// Whole numbers, such as places to read, in a shape; made once for each name.
    /// - Parameters:
    ///   - name: of the constant.
    ///   - shape: elements along each axis.
    ///   - values: the numbers, the last axis fastest; asked for the first time only.
    public func numbers(_ name: String, _ shape: [Int], _ values: () -> [Int]) -> Graph.Value {
        shared(name) { constant(StoredArray(values().map(Int64.init), shape: shape), key: name) }
    }

    /// Numbers of float32 in a shape; made once for each name.
    /// - Parameters:
    ///   - name: of the constant.
    ///   - shape: elements along each axis.
    ///   - values: the elements, the last axis fastest; asked for the first time only.
    public func table(_ name: String, _ shape: [Int], _ values: () throws -> [Float]) rethrows -> Graph.Value {
        try shared(name) { constant(try values(), shape, key: name) }
    }
}

/// Operations of attention that reads at computed places.
extension GraphBuilder {
    /// The smaller of two values, elementwise.
    public func minimum(_ a: Graph.Value, _ b: Graph.Value) -> Graph.Value { apply("Min", [a, b]) }
    /// The largest whole number that is not above a value, elementwise.
    public func floor(_ a: Graph.Value) -> Graph.Value { apply("Floor", [a]) }
    /// Values as int64.
    public func wholeNumbers(_ a: Graph.Value) -> Graph.Value { apply("Cast", [a], [("to", .int(7))]) }
    /// Values broadcast to a shape.
    public func expanded(_ a: Graph.Value, _ shape: [Int]) -> Graph.Value { apply("Expand", [a, integers(shape)]) }
    /// Rows of each sample's own table: [N, rows, C] by numbers [N, n, 1] → [N, n, C].
    public func rowsGathered(_ table: Graph.Value, _ numbers: Graph.Value) -> Graph.Value {
        apply("GatherND", [table, numbers], [("batch_dims", .int(1))])
    }
}
