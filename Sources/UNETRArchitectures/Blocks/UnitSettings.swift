package import UNETRSupport

/// The function at the end of a unit.
package enum ActivationKind: Sendable, Equatable {
    case relu
    case leakyReLU(slope: Double)
    /// Parametric ReLU with one learned slope for all channels.
    case parametricReLU
}

/// A convolution with what MONAI lets follow it: a normalization, dropout and an activation, each of which may be missing.
package struct UnitSettings: Sendable, Equatable {
    /// [d, h, w], odd sizes.
    package var kernel: Size3 = [3, 3, 3]
    package var stride: Size3 = [1, 1, 1]
    /// True for a convolution that makes the volume larger by the stride.
    package var isTransposed = false
    package var norm: NormKind?
    package var activation: ActivationKind?
    package var dropout = 0.0

    /// The same convolution with nothing behind it.
    package var bare: Self {
        var settings = self
        (settings.norm, settings.activation, settings.dropout) = (nil, nil, 0)
        return settings
    }

    /// How much is added at both ends, which keeps the size at stride 1.
    package var padding: Size3 { Size3 { kernel[$0] / 2 } }
}
