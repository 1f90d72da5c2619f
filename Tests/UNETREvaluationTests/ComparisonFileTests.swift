import Foundation
import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETREvaluation

/// Comparisons of results with given figures: rows, rankings, and the files that hold them.
struct ComparisonFileTests {
    private static let classes = [LabelDefinition(1, name: "liver"), LabelDefinition(2, name: "spleen")]

    /// Model A: one distance is infinite.
    private static let ours = MadeUp.result(
        classes,
        [
            ("x", ["1": MadeUp.figures(90, hd95: 2, nsd: 0.9), "2": MadeUp.figures(60, hd95: 4, nsd: 0.8)]),
            ("y", ["1": MadeUp.figures(80, hd95: 3, nsd: 0.7), "2": MadeUp.figures(70, hd95: .infinity, nsd: 0)]),
        ])

    /// Model B: no spleen in y.
    private static let theirs = MadeUp.result(
        classes,
        [
            ("x", ["1": MadeUp.figures(80, hd95: 5, nsd: 0.5), "2": MadeUp.figures(60, hd95: 4, nsd: 0.8)]),
            ("y", ["1": MadeUp.figures(60, hd95: 4, nsd: 0.7), "2": MadeUp.figures(nil)]),
        ])

    private static func report(_ others: [(String, EvaluationResult)] = [("theirs", theirs)]) throws -> ComparisonReport {
        try ComparisonReport(of: [("ours", ours)] + others)
    }

    @Test func `Each figure has a row for each class and one for their mean, which leaves out what is undefined`() throws {
        let rows = try Comparison(Self.ours, Self.theirs).rows
        #expect(rows.map(\.name) == ["liver", "spleen", "mean of classes", "liver", "spleen", "mean of classes"])
        #expect(rows.map(\.key) == ["1", "2", nil, "1", "2", nil])
        #expect(rows.map(\.figure) == [.dice, .dice, .dice, .hd95, .hd95, .hd95])
        #expect(rows[0].pairs == [.init(name: "x", a: 0.9, b: 0.8), .init(name: "y", a: 0.8, b: 0.6)])
        // B has no spleen in y: the class is left out there, and B's mean is that of the liver alone.
        #expect(rows[1].pairs == [.init(name: "x", a: 0.6, b: 0.6)] && rows[1].leftOut == 1 && rows[1].ties == 1)
        #expect(rows[2].pairs == [.init(name: "x", a: 0.75, b: 0.7), .init(name: "y", a: 0.75, b: 0.6)])
        // An infinite distance counts in no mean.
        #expect(rows[4].pairs.map(\.name) == ["x"] && rows[4].leftOut == 1)
        #expect(rows[5].pairs == [.init(name: "x", a: 3, b: 4.5), .init(name: "y", a: 3, b: 4)])
        // Less distance wins.
        #expect(rows.map(\.wins) == [2, 0, 2, 2, 0, 2] && rows.allSatisfy { $0.losses == 0 })
    }

    @Test func `A difference within the tolerance is a tie`() throws {
        func wins(_ tolerance: Double) throws -> (Int, Int, Int) {
            let row = try Comparison(Self.theirs, Self.ours, figures: [.dice], tolerance: tolerance).rows[0]
            return (row.wins, row.ties, row.losses)
        }
        #expect(try wins(1e-9) == (0, 0, 2))
        #expect(try wins(0.15) == (0, 1, 1))
        #expect(try wins(0.5) == (0, 2, 0))
    }

    @Test func `A figure that is neither better nor worse is not compared`() throws {
        #expect(
            try Comparison(Self.ours, Self.theirs, figures: [.referenceVolume, .jaccard, .volumeDifference]).rows.map(\.figure) == [
                .jaccard, .jaccard, .jaccard,
            ])
    }

    /// SciPy 1.17.1: wilcoxon([0.1, 0.2]) gives 0 and 0.5; NumPy: std([0.1, 0.2], ddof=1) is 0.07071067811865477.
    @Test func `The JSON has every figure of a row by its name, null where there is none`() throws {
        let document = try JSONText.decode(JSONValue.self, from: Self.report().json())
        #expect(document["a"] == "ours" && document["definition"] == "default" && document["rankings"] == [])
        let entry = try #require(document["comparisons"]?.array?.first), rows = try #require(entry["rows"]?.array)
        // Dice, HD95 and the surface Dice at the first tolerance, for two classes and their mean.
        #expect(
            entry["b"] == "theirs"
                && rows.map { $0["figure"]?.string } == [String](repeating: "dice", count: 3) + ["hd95", "hd95", "hd95", "nsd1", "nsd1", "nsd1"])
        let liver = rows[0]
        #expect(liver["class"] == "1" && liver["name"] == "liver" && liver["method"] == "exact" && liver["leftOut"] == 0)
        let numbers: [(String, Double)] = [
            ("meanA", 0.85), ("meanB", 0.7), ("difference", 0.15), ("standardDeviation", 0.07071067811865477), ("statistic", 0), ("pValue", 0.5),
            ("wins", 2), ("ties", 0), ("losses", 0),
        ]
        for (name, value) in numbers { #expect(abs((liver[name]?.double ?? .nan) - value) < 1e-12, "\(name)") }
        // Of two differences every fourth sample is the smaller one twice, so the interval goes from one to the other.
        let interval = try #require(liver["interval"]?.doubles)
        #expect(interval.count == 2 && abs(interval[0] - 0.1) < 1e-12 && abs(interval[1] - 0.2) < 1e-12)
        #expect(liver["cases"]?.array?.map { $0["case"]?.string } == ["x", "y"] && liver["cases"]?.array?[1]["b"] == 0.6)
        #expect(rows[2]["class"] == .null && rows[2]["name"] == "mean of classes")
        // One pair has neither deviation nor interval.
        for name in ["standardDeviation", "interval"] { #expect(rows[1][name] == .null, "\(name)") }
        #expect(rows[1]["method"] == "permutation" && rows[1]["pValue"] == 1)
        // The surface Dice of a class that B does not have.
        #expect(rows[7]["leftOut"] == 1)
    }

    @Test func `Where one result has no distances, only Dice is compared`() throws {
        let plain = MadeUp.result(
            [LabelDefinition(1, name: "liver")],
            [("x", ["1": MadeUp.figures(50, surfaces: false)]), ("y", ["1": MadeUp.figures(50, surfaces: false)])])
        let report = try Self.report([("plain", plain), ("theirs", Self.theirs)])
        #expect(report.opponents.map(\.name) == ["plain", "theirs"])
        #expect(report.opponents.allSatisfy { $0.comparison.rows.allSatisfy { $0.figure == .dice } } && report.rankings.map(\.figure) == [.dice])
        // Only the liver is in both: one row and no mean.
        #expect(report.opponents[0].comparison.rows.map(\.name) == ["liver"])
    }

    @Test func `The lines of a terminal have the figures in the definition's unit and to its decimals`() throws {
        let comparison = try Self.report().opponents[0].comparison
        let lines = ComparisonReport.lines(comparison)
        #expect(lines[0] == ["liver, Dice", "0.8500", "0.7000", "0.1500", "0.1000 to 0.2000", "0.5000", "2", "0", "0", "0"])
        #expect(lines[1] == ["spleen, Dice", "0.6000", "0.6000", "0.0000", "–", "1.0000", "0", "1", "0", "1"])
        #expect(lines[3] == ["liver, HD95 (mm)", "2.50", "4.50", "−2.00", "−3.00 to −1.00", "0.5000", "2", "0", "0", "0"])
        #expect(lines[6][0] == "liver, NSD 1" && lines.allSatisfy { $0.count == ComparisonReport.head.count })
        var voxels = comparison
        voxels.definition = .unetrPlusPlusScript
        #expect(ComparisonReport.lines(voxels)[3][0] == "liver, HD95 (voxels)")
    }

    @Test(arguments: [(0.00009, "< 0.0001"), (0.0001, "0.0001"), (0.03712, "0.0371"), (1, "1.0000")])
    func `P-values are printed as papers print them`(value: Double, text: String) {
        #expect(ComparisonReport.probability(value) == text)
    }

    @Test func `Both files hold the comparison, and the page lists the cases that A loses most first`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let report = try Self.report(), place = folder.appending(path: "new/comparison")
            try ComparisonFiles.write(report, to: place)
            #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).sorted() == ComparisonFiles.names.sorted())
            #expect(try Data(contentsOf: place.appending(path: "comparison.json")) == report.json())
            let page = try String(contentsOf: place.appending(path: "comparison.html"), encoding: .utf8)
            #expect(page == report.html && page.contains("<title>ours against theirs</title>") && page.contains("<h2>A = ours, B = theirs, 2 cases</h2>"))
            func order(_ row: String) throws -> [String] {
                let part = try #require(page.components(separatedBy: "<summary>\(row) (A loses most first)</summary>").dropFirst().first)
                let table = part.components(separatedBy: "</table>")[0]
                return table.components(separatedBy: "<th scope=\"row\">").dropFirst().map { String($0.prefix { $0 != "<" }) }
            }
            // A gains 0.1 in x and 0.2 in y; 3 mm in x and 1 mm in y.
            #expect(try order("liver, Dice") == ["x", "y"] && order("liver, HD95 (mm)") == ["y", "x"])
            // One chart a figure.
            #expect(page.components(separatedBy: "<svg").count - 1 == 3)
        }
    }

    // MARK: Rankings

    private static func model(_ dice: [Int?], hd95: [Double?], classes: [LabelDefinition] = [LabelDefinition(1)]) -> EvaluationResult {
        MadeUp.result(
            classes,
            zip(dice, hd95).enumerated().map { number, figures in
                ("case \(number)", Dictionary(uniqueKeysWithValues: classes.map { ($0.key, MadeUp.figures(figures.0, hd95: figures.1)) }))
            })
    }

    @Test func `What is undefined or infinite ranks last, ties share their rank, and a case without any value counts nowhere`() throws {
        let models = [
            ("a", Self.model([90, nil, nil], hd95: [1, .infinity, nil])), ("b", Self.model([80, 50, nil], hd95: [1, 2, nil])),
            ("c", Self.model([80, nil, nil], hd95: [3, nil, nil])),
        ].map { (name: $0.0, result: $0.1) }
        // Dice: 1, 2.5, 2.5 and 2.5, 1, 2.5.
        let dice = try Ranking(models, by: .dice)
        #expect(dice.entries.map(\.name) == ["a", "b", "c"] && dice.entries.map(\.meanRank) == [1.75, 1.75, 2.5])
        #expect(dice.entries.map(\.mean) == [0.9, 0.65, 0.8])
        // HD95: 1.5, 1.5, 3 and 2.5, 1, 2.5.
        let distance = try Ranking(models, by: .hd95)
        #expect(distance.entries.map(\.name) == ["b", "a", "c"] && distance.entries.map(\.meanRank) == [1.25, 2, 2.75])
        #expect(distance.entries.map(\.mean) == [1.5, 1, 3])
        let none = try Ranking([models[0], models[2]], by: .lesionF1)
        #expect(none.entries.map(\.meanRank) == [1, 1] && none.entries.map(\.mean) == [nil, nil])
    }

    @Test func `Only classes that every model was scored on are ranked, whichever model comes first`() throws {
        let liver = LabelDefinition(1), spleen = LabelDefinition(2)
        let one = Self.model([70, 70], hd95: [1, 1], classes: [liver]), both = Self.model([60, 80], hd95: [1, 1], classes: [liver, spleen])
        for models in [[("one", one), ("both", both)], [("both", both), ("one", one)]] {
            let ranking = try Ranking(models.map { (name: $0.0, result: $0.1) }, by: .dice)
            #expect(ranking.entries.map(\.meanRank) == [1.5, 1.5] && ranking.entries.allSatisfy { abs($0.mean! - 0.7) < 1e-12 })
        }
        let other = Self.model([60, 80], hd95: [1, 1], classes: [spleen])
        // Each two have a class in common with the first, but not all three.
        #expect(throws: EvaluationError.notComparable("they have no class in common")) {
            try Ranking([("both", both), ("one", one), ("other", other)].map { (name: $0.0, result: $0.1) }, by: .dice)
        }
        #expect(throws: EvaluationError.notComparable("there is no result")) { try Ranking([], by: .dice) }
    }

    @Test func `Rankings are in the JSON with each model's mean rank`() throws {
        let report = try Self.report([("theirs", Self.theirs), ("again", Self.ours)])
        let rankings = try #require(try JSONText.decode(JSONValue.self, from: report.json())["rankings"]?.array)
        #expect(rankings.map { $0["figure"]?.string } == ["dice", "hd95", "nsd1"])
        // Dice, four places: A and its copy 1.5 in three of them and 2 in the tie; B 3, 2, 3, 3.
        let models = try #require(rankings[0]["models"]?.array)
        #expect(models.map { $0["name"]?.string } == ["ours", "again", "theirs"])
        #expect(models.map { $0["meanRank"]?.double } == [1.625, 1.625, 2.75])
        #expect(report.html.contains("<h3>Ranking by Dice</h3>") && report.html.contains("1. ours</th><td>1.62</td><td>0.7500</td>"))
    }
}
