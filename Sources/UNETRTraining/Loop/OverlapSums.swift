import UNETRTorch

/// Overlap and size of each structure besides background, summed over many patches or cases, for their Dice.
struct OverlapSums {
    private(set) var overlap: [Double]
    private(set) var size: [Double]

    init(structures: Int) {
        overlap = [Double](repeating: 0, count: structures)
        size = overlap
    }

    /// Takes in patches: indicators [N, structures, D, H, W] of what was decided and what is right.
    mutating func add(_ decided: Tensor, _ right: Tensor) throws {
        let common: [Float] = try (decided * right).sum([0, 2, 3, 4]).array()
        let both: [Float] = try (decided + right).sum([0, 2, 3, 4]).array()
        for index in overlap.indices {
            overlap[index] += Double(common[index])
            size[index] += Double(both[index])
        }
    }

    /// 2 · overlap / size over everything taken in by all processes; nil where a structure neither occurs nor was found.
    func dice(_ processes: any ProcessGroup) throws -> [Double?] {
        let sums = try processes.sum(overlap + size)
        return overlap.indices.map { index in
            let size = sums[overlap.count + index]
            return size == 0 ? nil : 2 * sums[index] / size
        }
    }
}

/// Dice of whole cases, structure by structure, averaged over the cases in which the structure occurs or was found.
struct WholeCaseDice {
    /// The structures that each number of a sample belongs to.
    private let structures: [[Int]]
    private let count: Int
    /// Case by case: overlap of each structure, then size of each. They are added up in the order of the cases, whichever process had them.
    private var table: [Double]

    init(_ targets: TrainingTargets, cases: Int) {
        let members = targets.members
        let largest = Int(members.joined().max() ?? 0)
        structures = (0...largest).map { number in members.indices.filter { members[$0].contains(Int16(number)) } }
        count = members.count
        table = [Double](repeating: 0, count: 2 * members.count * cases)
    }

    /// Takes in case `number`; −1 in the reference counts as background.
    mutating func add(_ number: Int, prediction: [Int16], reference: UnsafeBufferPointer<Int16>) {
        var overlap = [Int](repeating: 0, count: count)
        var size = overlap
        for (found, expected) in zip(prediction, reference) where found > 0 || expected > 0 {
            let (found, expected) = (structures[Int(found)], structures[Int(max(0, expected))])
            for structure in found {
                size[structure] += 1
                if expected.contains(structure) { overlap[structure] += 1 }
            }
            for structure in expected { size[structure] += 1 }
        }
        for index in 0..<count {
            table[2 * count * number + index] = Double(overlap[index])
            table[2 * count * number + count + index] = Double(size[index])
        }
    }

    /// One value for each structure over the cases of all processes; 0 where it never occurred.
    func means(_ processes: any ProcessGroup) throws -> [Double] {
        let table = try processes.sum(table)
        return (0..<count).map { index in
            var sum = 0.0, found = 0.0
            for start in stride(from: 0, to: table.count, by: 2 * count) where table[start + count + index] > 0 {
                sum += 2 * table[start + index] / table[start + count + index]
                found += 1
            }
            return found == 0 ? 0 : sum / found
        }
    }
}
