extension JSONValue {
    /// A list of whole numbers.
    public init(_ numbers: some Sequence<Int>) { self = .array(numbers.map { .integer($0) }) }

    /// A list of numbers.
    public init(_ numbers: some Sequence<Double>) { self = .array(numbers.map { .number($0) }) }
}
