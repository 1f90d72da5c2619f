public import Foundation
public import UNETRPlanning

/// How the cases of a data set are to be divided, as it is asked for.
public struct SplitRequest: Codable, Equatable, Sendable {
    /// The word for no groups, or for no file of splits, even where there would be some.
    public static let none = "none"

    /// "all", "published", or the number of a fold.
    public var fold: String

    /// A regular expression that finds the group in a case's name; `none`: every case by itself; nil: by `groupFile`, else what names say.
    public var group: String?

    /// Path of a table with the group of each case (see `CaseGroups.init(of:table:column:)`).
    public var groupFile: String?

    /// The table's column with the groups.
    public var groupColumn: String?

    /// Path of a file with splits (see `SplitFile`); `none`: no file; nil: the one that comes with the data set, if one does.
    public var splits: String?

    /// A wish; what is nil is decided by the data set.
    public init(
        fold: String = "0", group: String? = nil, groupFile: String? = nil, groupColumn: String? = nil, splits: String? = nil
    ) {
        self.fold = fold
        self.group = group
        self.groupFile = groupFile
        self.groupColumn = groupColumn
        self.splits = splits
    }

    func groups(of names: [String]) throws -> CaseGroups {
        if group == Self.none { return CaseGroups(each: names) }
        if let group { return try CaseGroups(of: names, rule: group) }
        if let groupFile { return try CaseGroups(of: names, table: URL(fileURLWithPath: groupFile), column: groupColumn) }
        return CaseGroups(statedBy: names)
    }
}

/// Where a split came from: what a run writes down beside its cases.
public struct SplitOrigin: Codable, Equatable, Sendable {
    /// What was asked for.
    public var request: SplitRequest

    /// What the cases were divided by, in words.
    public var source: String

    /// How the groups came about, in words; nil where every case is by itself.
    public var grouping: String?

    /// The groups of more than one case.
    public var groups: [String: [String]]
}

/// The cases of a data set divided into those for training and those for validation.
public struct Split: Equatable, Sendable {
    /// The cases.
    public let fold: Fold
    /// Where the division comes from.
    public let origin: SplitOrigin

    /// What is worth knowing: where the split is from, and which groups were found.
    public let notes: [String]

    /// What makes the validation look better than it is: groups on both sides.
    public let warnings: [String]

    private let names: [String]
    private let folder: URL
    private let benchmark: Benchmark?

    /// Divides the cases; reads no scan.
    ///
    /// - Parameters:
    ///   - names: all labeled cases of the data set.
    ///   - folder: the folder of the data set, which may hold a file of splits.
    ///   - benchmark: which benchmark the data set is, where that is known.
    ///   - copies: lists of cases known to hold the same voxels. Unless the request wants no groups, each becomes part of one group.
    ///   - request: what is asked for.
    /// - Throws: `SplitError`, `PreparationError` or `FileError` where the request does not fit the data set.
    public init(_ request: SplitRequest, of names: [String], folder: URL, benchmark: Benchmark?, copies: [[String]] = []) throws {
        (self.names, self.folder, self.benchmark) = (names, folder, benchmark)
        let found = CaseGroups(each: names).joined(by: copies)
        let groups = request.group == SplitRequest.none ? CaseGroups(each: names) : try request.groups(of: names).joined(by: copies)
        let (fold, source, file) = try Self.fold(request, groups, names, folder, benchmark)
        let torn = (request.group == SplitRequest.none ? found : groups).torn(by: fold)
        if let file, request.splits == nil, !torn.isEmpty { throw SplitError.torn(path: file.path, groups: torn) }
        self.fold = fold
        origin = SplitOrigin(request: request, source: source, grouping: groups.areSingle ? nil : groups.origin, groups: groups.shared)
        let unused = Set(names).subtracting(fold.training + fold.validation).sorted(by: CaseNames.isBefore)
        notes = [
            file.map { _ in "The cases are divided by \(source)" },
            request.fold == "all" ? nil : groups.note,
            unused.isEmpty ? nil : "\(source) leaves out \(SplitError.count(unused)) of the data set: \(SplitError.list(unused))",
        ].compactMap { $0 }
        warnings =
            torn.isEmpty
            ? []
            : [
                "\(source) has cases of \(torn.count) group\(torn.count == 1 ? "" : "s") on both sides: \(SplitError.list(torn)); "
                    + "the validation will look better than new patients' scans would"
            ]
    }

    /// The same request once it is known which cases hold the same voxels.
    /// - Throws: as the initializer.
    public func knowing(copies: [[String]]) throws -> Split {
        try Split(origin.request, of: names, folder: folder, benchmark: benchmark, copies: copies)
    }

    /// The fold, what it is from in words, and the file that it is from.
    private static func fold(
        _ request: SplitRequest, _ groups: CaseGroups, _ names: [String], _ folder: URL, _ benchmark: Benchmark?
    ) throws -> (Fold, String, URL?) {
        let choice = FoldChoice(request.fold)
        switch choice {
        case .all: return (try FoldChoice.all.cases(of: names, benchmark: benchmark), "every case for training", nil)
        case .published:
            return (try FoldChoice.published.cases(of: names, benchmark: benchmark), "the published split of \(benchmark?.rawValue ?? "")", nil)
        case .fold, nil: break
        }
        let given = request.splits.map { URL(fileURLWithPath: $0) }
        if request.splits != SplitRequest.none, let url = given ?? SplitFile.url(of: folder) {
            guard let number = Int(request.fold) else { throw SplitError.noSuchFold(request.fold, expected: "a number, all or published") }
            return (try SplitFile(contentsOf: url).fold(number, of: names), "split \(number) of \(url.path)", url)
        }
        guard case .fold(let number) = choice else { throw SplitError.noSuchFold(request.fold, expected: "0 to 4, all or published") }
        let source = groups.areSingle ? "fold \(number) of five" : "fold \(number) of five that tear no group"
        return (try CrossValidation.folds(groups)[number], source, nil)
    }
}
