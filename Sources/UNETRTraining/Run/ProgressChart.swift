import UNETRPictures
import UNETRPlanning
import UNETRVolumes

/// `progress.svg`: how a run goes, drawn anew after every epoch.
enum ProgressChart {
    static func chart(of records: [EpochRecord], plan: Plan) -> LineChart {
        func line(_ name: String, _ value: (EpochRecord) -> Double?) -> LineChart.Series {
            .init(name: name, points: records.compactMap { record in value(record).map { (Double(record.epoch), $0) } })
        }
        let dice = plan.labels.foreground.enumerated().flatMap { index, label in
            var whole = line(label.name) { $0.validationDice?[index] }
            var patches = line("\(label.name), estimate") { $0.estimatedDice?[index] }
            whole.color = label.color.flatMap(Color.init(hex:)) ?? .distinct(index)
            (patches.color, patches.isDashed) = (whole.color, true)
            return [whole, patches].filter { !$0.points.isEmpty }
        }
        return LineChart(
            title: "\(plan.dataset): training", subtitle: "Dice is of whole validation cases, without mirroring; estimates are of patches",
            horizontalLabel: "epoch",
            panels: [
                .init(
                    title: "Loss", verticalLabel: "cross-entropy − Dice",
                    series: [line("training") { $0.loss }, line("validation patches") { $0.validationLoss }].filter { !$0.points.isEmpty }),
                .init(title: "Validation", verticalLabel: "Dice", series: dice, range: 0...1),
                .init(title: "Learning rate", verticalLabel: "", series: [line("rate") { $0.learningRate }], scale: .logarithmic),
            ])
    }
}
