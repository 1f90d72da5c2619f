import Foundation
import UNETRPlanning
import UNETRPreparation
import UNETRTraining

/// What is asked of a split; whatever is nil is left to the data set, or to the run that goes on.
public struct SplitWish: Sendable, Equatable {
    /// "all", "published", or the number of a fold.
    public var fold: String?

    /// A regular expression that finds the group in a case's name, or `SplitRequest.none`.
    public var group: String?

    /// Path of a table with the group of each case, and its column with the groups.
    public var groupFile: String?
    /// The column of `groupFile` with the groups.
    public var groupColumn: String?

    /// Path of a file with splits, or `SplitRequest.none`.
    public var splits: String?

    /// A wish; nil leaves it to the run or the data set.
    public init(fold: String? = nil, group: String? = nil, groupFile: String? = nil, groupColumn: String? = nil, splits: String? = nil) {
        self.fold = fold
        self.group = group
        self.groupFile = groupFile
        self.groupColumn = groupColumn
        self.splits = splits
    }

    var request: SplitRequest {
        func path(_ text: String?) -> String? { text.map { $0 == SplitRequest.none ? $0 : URL(fileURLWithPath: $0).path } }
        return SplitRequest(fold: fold ?? "0", group: group, groupFile: path(groupFile), groupColumn: groupColumn, splits: path(splits))
    }

    /// The split of a new run; nothing but names is looked at.
    func split(of dataset: Dataset, benchmark: Benchmark?) throws -> Split {
        try Split(
            request, of: dataset.cases.filter { $0.labelURL != nil }.map(\.name), folder: dataset.folder, benchmark: benchmark)
    }

    /// The split that a run was started with, which nothing that is asked for may contradict.
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

    /// The split of a run that wrote down its cases only: a fold that is asked for must have these very cases.
    private func split(ofUnexplained recorded: Fold) throws -> Fold {
        guard let fold, let choice = FoldChoice(fold), choice != .published else { return recorded }
        guard try choice.cases(of: recorded.training + recorded.validation, benchmark: nil) == recorded else {
            throw SplitError.contradiction(what: "choice of cases", asked: "fold \(fold)", recorded: "another fold")
        }
        return recorded
    }
}
