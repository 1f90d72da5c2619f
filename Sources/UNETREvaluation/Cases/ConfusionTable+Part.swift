import UNETRSupport

extension ConfusionTable {
    /// The table of some slices. Runs of equal pairs are counted at once: label maps are mostly long runs.
    struct Part: Sendable {
        private(set) var pairs: [Int]
        private(set) var boxes: [Box?]

        init(
            rows slices: Range<Int>, size: Size3, count: Int, indices: [Int32],
            _ prediction: [Int16], _ reference: [Int16], _ ignored: Int16?
        ) {
            var pairs = [Int](repeating: 0, count: count * count)
            var bounds = Bounds(count: count)
            let (height, width) = (size[1], size[2])
            prediction.withUnsafeBufferPointer { prediction in
                reference.withUnsafeBufferPointer { reference in
                    for row in slices.lowerBound * height..<slices.upperBound * height {
                        let last = (row + 1) * width
                        var begin = row * width
                        while begin < last {
                            let (p, r) = (prediction[begin], reference[begin])
                            var end = begin + 1
                            while end < last, prediction[end] == p, reference[end] == r { end += 1 }
                            if r != ignored {
                                let pi = Int(indices[Int(UInt16(bitPattern: p))])
                                let ri = Int(indices[Int(UInt16(bitPattern: r))])
                                pairs[pi * count + ri] += end - begin
                                let run = begin - row * width..<end - row * width
                                bounds.extend(pi, row / height, row % height, run)
                                if ri != pi { bounds.extend(ri, row / height, row % height, run) }
                            }
                            begin = end
                        }
                    }
                }
            }
            self.pairs = pairs
            boxes = (0..<count).map(bounds.box)
        }

        mutating func merge(_ other: Part) {
            for index in pairs.indices { pairs[index] += other.pairs[index] }
            for (index, box) in other.boxes.enumerated() {
                guard let box else { continue }
                boxes[index] = boxes[index]?.union(box) ?? box
            }
        }
    }

    /// The growing boxes of all labels, six numbers each (lower and upper of D, H, W) in one array.
    private struct Bounds {
        private var numbers: [Int]

        init(count: Int) {
            numbers = (0..<count).flatMap { _ in [Int.max, 0, Int.max, 0, Int.max, 0] }
        }

        mutating func extend(_ label: Int, _ d: Int, _ h: Int, _ run: Range<Int>) {
            let at = label * 6
            numbers[at] = min(numbers[at], d)
            numbers[at + 1] = max(numbers[at + 1], d + 1)
            numbers[at + 2] = min(numbers[at + 2], h)
            numbers[at + 3] = max(numbers[at + 3], h + 1)
            numbers[at + 4] = min(numbers[at + 4], run.lowerBound)
            numbers[at + 5] = max(numbers[at + 5], run.upperBound)
        }

        /// The box of a label, nil if it never occurred.
        func box(_ label: Int) -> Box? {
            let b = Array(numbers[label * 6..<label * 6 + 6])
            return b[1] == 0 ? nil : Box(lower: Size3(b[0], b[2], b[4]), upper: Size3(b[1], b[3], b[5]))
        }
    }
}
