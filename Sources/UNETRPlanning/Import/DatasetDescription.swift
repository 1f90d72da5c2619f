package import Foundation
package import UNETRSupport
package import UNETRVolumes

/// A `dataset.json` in the form of the Medical Segmentation Decathlon and nnU-Net v1, or of nnU-Net v2.
package struct DatasetDescription {
    /// The file.
    package let url: URL
    /// What the data set is called; nil: the file does not say.
    package let name: String?
    /// What the channels are, in order.
    package let channelNames: [String]
    /// The structures that are marked, validated.
    package let labels: LabelSet

    /// The ending of every scan and label map; nil: the file does not say.
    package let fileEnding: String?

    /// Whether it has the form of nnU-Net v2.
    package let isSecondForm: Bool

    /// All that it says.
    package let members: [String: JSONValue]

    /// Reads and checks channels and labels.
    /// - Throws: `DescriptionError`.
    package init(contentsOf url: URL) throws {
        self.url = url
        let data: Data
        do { data = try InputFile.contents(of: url, most: 1 << 28) } catch let error as FileError {
            throw DescriptionError(path: url.path, problem: "it \(error.problem)")
        }
        guard let json = try? JSONDecoder().decode(JSONValue.self, from: data), let members = json.object else {
            throw DescriptionError(path: url.path, problem: "it is not a JSON object")
        }
        func fail(_ problem: String) -> DescriptionError { DescriptionError(path: url.path, problem: problem) }
        guard let channels = (members["channel_names"] ?? members["modality"])?.object else {
            throw fail("it has neither modality (nnU-Net v1, MSD) nor channel_names (nnU-Net v2), which name the channels")
        }
        let numbered = channels.compactMap { key, value in Int(key).map { ($0, value.string ?? "\(key)") } }.sorted { $0.0 < $1.0 }
        guard numbered.map(\.0) == Array(0..<channels.count), !channels.isEmpty else {
            throw fail("its channels are numbered \(channels.keys.sorted()), but must be 0, 1, 2, … without gaps")
        }
        channelNames = numbered.map(\.1)
        guard members["labels"]?.object != nil else { throw fail("it has no labels") }
        do {
            labels = try LabelSet(fields: members)
            try labels.validate()
        } catch let problem as LabelProblem {
            throw fail(problem.description)
        } catch PlanError.invalid(let field, let value, let rule) {
            throw fail("its \(field) are \(value), but \(rule)")
        }
        name = members["name"]?.string
        isSecondForm = members["channel_names"] != nil
        self.members = members
        fileEnding = members["file_ending"]?.string
        if let fileEnding, !VolumeFormats.endings.contains(fileEnding.lowercased()) {
            throw fail("its file_ending is \(fileEnding); known are \(VolumeFormats.endings.joined(separator: ", "))")
        }
    }
}

/// Why a `dataset.json` cannot be used.
public struct DescriptionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What is wrong with it.
    public let problem: String

    /// One sentence: where, and what is wrong.
    public var description: String { "\(path): \(problem)" }
}
