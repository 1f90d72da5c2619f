/// What a structure is, in codes: the way in which programs agree on what was segmented, whatever it is called.
public struct SegmentCode: Hashable, Sendable {
    /// The kind of thing (PS3.16, CID 7150): an anatomical structure, a morphologically altered one, tissue.
    public var category: CodedConcept
    /// The thing.
    public var type: CodedConcept
    /// What tells it from its likes: the side, or the part of it.
    public var modifier: CodedConcept?
    /// Where it is, for what may be anywhere, such as a tumor.
    public var region: CodedConcept?
    /// The side of the region.
    public var regionModifier: CodedConcept?

    /// A code.
    public init(
        category: CodedConcept, type: CodedConcept, modifier: CodedConcept? = nil, region: CodedConcept? = nil, regionModifier: CodedConcept? = nil
    ) {
        self.category = category
        self.type = type
        self.modifier = modifier
        self.region = region
        self.regionModifier = regionModifier
    }

    /// For names without a code, as 3D Slicer does: a tissue of the kind tissue. The name itself is the segment's label.
    public static let fallback = SegmentCode(category: tissue, type: tissue)

    /// Whether nothing but the name says what it is.
    public var isFallback: Bool { self == .fallback }

    static let tissue = CodedConcept.snomed("85756007", "Tissue")
    static let anatomy = CodedConcept.snomed("123037004", "Anatomical Structure")
    static let altered = CodedConcept.snomed("49755003", "Morphologically Altered Structure")

    /// The code of a structure by its name, whatever its spelling: "kidney_left", "Left kidney" and "L kidney" are one. The fallback for a
    /// name that is not in the tables.
    ///
    /// Sources: the context groups of DICOM (PS3.16: CID 7140, 7150, 7152, 7159, 7168) and the table that TotalSegmentator publishes for its
    /// classes.
    public init(named name: String) {
        let words = Self.words(of: name)
        let side = words.side.map { $0 == "left" ? CodedConcept.left : .right }
        if let side = words.side, let concept = Self.sided["\(words.text) \(side)"] {
            self.init(category: Self.anatomy, type: concept)
        } else if let altered = Self.alterations[words.text] {
            self.init(category: Self.altered, type: altered.type, region: altered.region, regionModifier: altered.region == nil ? nil : side)
        } else if let part = Self.parts[words.text] {
            self.init(category: Self.anatomy, type: part.type, modifier: part.part)
        } else if let concept = Self.structures[words.text] {
            self.init(category: Self.anatomy, type: concept, modifier: side)
        } else if let concept = Self.tissues[words.text] {
            self.init(category: Self.tissue, type: concept, modifier: side)
        } else {
            self = .fallback
        }
    }

    /// The same where something is known of what the structure belongs to, such as a model's name: a "cancer" of "Task06_Lung" is one of the lung.
    public init(named name: String, context: String) {
        for word in Self.words(of: context).text.split(separator: " ") {
            self.init(named: "\(word) \(name)")
            if !isFallback { return }
        }
        self.init(named: name)
    }

    /// A name in lowercase words without those that only fill, and the side that it names.
    private static func words(of name: String) -> (text: String, side: String?) {
        var words: [String] = []
        for character in name {
            guard character.isLetter || character.isNumber else {
                words.append("")
                continue
            }
            // "LeftKidney" is two words, "LV" one.
            if character.isUppercase, let last = words.last?.last, last.isLowercase { words.append("") }
            if words.isEmpty { words.append("") }
            words[words.count - 1].append(character)
        }
        var plain = words.map { $0.lowercased() }.filter { !["", "of", "the", "and", "structure"].contains($0) }
        let sides = ["left": "left", "right": "right", "l": "left", "r": "right", "sin": "left", "dex": "right"]
        let found = Set(plain.compactMap { sides[$0] })
        guard found.count == 1 else { return (plain.joined(separator: " "), nil) }
        plain.removeAll { sides[$0] != nil }
        return (plain.joined(separator: " "), found.first)
    }
}
