public import Testing

/// ‖a − b‖ / ‖b‖, the measure of the reference's manifests.
public func relativeError(_ found: [Double], _ expected: [Double]) -> Double {
    var difference = 0.0, size = 0.0
    for (a, b) in zip(found, expected) {
        difference += (a - b) * (a - b)
        size += b * b
    }
    return size == 0 ? difference.squareRoot() : (difference / size).squareRoot()
}

/// Expects `found` to equal `expected` within a relative error of `tolerance`, as vectors.
public func expectClose(
    _ found: [Double], _ expected: [Double], within tolerance: Double, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(found.count == expected.count, "\(name): \(found.count) values, \(expected.count) expected", sourceLocation: sourceLocation)
    let error = relativeError(found, expected)
    #expect(error <= tolerance, "\(name): relative error \(error), at most \(tolerance) expected", sourceLocation: sourceLocation)
}
