import TestSupport
import Testing
import UNETRLayers
import UNETRTorch

extension ParameterStore {
    /// Gives every parameter and buffer the rule's value for its key.
    func fillByRule() throws {
        try withoutGradients {
            for entry in entries where entry.aliasOf == nil {
                try entry.tensor.copyInPlace(Tensor(ParityRule.parameter(entry.key, shape: entry.tensor.shape), shape: entry.tensor.shape))
            }
        }
    }
}

/// The rule's input of that shape, from −2 to 2, in float64.
func ruleInput(_ shape: [Int], _ dtype: DType = .float64) throws -> Tensor {
    try Tensor(ParityRule("input").values(shape.reduce(1, *), scale: 2), shape: shape).to(dtype)
}

/// Expects a result to have this shape, this sum of elements and of their squares, and these elements by flat index.
///
/// The numbers are PyTorch 2.13's in float64 for the rule's weights and input; its call stands beside each. Both sides add the same products in
/// the order that the processor's kernel takes, so 1e-11 is some thousand roundings.
func expectValues(
    _ result: Tensor, _ shape: [Int], sum: Double, squares: Double, _ probes: [Int: Double], within tolerance: Double = 1e-11,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    #expect(result.shape == shape, sourceLocation: sourceLocation)
    let values = try result.detached().array(of: Double.self)
    func close(_ found: Double, _ expected: Double, _ scale: Double, _ name: String) {
        #expect(abs(found - expected) <= tolerance * max(1, scale), "\(name): \(found), \(expected) expected", sourceLocation: sourceLocation)
    }
    close(values.reduce(0, +), sum, values.reduce(0) { $0 + abs($1) }, "sum")
    close(values.reduce(0) { $0 + $1 * $1 }, squares, squares, "sum of squares")
    for (index, expected) in probes {
        guard values.indices.contains(index) else { Issue.record("no element \(index)", sourceLocation: sourceLocation); continue }
        close(values[index], expected, abs(expected), "element \(index)")
    }
}
