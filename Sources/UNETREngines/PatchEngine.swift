/// What turns patches into logits for one network with its weights.
///
/// An engine may be called from several threads; it computes for one at a time where it must.
public protocol PatchEngine: AnyObject, Sendable {
    /// What it is, for people: "libtorch, bfloat16".
    var summary: String { get }

    /// How many numbers it has learned: what it holds in memory at least.
    var parameterCount: Int { get }

    /// How many patches it likes to get at a time: 1 where more at a time are not faster.
    var preferredBatch: Int { get }

    /// Computes patches [N, channels, D, H, W].
    ///
    /// - Parameter body: gets logits [N, classes, D, H, W], in memory that may be used again as soon as it returns.
    /// - Parameter patches: the patches, [N, C, D, H, W].
    func withLogits(of patches: FloatView, _ body: (FloatView) throws -> Void) throws

    /// Where to predict the windows of a scan and keep their sums, for engines that compute on a device with memory of its own; nil: in
    /// the host's memory.
    /// - Parameter engines: those whose predictions are averaged, this one among them.
    /// - Parameter task: what is computed.
    func makeBench(for task: WindowTask, engines: [any PatchEngine]) throws -> (any WindowBench)?
}

extension PatchEngine {
    /// One patch at a time, unless an engine says otherwise.
    public var preferredBatch: Int { 1 }

    /// Nil, unless an engine keeps sums on its device.
    public func makeBench(for task: WindowTask, engines: [any PatchEngine]) throws -> (any WindowBench)? { nil }

    /// Patches [N, channels, D, H, W] → logits [N, classes, D, H, W].
    public func logits(of patches: FloatArray) throws -> FloatArray {
        var logits: FloatArray?
        try patches.withView { try withLogits(of: $0) { logits = $0.copied() } }
        return logits!
    }
}
