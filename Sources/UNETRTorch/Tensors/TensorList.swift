internal import CTorch

/// Operations on many tensors with one call, as optimizers need them.
public enum TensorList {
    /// The Euclidean norm of each tensor, as one vector.
    public static func norms(_ tensors: [Tensor]) throws -> Tensor {
        try yields("norms", []) { out in tensors.withHandles { ct_list_norms($0, out) } }
    }

    /// Multiplies all tensors in place.
    public static func multiplyInPlace(_ tensors: [Tensor], by factor: Double) throws {
        try check("multiply list", [], tensors.withHandles { ct_list_multiply_scalar($0, factor) })
    }

    /// Moves each target towards its end by `weight` of the way.
    public static func moveInPlace(_ targets: [Tensor], towards ends: [Tensor], by weight: Double) throws {
        try check("lerp list", [], targets.withHandles { t in ends.withHandles { ct_list_lerp(t, $0, weight) } })
    }

    /// One fused step of stochastic gradient descent with momentum. On the `first` the momenta are set, not read.
    public static func stepSGD(
        _ parameters: [Tensor], gradients: [Tensor], momenta: [Tensor], rate: Double, momentum: Double, weightDecay: Double,
        nesterov: Bool, first: Bool
    ) throws {
        let status = parameters.withHandles { p in
            gradients.withHandles { g in
                momenta.withHandles { ct_sgd_step(p, g, $0, rate, momentum, weightDecay, nesterov, first) }
            }
        }
        try check("SGD step", [], status)
    }

    /// One fused step of AdamW. `steps` are one-element float32 tensors, counted up here.
    public static func stepAdamW(
        _ parameters: [Tensor], gradients: [Tensor], firstMoments: [Tensor], secondMoments: [Tensor], steps: [Tensor], rate: Double,
        beta1: Double, beta2: Double, weightDecay: Double, epsilon: Double
    ) throws {
        for step in steps { try step.addInPlace(Tensor(1)) }  // the fused operation reads the count of this step
        let status = parameters.withHandles { p in
            gradients.withHandles { g in
                firstMoments.withHandles { m in
                    secondMoments.withHandles { v in
                        steps.withHandles { ct_adamw_step(p, g, m, v, $0, rate, beta1, beta2, weightDecay, epsilon) }
                    }
                }
            }
        }
        try check("AdamW step", [], status)
    }
}
