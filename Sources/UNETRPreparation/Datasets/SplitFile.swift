public import Foundation
import UNETRSupport

/// Splits of one's own in a JSON file: nnU-Net's `splits_final.json`, a list of `{"train": [names], "val": [names]}`, or one such object.
///
/// `training` and `validation` may stand for `train` and `val`.
public struct SplitFile: Equatable, Sendable {
    /// The file.
    public let url: URL
    /// Its divisions, in order.
    public let folds: [Fold]

    /// - Throws: `SplitError.file` when it is not of that form, `FileError` when it cannot be read.
    public init(contentsOf url: URL) throws {
        self.url = url
        let data = try InputFile.contents(of: url, most: 1 << 28)
        guard let json = try? JSONDecoder().decode(JSONValue.self, from: data) else {
            throw SplitError.file(path: url.path, problem: "it is not JSON; a list of objects with the members train and val is expected")
        }
        let entries = json.array ?? [json]
        guard !entries.isEmpty else { throw SplitError.file(path: url.path, problem: "it has no split") }
        folds = try entries.enumerated().map { number, entry in
            Fold(
                training: try Self.names(in: entry, ["train", "training"], number, url),
                validation: try Self.names(in: entry, ["val", "validation"], number, url))
        }
    }

    private static func names(in entry: JSONValue, _ keys: [String], _ number: Int, _ url: URL) throws -> [String] {
        func fail(_ problem: String) -> SplitError { .file(path: url.path, problem: "its split \(number) \(problem)") }
        guard entry.object != nil else { throw fail("is not an object with the members train and val") }
        guard let value = keys.lazy.compactMap({ entry[$0] }).first else { throw fail("has no member \(keys[0])") }
        guard let list = value.array, case let names = list.compactMap(\.string), names.count == list.count else {
            throw fail("has a member \(keys[0]) that is not a list of case names")
        }
        return names
    }

    /// The split of that number, its names sorted.
    ///
    /// - Parameter names: the cases of the data set.
    /// - Parameter number: the number of the fold.
    /// - Throws: `SplitError` when there is none, a side is empty, a case is unknown, named twice or on both sides.
    public func fold(_ number: Int, of names: [String]) throws -> Fold {
        guard folds.indices.contains(number) else {
            throw SplitError.noSuchFold(
                "\(number)", expected: folds.count == 1 ? "0, the only split of \(url.path)" : "0 to \(folds.count - 1), the splits of \(url.path)")
        }
        func fail(_ problem: String) -> SplitError { .file(path: url.path, problem: "its split \(number) \(problem)") }
        let fold = folds[number], known = Set(names)
        for (side, cases) in [("train", fold.training), ("val", fold.validation)] {
            guard !cases.isEmpty else { throw fail("has no case in \(side); both sides need one") }
            let unknown = Set(cases).subtracting(known).sorted(by: CaseNames.isBefore)
            guard unknown.isEmpty else {
                throw fail(
                    "names \(SplitError.count(unknown)) in \(side) that the data set lacks: \(SplitError.list(unknown)); "
                        + "names are those of the files without channel number and ending")
            }
            let twice = Dictionary(grouping: cases) { $0 }.filter { $0.value.count > 1 }.keys.sorted(by: CaseNames.isBefore)
            guard twice.isEmpty else { throw fail("names \(SplitError.list(twice)) more than once in \(side)") }
        }
        let both = Set(fold.training).intersection(fold.validation).sorted(by: CaseNames.isBefore)
        guard both.isEmpty else { throw fail("has \(SplitError.count(both)) on both sides: \(SplitError.list(both))") }
        return Fold(
            training: fold.training.sorted(by: CaseNames.isBefore), validation: fold.validation.sorted(by: CaseNames.isBefore))
    }

    /// The file of splits that comes with a data set: `splits_final.json` or `splits.json` in its folder, or `splits_final.json` in the
    /// folder of the same name below `nnUNet_preprocessed` beside nnU-Net's `nnUNet_raw`. Nil where there is none.
    public static func url(of folder: URL) -> URL? {
        let root = folder.standardizedFileURL, parent = root.deletingLastPathComponent()
        var places = [root.appendingPathComponent("splits_final.json"), root.appendingPathComponent("splits.json")]
        if parent.lastPathComponent == "nnUNet_raw" {
            places.append(
                parent.deletingLastPathComponent().appendingPathComponent("nnUNet_preprocessed/\(root.lastPathComponent)/splits_final.json"))
        }
        return places.first { FileManager.default.fileExists(atPath: $0.path) }
    }
}
