import ArgumentParser
import UNETRPreparation
import UNETRWorkflows

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

    /// What was said; the rest is the data set's, or that of the run that goes on.
    var wish: SplitWish { SplitWish(fold: fold, group: group, groupFile: groupFile, groupColumn: groupColumn, splits: splits) }
}
