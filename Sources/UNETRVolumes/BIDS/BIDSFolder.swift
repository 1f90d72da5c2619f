public import Foundation
public import UNETRSupport

/// A data set in the Brain Imaging Data Structure: `sub-01/[ses-1/]anat/sub-01[_ses-1]_T1w.nii.gz` beside `dataset_description.json`.
public struct BIDSFolder: Sendable {
    /// A NIfTI file of a participant.
    public struct Image: Equatable, Sendable {
        /// The file.
        public let url: URL
        /// Its folder within the data set, such as `sub-01/ses-1/anat`.
        public let folder: String
        /// Its name.
        public let name: BIDSName
    }

    /// The folder.
    public let url: URL
    /// The fields of `dataset_description.json`.
    public let description: [String: JSONValue]
    /// The images and masks, by folder and name.
    public private(set) var images: [Image] = []

    /// The file that makes a folder a data set.
    public static let descriptionFile = "dataset_description.json"

    /// Looks through a folder; nil if it is no such data set: it has no description, no participants, or volumes of its own.
    ///
    /// - Throws: `BIDSError` for a data set that breaks the rules; `FileError`.
    public init?(_ url: URL) throws {
        let file = url.appending(path: Self.descriptionFile)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let names = try Self.contents(of: url)
        let participants = names.filter { BIDSName.entity($0)?.key == "sub" && Self.isFolder(url.appending(path: $0)) }
        guard !participants.isEmpty, !names.contains(where: { VolumeName($0) != nil }) else { return nil }
        let value: JSONValue
        do { value = try JSONText.decode(from: InputFile.contents(of: file, most: 16 << 20)) } catch let problem as JSONProblem {
            throw BIDSError.badDescription(path: file.path, problem: problem.sentence)
        }
        guard let description = value.object, description["BIDSVersion"]?.string != nil else {
            throw BIDSError.badDescription(path: file.path, problem: "it names no BIDSVersion")
        }
        (self.url, self.description) = (url, description)
        for participant in participants {
            let children = try Self.contents(of: url.appending(path: participant))
            let sessions = children.filter { BIDSName.entity($0)?.key == "ses" }
            try add(participant, except: sessions, participant, session: nil)
            for session in sessions { try add("\(participant)/\(session)", participant, session: session) }
        }
    }

    /// The images in the folders of a participant or a session: those of the kinds of data, such as `anat`.
    private mutating func add(_ place: String, except others: [String] = [], _ participant: String, session: String?) throws {
        for kind in try Self.contents(of: url.appending(path: place)) where !others.contains(kind) && BIDSName.label(kind) == kind {
            let folder = "\(place)/\(kind)"
            guard Self.isFolder(url.appending(path: folder)) else { continue }
            for file in try Self.contents(of: url.appending(path: folder)) {
                guard let volume = VolumeName(file), [".nii", ".nii.gz"].contains(volume.ending), let name = BIDSName(volume.stem) else { continue }
                guard name.entities[0].text == participant, name["ses"].map({ "ses-\($0)" }) == session else {
                    throw BIDSError.misplaced(path: url.appending(path: "\(folder)/\(file)").path)
                }
                images.append(Image(url: url.appending(path: "\(folder)/\(file)"), folder: folder, name: name))
            }
        }
    }

    private static func isFolder(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func contents(of folder: URL) throws -> [String] {
        guard isFolder(folder) else { return [] }
        do { return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() } catch {
            throw FileError(path: folder.path, problem: "the folder cannot be read: \(FileError.reason(error))")
        }
    }
}

extension BIDSFolder {
    /// Suffixes of images that are no scans.
    private static let masks: Set = ["dseg", "probseg", "mask"]

    /// The masks with several structures.
    public var segmentations: [Image] { images.filter { $0.name.suffix == "dseg" } }

    /// The table that names the labels of all segmentations; nil where there is none or more than one.
    public var lookupTable: URL? {
        let tables = ((try? Self.contents(of: url)) ?? []).filter { $0 == "dseg.tsv" || $0.hasSuffix("_dseg.tsv") && !$0.hasPrefix(".") }
        return tables.count == 1 ? url.appending(path: tables[0]) : nil
    }

    /// What kinds of scans there are and how many of each, by suffix.
    public var scanCounts: [(suffix: String, count: Int)] {
        Dictionary(grouping: images.map(\.name.suffix)) { $0 }.filter { !Self.masks.contains($0.key) }.map { ($0.key, $0.value.count) }.sorted { $0.0 < $1.0 }
    }

    /// The suffixes of the scans that are meant, one for each channel.
    ///
    /// - Parameters:
    ///   - wanted: those that somebody named; empty: those that the channels are named after, else for one channel the only one there is.
    ///   - channels: what the channels are called.
    /// - Throws: `BIDSError`.
    public func suffixes(_ wanted: [String], channels: [String]) throws -> [String] {
        let present = scanCounts
        func found(_ name: String) -> String? {
            present.first { $0.suffix == name }?.suffix ?? present.first { $0.suffix.lowercased() == name.lowercased() }?.suffix
        }
        let words = present.map { "\($0.suffix) (\($0.count))" }
        if wanted.isEmpty {
            let named = channels.compactMap(found)
            if named.count == channels.count, Set(named).count == named.count { return named }
            guard channels.count == 1, present.count == 1 else { throw BIDSError.suffixNeeded(folder: url.path, channels: channels, present: words) }
            return [present[0].suffix]
        }
        guard wanted.count == channels.count, Set(wanted).count == wanted.count else {
            throw BIDSError.suffixCount(given: wanted, channels: channels)
        }
        for name in wanted where !present.contains(where: { $0.suffix == name }) {
            throw BIDSError.noScans(folder: url.path, suffix: name, present: words)
        }
        return wanted
    }

    /// The scan of a mask: the image with the suffix whose entities are all in the mask's name, the most of them; nil where there is none.
    public func scan(of mask: BIDSName, suffix: String) -> Image? {
        images.filter { $0.name.entities[0] == mask.entities[0] && $0.name.suffix == suffix && mask.comes(from: $0.name) }.max {
            $0.name.entities.count < $1.name.entities.count
        }
    }
}

/// Why a BIDS data set cannot be used.
public enum BIDSError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The description cannot be read.
    case badDescription(path: String, problem: String)
    /// A file's name says another participant or session than its folder.
    case misplaced(path: String)
    /// There are several kinds of scans, and nobody said which are meant.
    case suffixNeeded(folder: String, channels: [String], present: [String])
    /// Another number of suffixes than the model has channels, or one twice.
    case suffixCount(given: [String], channels: [String])
    /// There are no scans of this kind.
    case noScans(folder: String, suffix: String, present: [String])
    /// The output folder holds another data set.
    case otherDataset(path: String)
    /// The masks of a data set go to a folder, as `.nii.gz`.
    case outputForm(what: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .badDescription(let path, let problem): "\(path): \(problem); expected the description of a BIDS data set"
        case .misplaced(let path): "\(path): its name says another participant or session than its folder; rename it or move it"
        case .suffixNeeded(let folder, let channels, let present):
            "\(folder): the data set has \(present.isEmpty ? "no scans" : "the scans \(present.joined(separator: ", "))"); "
                + "name the suffix of each channel of the model (\(channels.joined(separator: ", ")))"
        case .suffixCount(let given, let channels):
            "the suffixes \(given.joined(separator: ", ")) were named; expected \(channels.count) different "
                + "\(channels.count == 1 ? "one" : "ones"), for the model's channels \(channels.joined(separator: ", "))"
        case .noScans(let folder, let suffix, let present):
            "\(folder): the data set has no scans \(suffix), but \(present.isEmpty ? "none at all" : present.joined(separator: ", "))"
        case .otherDataset(let path): "\(path) describes another data set; choose another folder for the masks"
        case .outputForm(let what): "the scans are a BIDS data set, whose masks go to a folder as .nii.gz, but \(what) was named"
        }
    }
}
