import ArgumentParser
import Foundation
import UNETRPreparation
import UNETRTraining

/// Which cases a command trains on and which it keeps for validation.
struct FoldOptions: ParsableArguments {
    @Option(
        help: """
            Cross-validation fold whose part is kept for validation, 0 to 4, or the number of a split in --splits; all: none is; published: \
            the benchmark's own split. (default: 0)
            """)
    var fold: String?

    @Option(
        help: """
            Regular expression for the group of a case in its name (its capture group, or the whole match), such as 'patient[0-9]+'; a group \
            stays on one side. Without it what names say plainly; none: every case by itself.
            """)
    var group: String?

    @Option(help: "Table (CSV or TSV with headings, such as case,patient) with the group of each case.", completion: .file())
    var groupFile: String?

    @Option(help: "The column of --group-file with the groups, where it has several.")
    var groupColumn: String?

    @Option(
        help: "Splits of your own (JSON), such as nnU-Net's splits_final.json; without it the one in the data set's folder; none: no file.",
        completion: .file())
    var splits: String?

    func validate() throws {
        if let fold, Int(fold) ?? -1 < 0, FoldChoice(fold) == nil {
            throw ValidationError("--fold is \(fold); expected 0 to 4, the number of a split in --splits, all or published")
        }
        if group != nil, groupFile != nil { throw ValidationError("give --group or --group-file, not both") }
        if groupColumn != nil, groupFile == nil { throw ValidationError("--group-column names a column of --group-file, which is missing") }
        if splits != nil, splits != SplitRequest.none, fold == "all" || fold == "published" {
            throw ValidationError("--fold \(fold!) and --splits contradict each other; give the number of a split in the file")
        }
    }

    private var request: SplitRequest {
        func path(_ text: String?) -> String? { text.map { $0 == SplitRequest.none ? $0 : URL(fileURLWithPath: $0).path } }
        return SplitRequest(fold: fold ?? "0", group: group, groupFile: path(groupFile), groupColumn: groupColumn, splits: path(splits))
    }

    /// The split of a new run; nothing but names is looked at.
    func split(of dataset: Dataset, benchmark: Benchmark?) throws -> Split {
        try Split(
            request, of: dataset.cases.filter { $0.labelURL != nil }.map(\.name), folder: dataset.folder, benchmark: benchmark)
    }

    /// The split that a run was started with, which nothing that is given may contradict.
    func split(of dataset: Dataset?, recorded: TrainingRun.Description) throws -> Fold {
        if let dataset {
            let missing = Set(recorded.fold.training + recorded.fold.validation).subtracting(dataset.cases.map(\.name)).sorted()
            guard missing.isEmpty else { throw SplitError.missingCases(names: missing) }
        }
        guard let old = recorded.split?.request else { return try split(ofUnexplained: recorded.fold) }
        let new = request
        let pairs: [(what: String, asked: String?, given: String?, recorded: String?)] = [
            ("fold", fold, new.fold, old.fold), ("rule of groups", group, new.group, old.group),
            ("table of groups", groupFile, new.groupFile, old.groupFile), ("column of groups", groupColumn, new.groupColumn, old.groupColumn),
            ("file of splits", splits, new.splits, old.splits),
        ]
        for pair in pairs where pair.asked != nil && pair.given != pair.recorded {
            throw SplitError.contradiction(what: pair.what, asked: pair.given ?? "", recorded: pair.recorded ?? "none")
        }
        return recorded.fold
    }
}

extension FoldOptions {
    /// The split of a run that wrote down its cases only: a fold that is asked for must have these very cases.
    private func split(ofUnexplained recorded: Fold) throws -> Fold {
        guard let fold, let choice = FoldChoice(fold), choice != .published else { return recorded }
        guard try choice.cases(of: recorded.training + recorded.validation, benchmark: nil) == recorded else {
            throw SplitError.contradiction(what: "choice of cases", asked: "fold \(fold)", recorded: "another fold")
        }
        return recorded
    }
}

/// The cases of a run: a split that may still change when copies of a scan are found, or the recorded one, which stays.
struct CaseChoice {
    private(set) var fold: Fold
    private(set) var origin: SplitOrigin?
    private var split: Split?

    init(_ split: Split) { (self.split, fold, origin) = (split, split.fold, split.origin) }

    init(recorded: TrainingRun.Description, _ options: FoldOptions, _ dataset: Dataset?) throws {
        (fold, origin) = (try options.split(of: dataset, recorded: recorded), recorded.split)
    }

    /// What to tell about it.
    var lines: [String] { (split?.notes ?? []) + (split?.warnings ?? []).map { "Warning: \($0)" } }

    /// Looks for copies of one scan among the prepared cases, and puts them on one side.
    mutating func look(for cases: [DatasetCase], in prepared: URL) throws {
        guard let old = split else { return }
        let copies = try PreparedCopies.find(among: cases.map(\.name), in: prepared)
        guard !copies.isEmpty else { return }
        self = CaseChoice(try old.knowing(copies: copies))
        for list in copies { ProgressBar("", total: 0).say("\(list.joined(separator: " and ")) hold the same voxels") }
        for line in lines { ProgressBar("", total: 0).say(line) }
    }
}
