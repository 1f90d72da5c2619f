import Foundation
import UNETRInference
import UNETRPreparation
import UNETRSupport
import UNETRVolumes
import UNETRWork

/// Masks of a BIDS data set as another one, of derivatives: `sub-01/anat/sub-01_space-orig_seg-MODEL_dseg.nii.gz`, with what describes them.
///
/// Source: Brain Imaging Data Structure 1.10, "Derivatives: Imaging data types: Segmentations".
struct BIDSDerivatives {
    let source: BIDSFolder
    /// The folder of the derivatives.
    let output: URL
    /// What made the masks.
    let algorithm: DICOMAlgorithm
    let labels: LabelSet
    private let images: [URL: BIDSFolder.Image]

    init(_ source: BIDSFolder, output: URL, algorithm: DICOMAlgorithm, labels: LabelSet) {
        (self.source, self.output, self.algorithm, self.labels) = (source, output, algorithm, labels)
        images = Dictionary(source.images.map { ($0.url, $0) }) { first, _ in first }
    }

    /// The model's name as a label of BIDS.
    private var seg: String { BIDSName.label(algorithm.name) ?? "model" }

    /// Where the mask of a scan goes, or something else about it.
    func file(for scan: URL, suffix: String = "dseg", ending: String = ".nii.gz") -> URL {
        guard let image = images[scan] else { preconditionFailure("a scan of the data set") }
        let name = image.name.setting("space", to: image.name["space"] ?? "orig").setting("seg", to: seg)
        return output.appending(path: "\(image.folder)/\(name.text(suffix: suffix))\(ending)")
    }

    /// A scan with where its mask goes, and its probabilities.
    func task(for scanCase: DatasetCase, _ options: CohortSegmentation.Options) -> SegmentationJob.Task {
        let scan = scanCase.imageURLs[0]
        var task = SegmentationJob.Task(scan: scanCase, mask: file(for: scan))
        if options.writesProbabilities { task.probabilities = file(for: scan, suffix: "probseg", ending: ".nii") }
        // The standard has no suffix for it.
        if options.writesUncertainty { task.uncertainty = file(for: scan, suffix: "uncertainty", ending: ".nii") }
        return task
    }

    /// By what a list may call a case: its name, with a suffix or without, or its participant or session.
    static func names(of scanCase: DatasetCase) -> [String] {
        let images = scanCase.imageURLs.compactMap { VolumeName($0.lastPathComponent)?.stem }, name = images.first.flatMap(BIDSName.init)
        let parts = name.map { $0.entities.prefix { ["sub", "ses"].contains($0.key) } } ?? []
        return [scanCase.name] + images + parts.prefix(1).flatMap { [$0.text, $0.label] } + [parts.map(\.text).joined(separator: "_")]
    }

    /// To be called before the work.
    ///
    /// - Throws: `BIDSError.otherDataset` where another data set is described; `OutputError`, `FileError`.
    func check() throws {
        try OutputRule().check(folder: output)
        _ = try fields()
    }

    /// Writes what describes the data set. Processes that share it write the same.
    func begin() throws {
        func write(_ text: Data, _ name: String) throws { try AtomicFile.write(text, to: output.appending(path: name)) }
        if let fields = try fields() { try write(JSONText.encode(fields), BIDSFolder.descriptionFile) }
        var rows = [["index", "name", "color"]]
        rows += labels.described.map { ["\($0.value)", $0.name.filter { $0 != "\t" && !$0.isNewline }, $0.color] }
        try write(Data((rows.map { $0.joined(separator: "\t") }.joined(separator: "\n") + "\n").utf8), "seg-\(seg)_dseg.tsv")
        // The records of this program are no part of the standard.
        if !FileManager.default.fileExists(atPath: output.appending(path: ".bidsignore").path) {
            try write(Data("records\n*_uncertainty.nii\n".utf8), ".bidsignore")
        }
    }

    /// Describes each mask that is written.
    func note(_ event: SegmentationJob.Event, _ tasks: [SegmentationJob.Task]) throws {
        guard case .finished(let task, let outcome) = event, outcome.problem == nil else { return }
        // A mask that was written while the work is being stopped is described all the same.
        try Cancellation.$current.withValue(nil) { try describe(tasks[task]) }
    }

    /// Writes what describes a mask, and its probabilities.
    private func describe(_ task: SegmentationJob.Task) throws {
        let scan = task.scan.imageURLs[0]
        let sources = task.scan.imageURLs.compactMap { images[$0] }.map { JSONValue.string("bids:raw:\($0.folder)/\($0.url.lastPathComponent)") }
        var fields: [String: JSONValue] = ["Manual": .bool(false), "Sources": .array(sources)]
        if images[scan]?.name["space"] == nil { fields["SpatialReference"] = .string("orig") }
        try AtomicFile.write(JSONText.encode(fields), to: file(for: scan, ending: ".json"))
        guard task.probabilities != nil else { return }
        fields["LabelMap"] = .array((labels.hasRegions ? labels.foreground : labels.definitions).map { .string($0.name) })
        try AtomicFile.write(JSONText.encode(fields), to: file(for: scan, suffix: "probseg", ending: ".json"))
    }

    /// The fields of the description; nil where the one that is there needs no change.
    private func fields() throws -> [String: JSONValue]? {
        let generator: [String: JSONValue] = [
            "Name": .string("unetrpp"), "Version": .string(algorithm.version),
            "Description": .string("masks of the model \(algorithm.name)" + (algorithm.digest.map { ", SHA-256 \($0)" } ?? "")),
        ]
        let file = output.appending(path: BIDSFolder.descriptionFile)
        guard FileManager.default.fileExists(atPath: file.path) else { return new(generator) }
        // Masks of several models may lie in one data set.
        guard let value = try? JSONText.decode(JSONValue.self, from: InputFile.contents(of: file, most: 16 << 20)), var fields = value.object,
            fields["DatasetType"]?.string == "derivative", let others = fields["GeneratedBy"]?.array,
            others.contains(where: { $0["Name"]?.string == "unetrpp" })
        else { throw BIDSError.otherDataset(path: file.path) }
        guard !others.contains(.object(generator)) else { return nil }
        fields["GeneratedBy"] = .array(others + [.object(generator)])
        return fields
    }

    private func new(_ generator: [String: JSONValue]) -> [String: JSONValue] {
        let name = source.description["Name"]?.string ?? source.url.lastPathComponent, place = JSONValue.string(sourcePath)
        let origin: [String: JSONValue] = source.description["DatasetDOI"]?.string.map { ["DOI": .string($0)] } ?? ["URL": place]
        return [
            "Name": .string("Masks of \(name)"), "BIDSVersion": .string("1.10.0"), "DatasetType": .string("derivative"),
            "GeneratedBy": .array([.object(generator)]), "SourceDatasets": .array([.object(origin)]), "DatasetLinks": .object(["raw": place]),
        ]
    }

    /// The way from the derivatives to their source, so that both can be moved together.
    private var sourcePath: String {
        func parts(_ url: URL) -> [String] { url.resolvingSymlinksInPath().standardizedFileURL.pathComponents }
        let (from, to) = (parts(output), parts(source.url)), common = zip(from, to).prefix { $0 == $1 }.count
        return (Array(repeating: "..", count: from.count - common) + to.dropFirst(common)).joined(separator: "/")
    }
}
