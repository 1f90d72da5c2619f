internal import CTorch

extension Tensor {
    /// Whether operations on it are recorded for the backward pass.
    public var requiresGradient: Bool {
        var answer = false
        return ct_requires_gradient(handle, &answer) == CT_OK && answer
    }

    /// Marks the tensor as one whose gradient is wanted, and returns it.
    @discardableResult
    public func requiringGradient(_ value: Bool = true) throws -> Tensor {
        try check("requires gradient", [self], ct_set_requires_gradient(handle, value))
        return self
    }

    /// Adds the derivative of this (a scalar, unless `gradient` is given) to the gradient of every tensor it was made from.
    public func backward(_ gradient: Tensor? = nil) throws {
        try withExtendedLifetime(gradient) { try check("backward", [self], ct_backward(handle, gradient.handleOrNone)) }
    }

    /// The gradient so far, nil before the first `backward`.
    public var gradient: Tensor? {
        var out = CTTensor(pointer: nil)
        guard ct_gradient(handle, &out) == CT_OK, out.pointer != nil else { return nil }
        return Tensor(owning: out)
    }

    /// Forgets the gradient.
    public func clearGradient() throws { try check("clear gradient", [self], ct_clear_gradient(handle)) }
}

/// Runs `body` without recording what gradients need: less memory, no `backward`.
public func withoutGradients<Result>(_ body: () throws -> Result) throws -> Result {
    var previous = true
    try check("gradient recording", [], ct_set_gradient_recording(false, &previous))
    defer {
        var ignored = false
        _ = ct_set_gradient_recording(previous, &ignored)
    }
    return try body()
}

/// Runs `body` with the operations that gain from it (products, convolutions) computed in `dtype` on that kind of device.
///
/// With `nil` mixed precision is off inside, also within an outer scope.
public func withAutocast<Result>(_ dtype: DType?, on device: Device, _ body: () throws -> Result) throws -> Result {
    var wasEnabled = false
    var previous = CT_BFLOAT16
    let kind = device.c.kind
    try check("autocast", [], ct_autocast_begin(kind, dtype != nil, (dtype ?? .bfloat16).c, &wasEnabled, &previous))
    defer { _ = ct_autocast_end(kind, wasEnabled, previous) }
    return try body()
}
