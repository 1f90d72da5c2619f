/// The lower envelope of parabolas f + (a (x − q))², one for each place q along a line of voxels with distance a.
///
/// Places are added in ascending order, and then values asked in ascending order. It owns its memory, allocated once for many lines.
final class LowerEnvelope {
    private let spacing: Double
    /// 1 / (2 a k) for k places between two parabolas.
    private let inverse: UnsafeMutablePointer<Double>
    private let places: UnsafeMutablePointer<Int>
    private let heights: UnsafeMutablePointer<Double>
    /// From which x, in units of length, each parabola is the lowest.
    private let starts: UnsafeMutablePointer<Double>
    private var count = 0
    private var cursor = 0

    /// - Parameter length: the number of places of a line.
    init(length: Int, spacing: Double) {
        self.spacing = spacing
        inverse = .allocate(capacity: length + 1)
        places = .allocate(capacity: length)
        heights = .allocate(capacity: length)
        starts = .allocate(capacity: length)
        for k in 0...length { (inverse + k).initialize(to: 1 / (2 * spacing * Double(max(k, 1)))) }
        places.initialize(repeating: 0, count: length)
        heights.initialize(repeating: 0, count: length)
        starts.initialize(repeating: 0, count: length)
    }

    // Numbers need no deinitialization.
    deinit {
        inverse.deallocate()
        places.deallocate()
        heights.deallocate()
        starts.deallocate()
    }

    var isEmpty: Bool { count == 0 }

    func clear() { (count, cursor) = (0, 0) }

    func add(_ place: Int, _ height: Double) {
        let x = Double(place) * spacing
        var (top, start) = (count, -Double.infinity)
        while top > 0 {
            let last = places[top - 1]
            let y = Double(last) * spacing
            // Where this parabola goes below the last one.
            start = (height - heights[top - 1] + (x - y) * (x + y)) * inverse[place - last]
            if start > starts[top - 1] { break }
            top -= 1
            start = -.infinity
        }
        places[top] = place
        heights[top] = height
        starts[top] = start
        count = top + 1
    }

    /// The envelope at a place; there must be a parabola.
    func value(at place: Int) -> Double {
        let x = Double(place) * spacing
        while cursor + 1 < count, starts[cursor + 1] < x { cursor += 1 }
        let distance = Double(place - places[cursor]) * spacing
        return heights[cursor] + distance * distance
    }
}
