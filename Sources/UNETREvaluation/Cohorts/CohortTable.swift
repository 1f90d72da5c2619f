import UNETRSupport

extension CohortStatistics {
    /// A table with a line for each case and structure; a case that could not be measured has one line, which says why.
    public var csv: String {
        let flags = Dictionary(grouping: flags) { Place(caseName: $0.caseName, structure: $0.structure) }
        var lines = [Self.head]
        for one in cases {
            if let problem = one.problem { lines.append([one.name] + Array(repeating: "", count: Self.head.count - 2) + [problem]) }
            for (number, structure) in one.structures.enumerated() where one.problem == nil {
                let words = flags[Place(caseName: one.name, structure: number)]?.map(\.word) ?? []
                lines.append([one.name] + Self.cells(structure) + [words.joined(separator: " "), ""])
            }
        }
        return CSV.text(lines)
    }

    private struct Place: Hashable {
        var caseName: String
        var structure: Int
    }

    private static let head =
        ["case", "structure", "label", "voxels", "ml", "touches border", "border sides", "components", "largest component voxels"]
        + ["centroid x mm", "centroid y mm", "centroid z mm", "first i", "first j", "first k", "last i", "last j", "last k"]
        + ["lowest x mm", "lowest y mm", "lowest z mm", "highest x mm", "highest y mm", "highest z mm"]
        + ["intensity mean", "intensity SD", "intensity p5", "intensity median", "intensity p95", "intensity left out", "flags", "error"]

    private static func cells(_ structure: StructureStatistics) -> [String] {
        func numbers(_ values: [Double]?) -> [String] { values?.map { CSV.number($0) } ?? ["", "", ""] }
        let box = structure.boundingBox?.flatMap { $0.map(String.init) } ?? Array(repeating: "", count: 6)
        let place = numbers(structure.boundingBoxMillimeters?.first) + numbers(structure.boundingBoxMillimeters?.last), values = structure.intensities
        return [structure.name, structure.key, "\(structure.voxels)", CSV.number(structure.milliliters)]
            + [structure.voxels == 0 ? "" : "\(!structure.border.isEmpty)", structure.border, "\(structure.components)", "\(structure.largestComponent)"]
            + numbers(structure.centroid) + box + place
            + [values?.mean, values?.standardDeviation, values?.percentile5, values?.median, values?.percentile95].map(CSV.number)
            + [values.map { "\($0.leftOut)" } ?? ""]
    }
}
