import Foundation
import UNETRPlanning

extension DatasetCheck {
    /// The ways in which the cases of a data set will be divided, and what is wrong with them.
    struct Divisions {
        /// What the names say about patients.
        let groups: CaseGroups
        private(set) var findings: [DatasetFinding] = []

        /// Each division with what it is called.
        private var splits: [(name: String, fold: Fold)] = []

        /// - Throws: `SplitError` or `FileError` for a file of splits that was named.
        init(of dataset: Dataset, _ named: URL?) throws {
            let names = dataset.cases.map(\.name)
            groups = CaseGroups(statedBy: names)
            splits.append(("the data set's division into training and test cases", Fold(training: names, validation: dataset.testCases.map(\.name))))
            let benchmark = Benchmark(of: dataset)
            if let benchmark, let fold = try? FoldChoice.published.cases(of: names, benchmark: benchmark) {
                splits.append(("the published split of \(benchmark.rawValue)", fold))
            }
            do { splits += try Self.splits(in: named ?? SplitFile.url(of: dataset.folder), names) } catch {
                if named != nil { throw error }
                findings.append(DatasetFinding(.unusableSplit, .error, nil, "\(error)"))
            }
            let patients = CaseGroups(statedBy: names + dataset.testCases.map(\.name))
            for (name, fold) in splits {
                let torn = patients.torn(by: fold)
                guard !torn.isEmpty else { continue }
                findings.append(DatasetFinding(.tornGroup, .warning, nil, "\(name) has cases of one patient on both sides: \(SplitError.list(torn))"))
            }
        }

        private static func splits(in url: URL?, _ names: [String]) throws -> [(name: String, fold: Fold)] {
            guard let url else { return [] }
            let file = try SplitFile(contentsOf: url)
            return try file.folds.indices.map { ("split \($0) of \(url.path)", try file.fold($0, of: names)) }
        }

        /// Cases with the same voxels under different names: an error only where a split has them on both sides.
        func duplicates(_ checks: [CaseCheck]) -> [DatasetFinding] {
            Dictionary(grouping: checks.filter { $0.digest != nil }, by: \.digest).values.filter { $0.count > 1 }.map { copies in
                let names = copies.map(\.name).sorted(by: CaseNames.isBefore)
                let torn = splits.filter { split in
                    names.contains(where: split.fold.training.contains) && names.contains(where: split.fold.validation.contains)
                }
                let what = "\(names.joined(separator: " and ")) hold the same voxels"
                guard let first = torn.first else {
                    return DatasetFinding(
                        .duplicateScan, .warning, names[0], "\(what); folds keep them on one side, but the scan counts \(names.count) times")
                }
                return DatasetFinding(
                    .duplicateScan, .error, names[0],
                    "\(what), and \(first.name) has them on both sides; keep one of them, or what was trained on would be tested")
            }
        }
    }
}
