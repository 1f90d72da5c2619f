import UNETRArchives

/// Operations of networks with tokens, [N, T, C].
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

    /// Entries of an axis by their numbers, in any order and as often as they are named; the numbers' axes take the axis's place.
    public func gathered(_ a: Graph.Value, _ numbers: Graph.Value, axis: Int) -> Graph.Value { apply("Gather", [a, numbers], [("axis", .int(axis))]) }
}
