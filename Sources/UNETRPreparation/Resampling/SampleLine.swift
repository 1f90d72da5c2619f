/// Where the samples that a line is resampled to lie between its own.
struct SampleLine: Sendable {
    let inputCount: Int
    let outputCount: Int

    /// How far neighboring outputs lie apart on the input, where the first samples of both lie at one place. Nil: the outer edges of the
    /// first and the last voxel stay where they are.
    let step: Double?

    /// The position of output `index` on the input, whose samples lie at 0, 1, 2, …; it may lie beyond the last.
    ///
    /// Rounded as SciPy's `zoom` rounds it, and with a step as torch's `affine_grid` and `grid_sample` do, by way of coordinates from −1 to
    /// 1: that decides ties between labels.
    func position(_ index: Int) -> Double {
        let (inputs, outputs) = (Double(inputCount), Double(outputCount))
        guard let step else { return (Double(index) + 0.5) * (inputs / outputs) - 0.5 }
        let scale = 2 / inputs * step * (outputs / 2), shift = 2 / inputs * step * ((outputs - 1) / 2) + (1 / inputs - 1)
        let grid = center(index) * (outputs - 1) / outputs
        return ((grid * scale + shift + 1) * inputs - 1) / 2
    }

    /// Output `index` between −1, the first, and 1, the last, rounded once as torch's `linspace` is on processors that multiply and add at once.
    private func center(_ index: Int) -> Double {
        guard outputCount > 1 else { return 0 }
        let spacing = 2 / Double(outputCount - 1)
        if index < outputCount / 2 { return (-1.0).addingProduct(spacing, Double(index)) }
        return 1.0.addingProduct(-spacing, Double(outputCount - 1 - index))
    }
}
