import UNETRSupport

/// Which label each structure of a DICOM object becomes.
struct StructureLabels {
    /// By structure, its value; nil for one that no label stands for.
    var values: [Int16?]
    /// Names, values and colors.
    var labelSet: LabelSet
    /// What may surprise.
    var notes: [DICOMStructureNote] = []

    /// - Parameters:
    ///   - structures: their numbers, names and colors.
    ///   - wanted: the labels to use, found by the structures' names, whatever the case of letters and the signs between them; nil: each structure
    ///     becomes the label of its number.
    ///   - path: the object, for errors.
    /// - Throws: `DICOMObjectError` where no structure has the name of a label.
    init(_ structures: [(number: Int, name: String, color: SegmentColor?)], as wanted: LabelSet?, path: String) throws {
        guard let wanted else {
            values = try structures.map { structure in
                guard let value = Int16(exactly: structure.number), value > 0 else {
                    throw DICOMObjectError(
                        path: path, problem: .malformed(what: "a structure has the number \(structure.number)", rule: "labels go from 1 to \(Int16.max)"))
                }
                return value
            }
            let named = structures.map { structure in
                LabelDefinition(
                    name: structure.name.isEmpty ? "Structure \(structure.number)" : structure.name, value: structure.number, color: structure.color?.text)
            }
            labelSet = LabelSet(definitions: [LabelDefinition(name: "background", value: 0)] + named)
            return
        }
        labelSet = wanted
        let byName = Dictionary(wanted.foreground.filter { $0.values.count == 1 }.map { (Self.key($0.name), $0.values[0]) }) { first, _ in first }
        values = structures.map { byName[Self.key($0.name)].flatMap { Int16(exactly: $0) } }
        guard values.contains(where: { $0 != nil }) || structures.isEmpty else {
            throw DICOMObjectError(path: path, problem: .noStructureNamed(wanted: wanted.foreground.map(\.name), present: structures.map(\.name)))
        }
        let others = zip(structures, values).filter { $0.1 == nil }.map(\.0.name)
        if !others.isEmpty { notes.append(.unnamed(others)) }
    }

    /// Two names with one key are of one structure.
    static func key(_ name: String) -> String { name.lowercased().filter { $0.isLetter || $0.isNumber } }
}
