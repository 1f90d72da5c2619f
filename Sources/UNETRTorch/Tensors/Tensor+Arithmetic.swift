internal import CTorch

extension Tensor {
    /// eˣ, elementwise.
    public func exp() throws -> Tensor { try yields("exp", [self]) { ct_exp(handle, $0) } }
    /// Natural logarithm, elementwise.
    public func log() throws -> Tensor { try yields("log", [self]) { ct_log(handle, $0) } }
    /// Square root, elementwise.
    public func sqrt() throws -> Tensor { try yields("sqrt", [self]) { ct_sqrt(handle, $0) } }
    /// 1 / √x, elementwise.
    public func rsqrt() throws -> Tensor { try yields("rsqrt", [self]) { ct_rsqrt(handle, $0) } }
    /// 1 / x, elementwise.
    public func reciprocal() throws -> Tensor { try yields("reciprocal", [self]) { ct_reciprocal(handle, $0) } }
    /// Absolute value, elementwise.
    public func abs() throws -> Tensor { try yields("abs", [self]) { ct_abs(handle, $0) } }
    /// x², elementwise.
    public func square() throws -> Tensor { try yields("square", [self]) { ct_square(handle, $0) } }
    /// 1 / (1 + e⁻ˣ), elementwise.
    public func sigmoid() throws -> Tensor { try yields("sigmoid", [self]) { ct_sigmoid(handle, $0) } }
    /// max(x, 0), elementwise.
    public func relu() throws -> Tensor { try yields("relu", [self]) { ct_relu(handle, $0) } }
    /// Gaussian error linear unit, in its exact form.
    public func gelu() throws -> Tensor { try yields("gelu", [self]) { ct_gelu(handle, $0) } }
    /// Hyperbolic tangent, elementwise.
    public func tanh() throws -> Tensor { try yields("tanh", [self]) { ct_tanh(handle, $0) } }
    /// Inverse error function, elementwise.
    public func erfinv() throws -> Tensor { try yields("erfinv", [self]) { ct_erfinv(handle, $0) } }

    /// True where the element is neither infinite nor NaN.
    public func isFinite() throws -> Tensor { try yields("isfinite", [self]) { ct_isfinite(handle, $0) } }

    /// The negative.
    public static prefix func - (a: Tensor) throws -> Tensor { try yields("negate", [a]) { ct_negative(a.handle, $0) } }

    // The operators broadcast as libtorch does.

    /// Elementwise sum, with broadcasting.
    public static func + (a: Tensor, b: Tensor) throws -> Tensor { try yields("+", [a, b]) { ct_add(a.handle, b.handle, $0) } }
    /// Elementwise difference, with broadcasting.
    public static func - (a: Tensor, b: Tensor) throws -> Tensor { try yields("-", [a, b]) { ct_subtract(a.handle, b.handle, $0) } }
    /// Elementwise product, with broadcasting.
    public static func * (a: Tensor, b: Tensor) throws -> Tensor { try yields("*", [a, b]) { ct_multiply(a.handle, b.handle, $0) } }
    /// Elementwise quotient, with broadcasting.
    public static func / (a: Tensor, b: Tensor) throws -> Tensor { try yields("/", [a, b]) { ct_divide(a.handle, b.handle, $0) } }
    /// Elementwise sum, with broadcasting.
    public static func + (a: Tensor, b: Double) throws -> Tensor { try yields("+", [a]) { ct_add_scalar(a.handle, b, $0) } }
    /// Elementwise difference, with broadcasting.
    public static func - (a: Tensor, b: Double) throws -> Tensor { try yields("-", [a]) { ct_add_scalar(a.handle, -b, $0) } }
    /// Elementwise product, with broadcasting.
    public static func * (a: Tensor, b: Double) throws -> Tensor { try yields("*", [a]) { ct_multiply_scalar(a.handle, b, $0) } }
    /// Elementwise quotient, with broadcasting.
    public static func / (a: Tensor, b: Double) throws -> Tensor { try yields("/", [a]) { ct_multiply_scalar(a.handle, 1 / b, $0) } }

    /// The larger of two values, elementwise.
    public func maximum(_ other: Tensor) throws -> Tensor {
        try yields("maximum", [self, other]) { ct_maximum(handle, other.handle, $0) }
    }

    /// The smaller of two values, elementwise.
    public func minimum(_ other: Tensor) throws -> Tensor {
        try yields("minimum", [self, other]) { ct_minimum(handle, other.handle, $0) }
    }

    /// The matrix product over the last two axes, the others broadcast.
    public func matmul(_ other: Tensor) throws -> Tensor {
        try yields("matmul", [self, other]) { ct_matmul(handle, other.handle, $0) }
    }

    /// Elementwise power.
    public func power(_ exponent: Double) throws -> Tensor { try yields("power", [self]) { ct_power_scalar(handle, exponent, $0) } }

    /// Values limited to a range.
    public func clamped(_ low: Double, _ high: Double) throws -> Tensor {
        try yields("clamp", [self]) { ct_clamp(handle, low, high, $0) }
    }

    // MARK: Comparisons, giving tensors of bool

    /// Where both are equal, as a `bool` tensor.
    public func equals(_ other: Tensor) throws -> Tensor { try yields("equal", [self, other]) { ct_equal(handle, other.handle, $0) } }
    /// Where both are equal, as a `bool` tensor.
    public func equals(_ value: Double) throws -> Tensor { try yields("equal", [self]) { ct_equal_scalar(handle, value, $0) } }
    /// Where it is less, as a `bool` tensor.
    public func less(than other: Tensor) throws -> Tensor { try yields("less", [self, other]) { ct_less(handle, other.handle, $0) } }
    /// Where it is less, as a `bool` tensor.
    public func less(than value: Double) throws -> Tensor { try yields("less", [self]) { ct_less_scalar(handle, value, $0) } }
    /// Where it is greater, as a `bool` tensor.
    public func greater(than other: Tensor) throws -> Tensor { try yields("greater", [self, other]) { ct_greater(handle, other.handle, $0) } }
    /// Where it is greater, as a `bool` tensor.
    public func greater(than value: Double) throws -> Tensor { try yields("greater", [self]) { ct_greater_scalar(handle, value, $0) } }

    /// `a` where the condition holds, `b` elsewhere.
    public static func choose(_ condition: Tensor, _ a: Tensor, _ b: Tensor) throws -> Tensor {
        try yields("where", [condition, a, b]) { ct_where(condition.handle, a.handle, b.handle, $0) }
    }

    /// A copy with `value` where `mask` is true.
    public func filled(where mask: Tensor, with value: Double) throws -> Tensor {
        try yields("masked fill", [self, mask]) { ct_masked_fill(handle, mask.handle, value, $0) }
    }

    // MARK: In place

    /// Overwrites the elements with those of `source`, converted and broadcast.
    public func copyInPlace(_ source: Tensor) throws { try check("copy", [self, source], ct_copy_in_place(handle, source.handle)) }
    /// Sets every element.
    public func fillInPlace(_ value: Double) throws { try check("fill", [self], ct_fill_in_place(handle, value)) }

    /// Adds `factor · other`.
    public func addInPlace(_ other: Tensor, factor: Double = 1) throws {
        try check("add in place", [self, other], ct_add_in_place(handle, other.handle, factor))
    }

    /// Multiplies the elements in place.
    public func multiplyInPlace(_ other: Tensor) throws {
        try check("multiply in place", [self, other], ct_multiply_in_place(handle, other.handle))
    }

    /// Multiplies the elements in place.
    public func multiplyInPlace(_ factor: Double) throws {
        try check("multiply in place", [self], ct_multiply_scalar_in_place(handle, factor))
    }

    /// Numbers drawn evenly from [low, high), by libtorch's own generator when none is given.
    public func fillUniformInPlace(_ low: Double, _ high: Double, using generator: Generator? = nil) throws {
        try withExtendedLifetime(generator) {
            try check("uniform", [self], ct_uniform_in_place(handle, low, high, generator.handleOrNone))
        }
    }

    /// Draws every element from a normal distribution.
    public func fillNormalInPlace(mean: Double = 0, deviation: Double, using generator: Generator? = nil) throws {
        try withExtendedLifetime(generator) {
            try check("normal", [self], ct_normal_in_place(handle, mean, deviation, generator.handleOrNone))
        }
    }
}
