import UNETRSupport

/// Makes a volume smaller by taking, for each coarse voxel, the sample nearest to its center, ties upwards.
///
/// Output i reads input ⌊(i + ½) · n / m⌋: for n = 2m that is 1, 3, 5, …, not the corner 0, 2, 4, ….
struct NearestReduction {
    private let from: Size3
    private let indices: [[Int]]

    init(from: Size3, to: Size3) {
        self.from = from
        indices = (0..<3).map { axis in
            (0..<to[axis]).map { (2 * $0 + 1) * from[axis] / (2 * to[axis]) }
        }
    }

    func apply<Value>(_ source: UnsafePointer<Value>, to target: UnsafeMutablePointer<Value>) {
        var output = target
        indices[2].withUnsafeBufferPointer { columns in
            for plane in indices[0] {
                for row in indices[1] {
                    let line = source + (plane * from.height + row) * from.width
                    for column in columns {
                        output.pointee = line[column]
                        output += 1
                    }
                }
            }
        }
    }
}
