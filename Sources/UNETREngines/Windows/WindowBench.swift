public import UNETRSupport

/// Where the windows of one scan are predicted and the weighted sums of their predictions are kept: the host's memory, or a device.
///
/// Windows come in the order of their corners. The sums are those of one window's depth of slices. To be used by one thread.
public protocol WindowBench: AnyObject {
    /// Predicts the window at a corner of the padded scan with all engines in all mirrorings and adds the predictions.
    /// - Throws: `CancellationError` between two passes when the work is asked to stop.
    func predict(_ corner: Size3) throws

    /// Computes a window as it is, not mirrored, and keeps the logits for `addKept(at:)`: one whose channels have one value each, or one whose result does not matter.
    func keep(_ corner: Size3) throws

    /// Adds what was kept as the prediction of the window at a corner, for all mirrorings.
    func addKept(at corner: Size3) throws

    /// Hands out the means of the slices below `end`, which no further window touches, some at a time: [classes, n, H, W] without padding.
    func take(upTo end: Int, _ body: (FloatArray) throws -> Void) throws
}
