/// One step from a channel's intensities to network input.
///
/// As JSON: `{"step": "range", "from": [-57, 164], "to": [0, 1], "clips": true}`, `{"step": "extremes", "to": [0, 1]}`,
/// `{"step": "standardize", "onlyNonZero": true}`.
public enum IntensityStep: Equatable, Sendable {
    /// Two values that others are mapped between; the first may be the larger.
    public struct Ends: Equatable, Sendable {
        /// What the first becomes, or is.
        public var lower: Double
        /// What the second becomes, or is.
        public var upper: Double

        /// Two values.
        public init(_ lower: Double, _ upper: Double) {
            self.lower = lower
            self.upper = upper
        }
    }

    /// Linear, so that the ends of `from` become those of `to`; what lies beyond is clipped if asked. MONAI's `ScaleIntensityRange`.
    case range(from: Ends, to: Ends, clips: Bool)

    /// Linear, so that the scan's smallest and largest value become the ends of `to`; a scan of one value is multiplied by the first. MONAI's
    /// `ScaleIntensity`.
    case extremes(to: Ends)

    /// Subtract the mean, divide by the standard deviation, or by 1 if that is 0; of the voxels that are not 0 where only they count, and
    /// then the others stay 0. MONAI's `NormalizeIntensity`.
    case standardize(onlyNonZero: Bool)

    /// All numbers in it.
    var numbers: [Double] {
        switch self {
        case .range(let from, let to, _): [from.lower, from.upper, to.lower, to.upper]
        case .extremes(let to): [to.lower, to.upper]
        case .standardize: []
        }
    }
}

extension IntensityStep: Codable {
    private enum CodingKeys: String, CodingKey { case step, from, to, clips, onlyNonZero }
    private enum Kind: String, Codable, CaseIterable { case range, extremes, standardize }

    /// Decodes what `encode(to:)` writes.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func ends(_ key: CodingKeys) throws -> Ends {
            let numbers = try values.decode([Double].self, forKey: key)
            guard numbers.count == 2 else {
                throw PlanError.invalid(field: "normalization.steps.\(key.rawValue)", value: "\(numbers)", rule: "must hold two numbers")
            }
            return Ends(numbers[0], numbers[1])
        }
        let name = try values.decode(String.self, forKey: .step)
        switch Kind(rawValue: name) {
        case .range: self = .range(from: try ends(.from), to: try ends(.to), clips: try values.decodeIfPresent(Bool.self, forKey: .clips) ?? false)
        case .extremes: self = .extremes(to: try ends(.to))
        case .standardize: self = .standardize(onlyNonZero: try values.decodeIfPresent(Bool.self, forKey: .onlyNonZero) ?? false)
        case nil:
            throw PlanError.invalid(
                field: "normalization.steps.step", value: name, rule: "known are \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
    }

    /// Encodes the kind and what it needs.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .range(let from, let to, let clips):
            try values.encode(Kind.range, forKey: .step)
            try values.encode([from.lower, from.upper], forKey: .from)
            try values.encode([to.lower, to.upper], forKey: .to)
            try values.encode(clips, forKey: .clips)
        case .extremes(let to):
            try values.encode(Kind.extremes, forKey: .step)
            try values.encode([to.lower, to.upper], forKey: .to)
        case .standardize(let onlyNonZero):
            try values.encode(Kind.standardize, forKey: .step)
            try values.encode(onlyNonZero, forKey: .onlyNonZero)
        }
    }
}
