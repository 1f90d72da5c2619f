import UNETRSupport

extension NetworkDescription {
    /// About how much memory the training of the network takes on a CPU in float32, in bytes; at most `Int.max`.
    ///
    /// The layers' outputs for a batch, each as often as the backward pass of that architecture was measured to need it with what is in
    /// flight beside, and four values for each parameter. An upper estimate: at two sizes and two batches of every architecture
    /// it is from 1.05 to 1.5 times the peak of a process that takes training steps (Documentation/Training.md has the table, and two
    /// exceptions for a batch of one). What the validation of whole cases takes does not belong to it.
    /// - Throws: `ConfigurationError` for impossible settings.
    public func trainingBytes(batch: Int) throws -> Int {
        let complexity = try complexity()
        let values = complexity.layers.filter { $0.kind != .values }.map { $0.outputShape.saturatingProduct() }.saturatingSum()
        // Weights, gradients, momentum, and one more for averages and what is in flight.
        let fixed = Double(Self.programBytes) + 16 * Double(complexity.parameters)
        return Int(clampingRounded: fixed + 4 * architecture.trainingCopies * Double(values) * Double(batch), .up) ?? .max
    }

    /// The program with its libraries.
    private static let programBytes = 256 << 20
}
