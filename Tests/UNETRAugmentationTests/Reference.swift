import TestSupport
import UNETRArchives

/// A file of reference arrays.
struct Reference {
    private let file: SafetensorsFile

    init(_ name: String) throws {
        file = try SafetensorsFile(contentsOf: Fixtures.url("augmentation/\(name).safetensors"))
    }

    func floats(_ name: String) throws -> [Float] { try file.array(name).floats() }
    func labels(_ name: String) throws -> [Int16] { try file.array(name).ints().map { Int16($0) } }

    /// Positions and values of an array of which only some values are stored.
    func probe(_ name: String) throws -> [(index: Int, value: Float)] {
        Array(zip(try file.array("\(name).idx").ints(), try file.array("\(name).val").floats()))
    }

    /// All values of an array, stored whole or as a probe.
    func values(_ name: String) throws -> [(index: Int, value: Float)] {
        if file[name] != nil { return try floats(name).enumerated().map { ($0.offset, $0.element) } }
        return try probe(name)
    }
}

/// The largest difference between an array and reference values.
func largestDifference(_ values: [Float], _ reference: [(index: Int, value: Float)]) -> Float {
    let differences = reference.map { abs(values[$0.index] - $0.value) }
    // `max` passes over what is not a number.
    return differences.contains(where: \.isNaN) ? .infinity : differences.max() ?? .infinity
}
