import Foundation
import UNETRVolumes

extension EvaluationReport {
    /// The worst cases with their pictures.
    var worstCases: String {
        let shown = pictures.compactMap { picture in result.cases.first { $0.name == picture.caseName }.map { ($0, picture) } }
        guard !shown.isEmpty else { return "" }
        let cards = shown.map { metrics, picture in
            "<div class=\"card\"><h3>\(HTML.escaped(metrics.name)), mean Dice \(text(metrics.meanDice, .dice))</h3><div class=\"case\">"
                + "<img alt=\"Prediction, reference and difference of \(HTML.escaped(metrics.name)) in three planes\" "
                + "src=\"data:image/png;base64,\(picture.png.base64EncodedString())\">"
                + HTML.table(head: ["class"] + short.map(title), rows: rows(metrics)) + "</div></div>"
        }
        return "<h2>Worst cases first</h2>\n" + cards.joined(separator: "\n")
    }

    /// Every case, the worst first; folded away where they are many.
    var caseTable: String {
        let figures = short
        let rows = result.worstFirst.flatMap { metrics in
            result.classes.compactMap { structure -> [String]? in
                guard let values = metrics.classes[structure.key] else { return nil }
                return [HTML.escaped(metrics.name), HTML.escaped(structure.name)] + figures.map { text($0.value(in: values), $0) }
                    + [text(values.predictionVolume, .predictionVolume), text(values.referenceVolume, .referenceVolume)]
            }
        }
        let table = HTML.table(
            head: ["case", "class"] + figures.map(title) + ["predicted, ml", "reference, ml"], rows: rows)
        let isOpen = rows.count <= 60 ? " open" : ""
        return "<h2>All cases, worst first</h2>\n<div class=\"card\"><details\(isOpen)><summary>\(result.cases.count) cases</summary>\(table)</details></div>"
    }

    private var short: [Figure] {
        [.dice] + (result.tolerances.isEmpty ? [] : [.hd95, .assd] + result.tolerances.prefix(1).map(Figure.nsd))
            + (result.hasLesions ? [.lesionF1] : [])
    }

    private func rows(_ metrics: CaseMetrics) -> [[String]] {
        result.classes.compactMap { structure in
            metrics.classes[structure.key].map { values in
                [HTML.escaped(structure.name)] + short.map { text($0.value(in: values), $0) }
            }
        }
    }
}
