/// Memory that one thread reuses from sample to sample, so that no sample allocates.
final class Scratch {
    private var floats: [UnsafeMutableBufferPointer<Float>] = []
    private var labels = UnsafeMutableBufferPointer<Int16>(start: nil, count: 0)

    /// Values readable behind the end of what was asked for: vector loads may run past it. They are always finite.
    private static let slack = 32

    deinit {
        for buffer in floats { buffer.deallocate() }
        labels.deallocate()
    }

    /// Buffer number `slot` with room for `count` numbers of undefined but finite value.
    func floats(_ slot: Int, _ count: Int) -> UnsafeMutablePointer<Float> {
        while floats.count <= slot { floats.append(.init(start: nil, count: 0)) }
        if floats[slot].count < count + Self.slack {
            floats[slot].deallocate()
            floats[slot] = .allocate(capacity: count + count / 4 + Self.slack)
            floats[slot].initialize(repeating: 0)
        }
        return floats[slot].baseAddress!
    }

    /// Room for `count` labels of undefined value.
    func labels(_ count: Int) -> UnsafeMutablePointer<Int16> {
        if labels.count < count + Self.slack {
            labels.deallocate()
            labels = .allocate(capacity: count + count / 4 + Self.slack)
            labels.initialize(repeating: 0)
        }
        return labels.baseAddress!
    }
}

/// Which scratch buffer serves whom. A user of a slot is done with it before the next one starts, except as named here.
enum Slot {
    static let coefficients = 0
    static let first = 1
    static let second = 2
}
