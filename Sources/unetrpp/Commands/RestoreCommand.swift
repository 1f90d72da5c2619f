import ArgumentParser
import Foundation
import UNETRArchives
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Turn the probabilities of a prepared case into a mask on the grid of its scan.",
        discussion: """
            What `unetrpp segment` does after the network, for probabilities that come from elsewhere: resampled to the scan, decided voxel by
            voxel, put at the place of the crop. The probabilities are never all in memory.
            """)

    private static let endings = VolumeFormats.outputEndings.joined(separator: ", ")

    @Argument(help: "Probabilities of the prepared case, float32 [outputs, D, H, W], as the only array of a .safetensors file.", completion: .file())
    var probabilities: String

    @Argument(help: "CASE.json of the prepared case, written by `unetrpp prepare`.", completion: .file())
    var properties: String

    @Option(help: "Plan (JSON) that was used to prepare the case.", completion: .file())
    var plan: String

    @Option(name: .shortAndLong, help: "Mask to write (\(Self.endings)).", completion: .file())
    var output: String

    @OptionGroup var outputs: OutputOptions
    @OptionGroup var memory: MemoryOptions

    func validate() throws {
        guard VolumeName(output: URL(fileURLWithPath: output).lastPathComponent) != nil else {
            throw ValidationError("--output is \(output); expected a name that ends in \(Self.endings)")
        }
    }

    func run() throws {
        memory.apply()
        try outputs.check(file: URL(fileURLWithPath: output))
        let plan = try Plan(contentsOf: URL(fileURLWithPath: plan))
        let properties = try CaseProperties(contentsOf: URL(fileURLWithPath: properties))
        let file = try SafetensorsFile(contentsOf: URL(fileURLWithPath: probabilities))
        guard file.names.count == 1 else { throw CommandError("\(probabilities) holds \(file.names.count) arrays; one is expected") }
        let array = try file.array(file.names[0])
        let expected = [plan.labels.outputCount] + properties.size
        guard array.shape == expected, array.scalarType == .float32 else {
            throw CommandError("\(probabilities) holds \(array.scalarType) \(array.shape), expected is float32 \(expected)")
        }
        // The labels of the scan, two slices of every output on its grid, and the slices at hand.
        let slices = properties.geometry.size.dropFirst().checkedProduct().flatMap { $0.multiplied(checked: 8 * expected[0]) }
        let labels = properties.geometry.size.checkedProduct().flatMap { $0.multiplied(checked: 2) }
        try MemoryLimit.current.check(slices.flatMap { labels?.adding(checked: $0) }, for: self.properties)
        let stream = RestorationStream(of: properties, decision: plan.labels.decision)
        let slice = expected[2] * expected[3], step = max(1, (1 << 24) / (expected[0] * slice))
        for first in stride(from: 0, to: expected[1], by: step) {
            let slices = first..<min(first + step, expected[1])
            try Self.read(slices, of: array, slice: slice).withUnsafeBufferPointer { try stream.add($0) }
        }
        var mask = stream.takeLabels()
        plan.postProcessing?.apply(to: &mask.voxels, size: mask.geometry.size)
        try VolumeFile.write(labels: mask, to: URL(fileURLWithPath: output))
    }

    /// A few slices of every output, [K, n, H, W], out of the file; `slice` is the number of values in one slice of one output.
    private static func read(_ slices: Range<Int>, of array: StoredArray, slice: Int) -> [Float] {
        let outputs = array.shape[0], count = slices.count * slice
        return [Float](unsafeUninitializedCapacity: outputs * count) { values, initialized in
            array.withUnsafeBytes { bytes in
                for output in 0..<outputs {
                    let start = 4 * (output * array.shape[1] + slices.lowerBound) * slice
                    let part = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + 4 * count)])
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(values)[(4 * output * count)...]).copyMemory(from: part)
                }
            }
            initialized = outputs * count
        }
    }
}
