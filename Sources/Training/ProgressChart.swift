import Pictures
import Preparation

/// `progress.svg`: how a run goes, drawn anew after every epoch.
enum ProgressChart {
    static func chart(of records: [EpochRecord], plan: Plan) -> LineChart {
        func line(_ name: String, _ value: (EpochRecord) -> Double?) -> LineChart.Series {
            .init(name: name, points: records.compactMap { record in value(record).map { (Double(record.epoch), $0) } })
        }
        let dice = plan.labels.foreground.enumerated().map { index, label in
            var series = line(label.name) { $0.validationDice?[index] }
            series.color = label.colour.flatMap(Color.init(hex:))
            return series
        }
        return LineChart(
            title: "\(plan.dataset): training", subtitle: "Dice is of whole validation cases, without mirroring", horizontalLabel: "epoch",
            panels: [
                .init(title: "Loss", verticalLabel: "cross-entropy − Dice", series: [line("training") { $0.loss }]),
                .init(title: "Validation", verticalLabel: "Dice", series: dice, range: 0...1),
                .init(title: "Learning rate", verticalLabel: "", series: [line("rate") { $0.learningRate }], scale: .logarithmic),
            ])
    }
}
