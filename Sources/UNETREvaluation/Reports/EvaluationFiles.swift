public import Foundation
import UNETRSupport

/// The files of an evaluation in a folder: `evaluation.json`, `summary.json` (nnU-Net v2's layout), `metrics.csv` and `report.html`.
public enum EvaluationFiles {
    /// The four files of an evaluation.
    public static let names = ["evaluation.json", "summary.json", "metrics.csv", "report.html"]

    /// Writes the result of a report in each form; each file replaces one that is there.
    ///
    /// - Throws: `FileError`.
    public static func write(_ report: EvaluationReport, to folder: URL) throws {
        try AtomicFile.write(report.result.json(), to: folder.appending(path: names[0]))
        try NNUNetSummary(report.result).write(to: folder.appending(path: names[1]))
        try CSVTable(report.result).write(to: folder.appending(path: names[2]))
        try report.write(to: folder.appending(path: names[3]))
    }
}
