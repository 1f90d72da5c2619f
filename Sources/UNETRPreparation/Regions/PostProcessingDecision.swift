public import UNETRPlanning
public import UNETRSupport

/// Decides on cross-validation results which structures gain from keeping only their largest part (nnU-Net's rule).
///
/// First all structures as one: adopted if the mean Dice of at least one rises and of none falls. Then, on what that left, each
/// structure by itself: adopted if its mean Dice rises.
public struct PostProcessingDecision: Equatable, Sendable {
    /// What was decided.
    public let postProcessing: PostProcessing

    /// Mean Dice of each label value before any removal, after the joint removal, and after its own removal on the adopted state.
    public let rawDice: [Int: Double]
    /// Mean Dice of each label if all foreground is cleaned as one.
    public let jointDice: [Int: Double]
    /// Mean Dice of each label if it is cleaned by itself.
    public let singleDice: [Int: Double]

    /// A predicted and a reference label map of one case, C-order [D, H, W].
    public struct Pair: Sendable {
        /// Voxels along each axis.
        public var size: Size3
        /// The predicted labels.
        public var prediction: [Int16]
        /// The expert's labels.
        public var reference: [Int16]

        /// A case of the cross-validation.
        public init(size: Size3, prediction: [Int16], reference: [Int16]) {
            self.size = size
            self.prediction = prediction
            self.reference = reference
        }
    }

    /// - Parameters:
    ///   - values: the label values that count, ascending.
    ///   - count: how many cases there are.
    ///   - pair: gives a case; called once for each, so that memory is bounded by one case.
    public init(values: [Int], cases count: Int, _ pair: (Int) throws -> Pair) rethrows {
        var tally = PostProcessingTally(values: values)
        for index in 0..<count { tally.add(try pair(index)) }
        self = tally.decision
    }

    fileprivate init(_ postProcessing: PostProcessing, raw: [Int: Double], joint: [Int: Double], single: [Int: Double]) {
        (self.postProcessing, rawDice, jointDice, singleDice) = (postProcessing, raw, joint, single)
    }
}

/// What a `PostProcessingDecision` is made on, case by case.
public struct PostProcessingTally: Sendable {
    private let values: [Int]
    private var raw: DiceMean
    private var joint: DiceMean
    /// Each structure by itself, on masks as they were and on those that were cleaned as one: which of the two counts is known in the end.
    private var single: DiceMean
    private var singleOnJoint: DiceMean

    /// A tally without cases.
    /// - Parameter values: the label values that count, ascending.
    public init(values: [Int]) {
        self.values = values
        (raw, joint, single, singleOnJoint) = (DiceMean(values), DiceMean(values), DiceMean(values), DiceMean(values))
    }

    /// Adds a case.
    public mutating func add(_ pair: PostProcessingDecision.Pair) {
        func cleaned(_ pair: PostProcessingDecision.Pair, _ sets: [[Int]]) -> PostProcessingDecision.Pair {
            var pair = pair
            for set in sets { ConnectedComponents.keepLargest(of: set, in: &pair.prediction, size: pair.size) }
            return pair
        }
        raw.add(pair)
        // One structure's removal does not touch another's voxels: one pass tries them all.
        single.add(cleaned(pair, values.map { [$0] }))
        let whole = cleaned(pair, [values])
        joint.add(whole)
        if values.count > 1 { singleOnJoint.add(cleaned(whole, values.map { [$0] })) }
    }

    /// What the cases so far say.
    public var decision: PostProcessingDecision {
        func isHigher(_ one: Double?, than other: Double?) -> Bool {
            guard let one, let other else { return false }
            return one > other
        }
        let (rawDice, jointDice) = (raw.means, joint.means)
        let rises = values.contains { isHigher(jointDice[$0], than: rawDice[$0]) }
        let falls = values.contains { isHigher(rawDice[$0], than: jointDice[$0]) }
        let adoptsJoint = values.count > 1 && rises && !falls
        let singleDice = (adoptsJoint ? singleOnJoint : single).means, before = adoptsJoint ? jointDice : rawDice
        let processing = PostProcessing(
            keepLargest: (adoptsJoint ? [values] : []) + values.filter { isHigher(singleDice[$0], than: before[$0]) }.map { [$0] })
        return PostProcessingDecision(processing, raw: rawDice, joint: jointDice, single: singleDice)
    }
}

/// The mean Dice of each label value over cases; cases where it is undefined do not count.
private struct DiceMean: Sendable {
    private let values: [Int]
    private var sums: [Int: Double] = [:]
    private var counts: [Int: Int] = [:]

    init(_ values: [Int]) { self.values = values }

    var means: [Int: Double] {
        var means: [Int: Double] = [:]
        for (value, count) in counts { means[value] = sums[value]! / Double(count) }
        return means
    }

    mutating func add(_ pair: PostProcessingDecision.Pair) {
        for value in values {
            let wanted = Int16(truncatingIfNeeded: value)
            var predicted = 0, expected = 0, both = 0
            pair.prediction.withUnsafeBufferPointer { prediction in
                pair.reference.withUnsafeBufferPointer { reference in
                    var index = 0
                    while index < prediction.count {
                        let (isPredicted, isExpected) = (prediction[index] == wanted, reference[index] == wanted)
                        if isPredicted { predicted &+= 1 }
                        if isExpected { expected &+= 1; if isPredicted { both &+= 1 } }
                        index &+= 1
                    }
                }
            }
            guard predicted + expected > 0 else { continue }
            sums[value, default: 0] += 2 * Double(both) / Double(predicted + expected)
            counts[value, default: 0] += 1
        }
    }
}
