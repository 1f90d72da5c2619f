import UNETRSupport

/// Reversal of a volume along an axis, in place.
enum Mirroring {
    static func flip<Value>(_ values: UnsafeMutablePointer<Value>, _ size: Size3, axis: Int) {
        let outer = (0..<axis).reduce(1) { $0 * size[$1] }
        let count = size[axis]
        let inner = ((axis + 1)..<3).reduce(1) { $0 * size[$1] }
        for block in 0..<outer {
            let base = values + block * count * inner
            for index in 0..<(count / 2) {
                let first = base + index * inner
                let second = base + (count - 1 - index) * inner
                for offset in 0..<inner {
                    let value = first[offset]
                    first[offset] = second[offset]
                    second[offset] = value
                }
            }
        }
    }
}
