public import UNETRSupport

/// The counting rules of fvcore's `FlopCountAnalysis` (github.com/facebookresearch/fvcore, `fvcore/nn/jit_handles.py`), which the
/// published figures of UNETR++ were made with: one for each pair of a multiplication and an addition.
///
/// - convolution: kernel volume × input channels / groups × output channels × output voxels; a transposed one: × input voxels
/// - linear layer: input elements × output features
/// - product of matrices: rows × inner size × columns, times the number of matrices
/// - normalization by statistics of the input (layer, group, instance): 5 an element with affine parameters, 4 without
/// - batch normalization in evaluation mode: 2 an element with affine parameters
/// - values read between voxels: 4 each
/// - biases, activations, soft-max, sums, products element by element, lengths: nothing
///
/// Numbers beyond `Int`, which settings that no network can have lead to, count as `Int.max`.
///
/// With these rules the reference's formulation of the network gives 47,867,428,864 multiply-adds for synapse (printed 47.87 G), and
/// 43.63, 125.61 and 73.54 G for acdc, lung and tumor. Without the normalizations it would be 47.45, 43.41, 124.98 and 72.79 G: they are
/// part of the printed figures, the two coarse outputs are not.
public enum CountingRule {
    /// Multiply-adds of a convolution.
    public static func convolution(kernel: Size3, inputs: Int, outputs: Int, outputGrid: Size3, groups: Int = 1) -> Int {
        (kernel + [inputs / groups, outputs] + outputGrid).saturatingProduct()
    }

    /// Multiply-adds of a transposed convolution.
    public static func transposedConvolution(kernel: Size3, inputs: Int, outputs: Int, inputGrid: Size3, groups: Int = 1) -> Int {
        (kernel + [inputs, outputs / groups] + inputGrid).saturatingProduct()
    }

    /// `rows` vectors of length `inputs` to length `outputs`; also the product of matrices [rows, inputs] and [inputs, outputs].
    public static func product(rows: Int, inputs: Int, outputs: Int) -> Int {
        [rows, inputs, outputs].saturatingProduct()
    }

    /// Layer, group and instance normalization.
    public static func normalization(elements: Int, affine: Bool) -> Int {
        [elements, affine ? 5 : 4].saturatingProduct()
    }

    /// Values read between voxels.
    public static func interpolation(elements: Int) -> Int { [elements, 4].saturatingProduct() }

    /// Batch normalization by running statistics, with affine parameters.
    public static func batchNormalization(elements: Int) -> Int { [elements, 2].saturatingProduct() }
}
