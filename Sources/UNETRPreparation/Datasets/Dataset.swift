public import Foundation
public import UNETRVolumes

/// A folder of scans with labels, as its users keep it: what it holds and where.
public struct Dataset: Equatable, Sendable {
    /// The name in `dataset.json`, else the folder's.
    public var name: String

    /// Where it lies.
    public var folder: URL

    /// What the channels are, in order.
    public var channelNames: [String]

    /// The structures that are marked.
    public var labels: LabelSet

    /// Cases for training, sorted by name. Every one has labels.
    public var cases: [DatasetCase]

    /// Cases that come without labels or are kept for testing, sorted by name.
    public var testCases: [DatasetCase]

    /// A data set from its parts.
    public init(
        name: String, folder: URL, channelNames: [String], labels: LabelSet, cases: [DatasetCase], testCases: [DatasetCase] = []
    ) {
        self.name = name
        self.folder = folder
        self.channelNames = channelNames
        self.labels = labels
        self.cases = cases
        self.testCases = testCases
    }

    /// Reads what a folder holds, without opening its scans.
    ///
    /// Known forms: Medical Segmentation Decathlon and nnU-Net v1 (`dataset.json` with `modality`, `labels`, `training`; images
    /// `CASE.nii.gz` or `CASE_0000.nii.gz`), nnU-Net v2 (`channel_names`, `file_ending`, labels with regions), plain folders
    /// `images` and `labels` with equal file names, and a DICOM folder for each patient, with a series and one segmentation or structure set, whose
    /// headers are read. A folder above a single data set will do as well.
    /// - Throws: `PreparationError`, when it is none of these or a file that it lists is missing.
    public init(contentsOf folder: URL) throws {
        try self.init(contentsOf: folder) { throw $0 }
    }

    /// The same, with `problem` called for each case that cannot be used; if it does not throw, the case is left out.
    init(contentsOf folder: URL, problem: (PreparationError) throws -> Void) throws {
        let folder = folder.standardizedFileURL
        let listing = FolderListing(folder)
        guard listing.exists else { throw PreparationError.notADataset(path: folder.path, problem: "there is no such folder") }
        if let name = listing.find("dataset.json") {
            self = try DatasetListing(contentsOf: folder.appendingPathComponent(name)).dataset(in: folder, problem: problem)
        } else if listing.holdsImages {
            self = try PlainFolder.dataset(in: folder, listing, problem: problem)
        } else if let patients = try PatientFolders.dataset(in: folder, problem: problem) {
            self = patients
        } else {
            let found = Self.folders(in: folder)
            guard let only = found.first, found.count == 1 else {
                throw PreparationError.notADataset(
                    path: folder.path,
                    problem: found.isEmpty
                        ? "it has neither a dataset.json, nor folders named images and labels, nor a DICOM folder with structures for each patient"
                        : "it holds \(found.count) of them; name one: \(found.map(\.path).joined(separator: ", "))")
            }
            try self.init(contentsOf: only, problem: problem)
        }
    }

    /// The data sets below a folder, at most four levels down, such as `unetr_pp_raw/unetr_pp_raw_data/Task02_Synapse` of UNETR++.
    ///
    /// UNETR++ and nnU-Net v1 put a copy of each, with one file a channel, beside it under a number of three digits
    /// (`Task002_Synapse`); of the two only the original counts.
    public static func folders(in root: URL) -> [URL] {
        func search(_ folder: URL, _ depth: Int) -> [URL] {
            let listing = FolderListing(folder)
            // A prepared folder of nnU-Net has a copy of dataset.json but no images.
            if listing.holdsImages { return [folder] }
            if depth == 0 { return [] }
            var seen: Set<String> = []
            return listing.names.sorted { ($0.count, $0) < ($1.count, $1) }.map { folder.appendingPathComponent($0) }
                .filter { (try? $0.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true }
                .flatMap { part -> [URL] in
                    let found = search(part, depth - 1)
                    guard found == [part], let task = TaskName(part.lastPathComponent) else { return found }
                    return seen.insert("\(task.number) \(task.name.lowercased())").inserted ? found : []
                }
                .sorted { CaseNames.isBefore($0.path, $1.path) }
        }
        return search(root, 4)
    }
}

/// One patient or time point: its images, one file a channel (or one file with all channels), and its labels.
public struct DatasetCase: Equatable, Sendable, Codable {
    /// Its name, which also names its mask.
    public var name: String
    /// One file for each channel, or one with all channels.
    public var imageURLs: [URL]
    /// The expert's label map; nil for a test case.
    public var labelURL: URL?

    /// A case from its files.
    public init(name: String, imageURLs: [URL], labelURL: URL? = nil) {
        self.name = name
        self.imageURLs = imageURLs
        self.labelURL = labelURL
    }
}

/// A folder's name in the form of the Decathlon, nnU-Net v1 and UNETR++: `Task02_Synapse`, whatever the case of its letters.
struct TaskName {
    let number: Int
    let name: String

    init?(_ folder: String) {
        let parts = folder.split(separator: "_", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased().hasPrefix("task"), let number = Int(parts[0].dropFirst(4)) else { return nil }
        self.number = number
        name = String(parts[1])
    }
}

/// The names of the files in a folder.
struct FolderListing {
    let names: [String]
    let exists: Bool

    init(_ folder: URL) {
        let found = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        exists = found != nil
        names = (found ?? []).filter { !$0.hasPrefix(".") }.sorted(by: CaseNames.isBefore)
    }

    /// Whether there are folders of images and labels.
    var holdsImages: Bool { PlainFolder.imageFolder(self) != nil && PlainFolder.labelFolder(self) != nil }

    /// The file at a path below a folder, whatever the case of its letters where there is none as it is written.
    static func file(_ path: String, in folder: URL) -> URL {
        let exact = folder.appendingPathComponent(path).standardizedFileURL
        if FileManager.default.fileExists(atPath: exact.path) { return exact }
        var url = folder
        for part in path.split(separator: "/") where part != "." {
            url.appendPathComponent(part == ".." ? ".." : FolderListing(url).find(String(part)) ?? String(part))
        }
        return FileManager.default.fileExists(atPath: url.path) ? url.standardizedFileURL : exact
    }

    /// The file of that name, whatever the case of its letters.
    func find(_ name: String) -> String? {
        names.first { $0 == name } ?? names.first { $0.lowercased() == name.lowercased() }
    }
}

/// Scan files in a folder, sorted into cases by nnU-Net's naming: `CASE_0000.nii.gz`, `CASE_0001.nii.gz`, … or `CASE.nii.gz`.
public struct ScanFiles {
    /// For each case its files in the order of their channel numbers.
    private(set) var files: [String: [URL]] = [:]

    init(in folder: URL, ending: String? = nil) {
        var numbered: [String: [(Int, URL)]] = [:], plain: [String: URL] = [:]
        for name in FolderListing(folder).names {
            guard let stem = (ending.map { VolumeName(name, ending: $0) } ?? VolumeName(name))?.stem else { continue }
            let url = folder.appendingPathComponent(name)
            if let (base, channel) = Self.channel(of: stem) { numbered[base, default: []].append((channel, url)) }
            plain[stem] = url
        }
        // A lone `CASE_0003` without `CASE_0000` is a case whose name ends that way, not its fourth channel.
        for (base, found) in numbered where found.contains(where: { $0.0 == 0 }) {
            let sorted = found.sorted { $0.0 < $1.0 }
            guard sorted.map(\.0) == Array(0..<sorted.count) else { continue }
            files[base] = sorted.map(\.1)
            for (channel, _) in sorted { plain["\(base)_\(Self.digits(channel))"] = nil }
        }
        for (stem, url) in plain { files[stem] = [url] }
    }

    var names: [String] { files.keys.sorted(by: CaseNames.isBefore) }

    /// The case and the channel number of `CASE_0000`.
    public static func channel(of stem: String) -> (String, Int)? {
        let tail = stem.suffix(5)
        guard tail.count == 5, tail.first == "_", let number = Int(tail.dropFirst()), tail.dropFirst().allSatisfy(\.isNumber),
            stem.count > 5
        else { return nil }
        return (String(stem.dropLast(5)), number)
    }

    static func digits(_ channel: Int) -> String {
        let text = String(channel)
        return String(repeating: "0", count: max(0, 4 - text.count)) + text
    }
}
