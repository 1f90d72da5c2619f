extension NRRDHeader {
    /// The bytes before the voxels. Numbers are as short as they can be and still read back to the bit.
    func encoded() -> [UInt8] {
        func vector(_ numbers: [Double]) -> String { "(\(numbers.map { "\($0)" }.joined(separator: ",")))" }
        var lines = ["NRRD0004", "# Complete NRRD file format specification at:", "# http://teem.sourceforge.net/nrrd/format.html"]
        lines += ["type: \(typeName)", "dimension: 3"]
        if let space {
            lines.append("space: \(space.rawValue)")
        } else if directions != nil || origin != nil {
            lines.append("space dimension: 3")
        }
        lines.append("sizes: \(sizes.map(String.init).joined(separator: " "))")
        if let directions { lines.append("space directions: \(directions.map(vector).joined(separator: " "))") }
        if let spacings { lines.append("spacings: \(spacings.map { "\($0)" }.joined(separator: " "))") }
        lines.append("kinds: domain domain domain")
        if type.byteCount > 1 { lines.append("endian: little") }
        lines.append("encoding: gzip")
        if let origin { lines.append("space origin: \(vector(origin))") }
        lines += labelSet.map { NRRDLabels.lines($0, sizes: sizes) } ?? []
        if let dataFile { lines.append("data file: \(dataFile)") }
        return Array((lines.joined(separator: "\n") + "\n\n").utf8)
    }

    private var typeName: String {
        switch type {
        case .float32: "float"
        case .float64: "double"
        default: type.rawValue
        }
    }
}
