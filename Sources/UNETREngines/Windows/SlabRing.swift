public import UNETRPreparation
public import UNETRSupport

/// The slices of a padded scan that are at work, those of one window's depth, in a ring, so that none is moved when those before it are done.
///
/// Slice `s` lies in slot `s` modulo the depth.
public struct SlabRing: Sendable {
    /// The windows over the scan.
    public let window: SlidingWindow

    /// A ring for these windows.
    public init(_ window: SlidingWindow) { self.window = window }

    /// Slices that are kept at a time.
    public var depth: Int { window.patchSize[0] }

    /// Where neighboring slices lie in the ring, in one piece or two, each with its place in the range.
    public func runs(_ slices: Range<Int>) -> [(slots: Range<Int>, places: Range<Int>)] {
        let start = slices.lowerBound % depth
        let straight = min(slices.count, depth - start)
        let run = (start..<(start + straight), 0..<straight)
        return straight == slices.count ? [run] : [run, (0..<(slices.count - straight), straight..<slices.count)]
    }

    /// Where the slices of a window at a corner lie.
    public func runs(at corner: Size3) -> [(slots: Range<Int>, places: Range<Int>)] { runs(corner[0]..<(corner[0] + depth)) }

    /// Values that are handed out at once, if that is a slice or more: 64 MB.
    public static let valuesAtOnce = 1 << 24

    /// Hands out slices that are done, so many at once: where they lie in the ring, and which of them belong to the scan of that size and
    /// are not padding.
    public func take(_ slices: Range<Int>, size: Size3, atOnce count: Int, _ body: (Range<Int>, Range<Int>) throws -> Void) rethrows {
        var first = slices.lowerBound
        for (slots, _) in runs(slices) {
            var slot = slots.lowerBound
            while slot < slots.upperBound {
                let part = slot..<min(slot + count, slots.upperBound)
                let lower = min(max(window.paddingBefore[0] - first, 0), part.count)
                let upper = max(lower, min(window.paddingBefore[0] + size[0] - first, part.count))
                try body(part, (part.lowerBound + lower)..<(part.lowerBound + upper))
                first += part.count
                slot = part.upperBound
            }
        }
    }
}
