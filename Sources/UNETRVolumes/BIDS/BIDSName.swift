/// The name of a file of a BIDS data set without its ending, taken apart: `sub-01_ses-1_T1w` has the entities `sub-01` and `ses-1` and the suffix `T1w`.
///
/// Source: Brain Imaging Data Structure 1.10, "Filenames". Labels hold letters, digits and "+" only, so that no name leads out of a folder.
public struct BIDSName: Equatable, Sendable {
    /// A key with its label.
    public struct Entity: Hashable, Sendable {
        /// Such as `sub`.
        public var key: String
        /// Such as `01`.
        public var label: String

        /// "sub-01"
        public var text: String { "\(key)-\(label)" }
    }

    /// The entities, in the order of the name.
    public private(set) var entities: [Entity]
    /// What the file is, such as `T1w`.
    public let suffix: String

    /// Takes the stem of a file's name apart; nil for one that is no name of a participant's file.
    public init?(_ stem: String) {
        let parts = stem.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
        let found = parts.dropLast().compactMap(Self.entity)
        guard let suffix = parts.last, Self.isLabel(suffix), found.count == parts.count - 1, found.first?.key == "sub", stem.utf8.count <= 200,
            Set(found.map(\.key)).count == found.count
        else { return nil }
        (entities, self.suffix) = (found, suffix)
    }

    /// An entity such as `sub-01`; nil for other texts.
    public static func entity(_ text: String) -> Entity? {
        let halves = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard halves.count == 2, !halves[0].isEmpty, halves[0].utf8.allSatisfy(isLetter), isLabel(halves[1]) else { return nil }
        return Entity(key: halves[0], label: halves[1])
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }

    private static func isLabel(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2B }
    }

    /// A text as a label: what may not stand in one is left out; nil if nothing is left.
    public static func label(_ text: String) -> String? {
        let label = String(text.unicodeScalars.filter { isLabel(String($0)) && $0 != "+" }.map(Character.init).prefix(60))
        return label.isEmpty ? nil : label
    }

    /// The label of a key; nil where there is none.
    public subscript(key: String) -> String? { entities.first { $0.key == key }?.label }

    /// The entities as text, such as `sub-01_ses-1`.
    public var entityText: String { entities.map(\.text).joined(separator: "_") }

    /// The name of a file with these entities and another suffix.
    public func text(suffix: String) -> String { "\(entityText)_\(suffix)" }

    /// Whether all entities of the other name are among those of this one, as those of a scan are among those of its masks.
    public func comes(from other: BIDSName) -> Bool { Set(entities).isSuperset(of: other.entities) }

    /// With another label for a key, which stands where the standard wants it.
    public func setting(_ key: String, to label: String) -> BIDSName {
        func place(_ key: String) -> Int { Self.order.firstIndex(of: key) ?? -1 }
        var name = self
        name.entities.removeAll { $0.key == key }
        let end = name.entities.firstIndex { place($0.key) > place(key) } ?? name.entities.count
        name.entities.insert(Entity(key: key, label: label), at: end)
        return name
    }

    /// Without the entities of these keys.
    public func removing(_ keys: Set<String>) -> BIDSName {
        var name = self
        name.entities.removeAll { keys.contains($0.key) }
        return name
    }

    /// The keys that stand behind all others, in their order.
    private static let order = ["hemi", "space", "split", "recording", "chunk", "atlas", "seg", "scale", "res", "den", "label", "desc"]
}
