import Foundation
import Logging
import UNETRPreparation
import UNETRTraining

/// The cases of a run: a split that may still change when copies of a scan are found, or the recorded one, which stays.
struct CaseChoice {
    private(set) var fold: Fold
    private(set) var origin: SplitOrigin?
    private var split: Split?

    init(_ split: Split) { (self.split, fold, origin) = (split, split.fold, split.origin) }

    init(recorded: TrainingRun.Description, _ wish: SplitWish, _ dataset: Dataset?) throws {
        (fold, origin) = (try wish.split(of: dataset, recorded: recorded), recorded.split)
    }

    /// Says what is worth knowing about it.
    func log(_ logger: Logger) {
        for line in split?.notes ?? [] { logger.notice("\(line)") }
        for line in split?.warnings ?? [] { logger.warning("\(line)") }
    }

    /// Looks for copies of one scan among the prepared cases, and puts them on one side.
    mutating func look(for cases: [DatasetCase], in prepared: URL, _ logger: Logger) throws {
        guard let old = split else { return }
        let copies = try PreparedCopies.find(among: cases.map(\.name), in: prepared)
        guard !copies.isEmpty else { return }
        self = CaseChoice(try old.knowing(copies: copies))
        for list in copies { logger.notice("\(list.joined(separator: " and ")) hold the same voxels") }
        log(logger)
    }
}
