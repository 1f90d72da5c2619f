import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRPictures
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

@testable import UNETRTraining

struct TrainingFileTests {
    private static func record(_ epoch: Int, loss: Double = 0.5, dice: [Double]? = nil, estimate: [Double?]? = nil) -> EpochRecord {
        EpochRecord(
            epoch: epoch, loss: loss, learningRate: 0.01, gradientNorm: 2, validationLoss: nil, estimatedDice: estimate, validationDice: dice)
    }

    private static func timing(_ epoch: Int) -> EpochTiming { EpochTiming(epoch: epoch, seconds: 8, waiting: 2, validation: 1, checkpoint: 0.5) }

    private static func text(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }

    @Test func `A line of the log holds what the epoch gave, keys sorted, and nothing of the clock`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let run = TrainingRun(folder: folder)
            try run.append(Self.record(1, estimate: [0.25, nil]))
            try run.append(Self.record(2, loss: 0.25, dice: [0.5, 1]))
            let lines = """
                {"epoch":1,"estimatedDice":[0.25,null],"gradientNorm":2,"learningRate":0.01,"loss":0.5}
                {"epoch":2,"gradientNorm":2,"learningRate":0.01,"loss":0.25,"validationDice":[0.5,1]}

                """
            #expect(try Self.text(run.log) == lines)
            #expect(run.records() == [Self.record(1, estimate: [0.25, nil]), Self.record(2, loss: 0.25, dice: [0.5, 1])])
            try run.append(Self.timing(1))
            #expect(try Self.text(run.timing) == #"{"checkpoint":0.5,"epoch":1,"seconds":8,"validation":1,"waiting":2}"# + "\n")
        }
    }

    @Test func `An epoch that is done again takes the place of its line and of all behind it`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let run = TrainingRun(folder: folder)
            for epoch in 1...4 {
                try run.append(Self.record(epoch))
                try run.append(Self.timing(epoch))
            }
            try run.append(Self.record(3, loss: 0.125))
            #expect(run.records().map(\.loss) == [0.5, 0.5, 0.125])
            try run.cut(after: 2)
            #expect(run.records().map(\.epoch) == [1, 2] && run.timings().map(\.epoch) == [1, 2])
            let before = try FileManager.default.attributesOfItem(atPath: run.log.path)[.systemFileNumber] as? Int
            try run.cut(after: 2)
            #expect(try FileManager.default.attributesOfItem(atPath: run.log.path)[.systemFileNumber] as? Int == before, "nothing to cut, nothing written")
        }
    }

    @Test func `A line that was cut off by a full disk does not hide the others`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let run = TrainingRun(folder: folder)
            #expect(run.records().isEmpty)
            try run.append(Self.record(1))
            let file = try FileHandle(forWritingTo: run.log)
            try file.seekToEnd()
            try file.write(contentsOf: Data(#"{"epoch":2,"los"#.utf8))
            try file.close()
            #expect(run.records() == [Self.record(1)])
        }
    }

    @Test func `Means leave out what is not known`() {
        #expect(Self.record(1, estimate: [0.25, nil, 0.75]).estimatedMean == 0.5)
        #expect(Self.record(1, estimate: [nil]).estimatedMean == nil && Self.record(1).estimatedMean == nil)
        #expect(Self.record(1, dice: [0.5, 1]).meanDice == 0.75 && Self.record(1).meanDice == nil)
    }

    @Test func `The board's figures have one name each, those that are not known have none`() {
        var record = Self.record(1, dice: [0.5, 1], estimate: [0.25, nil])
        record.validationLoss = 0.75
        let scalars = record.scalars(["liver", "spleen"]) + Self.timing(1).scalars
        #expect(
            scalars.map(\.tag) == [
                "loss/training", "learning_rate", "gradient_norm", "loss/validation_patches", "dice_estimate/liver", "dice/liver", "dice/spleen",
                "time/epoch_seconds", "time/waiting_share", "time/checkpoint_share",
            ])
        #expect(scalars.map(\.value) == [0.5, 0.01, 2, 0.75, 0.25, 0.5, 1, 8, 0.25, 0.0625])
    }

    @Test func `A score is shown with its spread, or as undefined`() {
        let score = TrainingSummary.Score(
            name: "liver", dice: .init(mean: 0.89123, deviation: 0.021), hd95: .init(mean: 1.234, deviation: nil))
        #expect(score.text == "Dice 0.8912 ± 0.0210, HD95 1.23 mm")
        #expect(TrainingSummary.Score(name: "spleen", dice: nil, hd95: nil).text == "Dice undefined, HD95 undefined mm")
    }

    @Test func `The chart has a line for each figure that any epoch has`() throws {
        let plan = try TinyModel.plan([.init(name: "a", value: 1), .init(name: "b", value: 2)])
        let chart = ProgressChart.chart(of: [Self.record(1, estimate: [0.5, 0.25]), Self.record(2, loss: 0.25, dice: [0.75, 0.5])], plan: plan)
        #expect(chart.panels.map { $0.series.map(\.name) } == [["training"], ["a", "a, estimate", "b", "b, estimate"], ["rate"]])
        #expect(chart.panels[0].series[0].points.map(\.y) == [0.5, 0.25])
        #expect(chart.panels[1].series[0].points.map(\.x) == [2] && chart.panels[1].series[3].points.map(\.y) == [0.25])
        #expect(chart.panels[1].series[1].isDashed && !chart.panels[1].series[0].isDashed)
    }

    @Test func `run.json is refused after a change, and says what is missing`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let run = TrainingRun(folder: folder.appending(path: "run"))
            func problem() -> String { do { _ = try run.readDescription() } catch { return "\(error)" }; return "" }
            #expect(!run.exists && problem().hasPrefix("\(run.folder.path) is not a training run: run.json is missing"))
            let description = TrainingRun.Description(
                plan: try TinyModel.plan(), configuration: TrainingConfiguration(), prepared: "/p", fold: Fold(training: ["a"], validation: []))
            try run.write(description)
            #expect(try run.exists && run.readDescription() == description)
            let json = try Self.text(run.folder.appending(path: "run.json"))
            try Data(json.replacingOccurrences(of: "\"/p\"", with: "\"/q\"").utf8).write(to: run.folder.appending(path: "run.json"))
            #expect(problem().contains("run.json is damaged or was changed: it is not what run.json.sha256 was written for"))
            try FileManager.default.removeItem(at: run.folder.appending(path: "run.json.sha256"))
            #expect(try run.readDescription().prepared == "/q", "runs of earlier versions have no digest")
        }
    }
}
