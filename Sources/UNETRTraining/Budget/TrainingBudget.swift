/// What a run may take in all: a time, or voxels of training patches. The number of epochs follows from it.
public enum TrainingBudget: Equatable, Sendable {
    /// Seconds from the start of the work to the end of its last validation.
    case time(seconds: Int)
    /// Voxels of all training patches together, those that are seen twice counted twice.
    case voxels(Int)

    /// The longest time, a thousand days, and the most voxels: far below what an `Int` holds.
    static let mostSeconds = 86_400_000, mostVoxels = 1_000_000_000_000_000

    private static let units: [(sign: Character, seconds: Int)] = [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]
    private static let multiples: [(sign: Character, factor: Int)] = [("T", 1_000_000_000_000), ("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)]
    private static let ending = "-voxels"

    /// A budget as it is written: `2h`, `90m`, `1h30m`, or `500M-voxels`.
    ///
    /// Units of time are d, h, m and s, each once and the larger first; multiples of voxels are k, M, G and T. Nil for anything else, for nothing, and for
    /// more than a thousand days or 1000T voxels.
    public init?(_ text: String) {
        if text.hasSuffix(Self.ending) {
            var digits = text.dropLast(Self.ending.count)
            let multiple = Self.multiples.first { $0.sign == digits.last }
            if multiple != nil { digits = digits.dropLast() }
            guard let number = Self.number(digits), case (let voxels, let overflow) = number.multipliedReportingOverflow(by: multiple?.factor ?? 1),
                !overflow, (1...Self.mostVoxels).contains(voxels)
            else { return nil }
            self = .voxels(voxels)
        } else {
            var (rest, seconds) = (text[...], 0)
            for unit in Self.units {
                guard let end = rest.firstIndex(of: unit.sign) else { continue }
                guard let number = Self.number(rest[..<end]), number <= Self.mostSeconds else { return nil }
                seconds += number * unit.seconds
                rest = rest[rest.index(after: end)...]
            }
            guard rest.isEmpty, (1...Self.mostSeconds).contains(seconds) else { return nil }
            self = .time(seconds: seconds)
        }
    }

    /// Digits and nothing else.
    private static func number(_ text: Substring) -> Int? { text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil }

    /// A time that is at least so many seconds: whole minutes from ten minutes on.
    init(atLeast seconds: Double) {
        let step = seconds > 600 ? 60.0 : 1
        self = .time(seconds: Int(min(Double(Self.mostSeconds), (max(1, seconds) / step).rounded(.up) * step)))
    }
}

extension TrainingBudget: CustomStringConvertible {
    /// As it is written, the shortest way: "1h30m", "500M-voxels".
    public var description: String {
        switch self {
        case .time(var seconds):
            return Self.units.reduce(into: "") { text, unit in
                if seconds >= unit.seconds { text += "\(seconds / unit.seconds)\(unit.sign)" }
                seconds %= unit.seconds
            }
        case .voxels(let voxels):
            guard let multiple = Self.multiples.first(where: { voxels % $0.factor == 0 }) else { return "\(voxels)\(Self.ending)" }
            return "\(voxels / multiple.factor)\(multiple.sign)\(Self.ending)"
        }
    }
}

extension TrainingBudget: Codable {
    /// Reads the text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer(), text = try container.decode(String.self)
        guard let budget = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a budget such as 2h or 500M-voxels is expected, not \(text)")
        }
        self = budget
    }

    /// Writes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
