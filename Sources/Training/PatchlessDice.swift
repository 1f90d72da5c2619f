/// Dice of whole cases, class by class, averaged over the cases in which the class occurs at all.
struct PatchlessDice {
    private var sums: [Double]
    private var counts: [Int]

    init(classes: Int) {
        sums = [Double](repeating: 0, count: classes)
        counts = [Int](repeating: 0, count: classes)
    }

    /// Takes in a case; −1 in the reference counts as background.
    mutating func add(prediction: [Int16], reference: UnsafeBufferPointer<Int16>) {
        var overlap = [Int](repeating: 0, count: sums.count)
        var size = overlap
        for (found, expected) in zip(prediction, reference) {
            size[Int(found)] += 1
            size[Int(max(0, expected))] += 1
            if found == expected { overlap[Int(found)] += 1 }
        }
        for index in sums.indices where size[index] > 0 {
            sums[index] += 2 * Double(overlap[index]) / Double(size[index])
            counts[index] += 1
        }
    }

    /// One value for each foreground class; 0 where it never occurred.
    var means: [Double] { zip(sums, counts).dropFirst().map { $1 == 0 ? 0 : $0 / Double($1) } }
}
