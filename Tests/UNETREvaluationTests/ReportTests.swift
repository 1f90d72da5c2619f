import Foundation
import TestSupport
import Testing
import UNETREvaluation
import UNETRPictures
import UNETRSupport
import UNETRVolumes

@Suite struct ReportTests {
    private func result(_ definition: MetricDefinition = .default) throws -> EvaluationResult {
        let evaluator = Evaluator(
            definition: definition, classes: [LabelDefinition(1, name: "anterior, <left>"), LabelDefinition(2, name: "posterior")])
        return try evaluator.result(
            ["shift1", "other_subject", "deleted_class2"].map { name in
                let pair = ReferencePair.named(name)
                return try evaluator.evaluate(pair.prediction, against: pair.reference, case: name == "shift1" ? "odd \"name\", 1" : name)
            })
    }

    @Test("The CSV has one line a case and class, quotes what needs it, and leaves undefined values empty")
    func csv() throws {
        let lines = CSVTable(try result(.medpy)).text.split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.count == 1 + 6 + 1)
        let head = lines[0].split(separator: ",")
        #expect(head.prefix(7) == ["case", "class", "name", "definition", "unit", "tp", "fp"] && head.last == "nsd2")
        #expect(lines[1].hasPrefix("\"odd \"\"name\"\", 1\",1,\"anterior, <left>\",medpy,mm,"))
        let missed = lines[6].split(separator: ",", omittingEmptySubsequences: false)
        #expect(missed.count == head.count)
        #expect(missed[Int(head.firstIndex(of: "hd95")!)] == "" && missed[Int(head.firstIndex(of: "dice")!)] == "0.0")
        #expect(CSVTable(try result(.monai)).text.contains(",inf,"))
    }

    @Test("The worst cases come first, a case without any Dice last")
    func order() throws {
        #expect(try result().worstFirst.map(\.name) == ["deleted_class2", "other_subject", "odd \"name\", 1"])
    }

    @Test("The report needs no other file, escapes names, and states definition, policy and what was left out")
    func html() throws {
        let result = try result(.medpy)
        let picture = EvaluationReport.Picture(caseName: "deleted_class2", png: Data([1, 2, 3]))
        let html = EvaluationReport(title: "A & B", result: result, pictures: [picture], table: .hippocampus).html
        #expect(html.contains("<h1>A &amp; B</h1>") && html.contains("anterior, &lt;left&gt;") && !html.contains("<left>"))
        #expect(html.contains("data:image/png;base64,AQID"))
        #expect(html.contains("95th percentile of both directed lists together") && html.contains("Both empty: Dice, Hausdorff"))
        #expect(html.components(separatedBy: "<svg").count - 1 == 4)
        for outside in ["http-equiv", "src=\"http", "href=", "<script", "@import", "url("] { #expect(!html.contains(outside), "\(outside)") }
        #expect(html.contains("nnU-Net v2, 5 folds (published)") && html.contains("89.04"))
        // HD95 of the deleted class is undefined for medpy: 2 values, 1 left out.
        #expect(html.contains("<td>2</td><td>1</td></tr>"))
    }

    @Test("Published tables say what is not comparable")
    func published() throws {
        #expect(["synapse", "btcv", "acdc", "brats", "lung"].allSatisfy { PublishedTable.named($0) != nil })
        let result = try result()
        let remarks = PublishedTable.synapse.remarks(for: result).joined(separator: " ")
        #expect(remarks.contains("NOT comparable") && remarks.contains("Not scored here") && remarks.contains("liver"))
        var script = result
        script.definition = .unetrPlusPlusScript
        #expect(PublishedTable.synapse.remarks(for: script).joined().contains("may stand beside"))
        let lines = PublishedTable.synapse.lines(with: result)
        #expect(lines[1].prefix(3) == ["UNETR++ (published)", "87.22", "7.53"])
        #expect(lines.allSatisfy { $0.count == PublishedTable.synapse.head.count })
        let mean = try #require(result.meanDice(of: "1"))
        #expect(lines[0][PublishedTable.synapse.head.firstIndex(of: "spleen")!] == String(format: "%.2f", mean * 100))
    }

    @Test("The picture shows prediction, reference and difference in the colors of its key")
    func picture() throws {
        let reference = labelMap([8, 9, 10], spacing: [2, 1, 1]) { d, h, w in (2..<5).contains(d) && (2..<5).contains(h) && (2..<5).contains(w) ? 1 : 0 }
        let prediction = labelMap([8, 9, 10], spacing: [2, 1, 1]) { d, h, w in (2..<5).contains(d) && (2..<5).contains(h) && (3..<6).contains(w) ? 1 : 0 }
        let picture = ComparisonPicture(panelSize: 100).render(prediction, reference)
        let colors = Set(stride(from: 0, to: picture.pixels.count, by: 3).map { at in picture.pixels[at..<at + 3].map { Int($0) } })
        // Missed, invented and agreed voxels over black, 90 % and 45 % opaque.
        #expect(colors.contains([192, 85, 0]) && colors.contains([0, 142, 203]) && colors.contains([54, 54, 54]))
        let same = ComparisonPicture(panelSize: 100).render(reference, reference)
        let plain = Set(stride(from: 0, to: same.pixels.count, by: 3).map { at in same.pixels[at..<at + 3].map { Int($0) } })
        #expect(!plain.contains([192, 85, 0]) && !plain.contains([0, 142, 203]) && plain.contains([54, 54, 54]))
        let empty = labelMap([2, 2, 2]) { _, _, _ in 0 }
        #expect(ComparisonPicture(panelSize: 20).render(empty, empty).width > 0)
    }

    @Test("A comparison page prints both means, the interval, p and the wins")
    func comparisonPage() throws {
        let a = try StatisticsTests.result([90, 80, 70, 60]), b = try StatisticsTests.result([80, 70, 60, 65])
        let comparison = try Comparison(a, b, figures: [.dice])
        let report = ComparisonReport(
            name: "ours", opponents: [.init(name: "<theirs>", comparison: comparison)],
            rankings: [try Ranking([("ours", a), ("<theirs>", b)], by: .dice)])
        let line = ComparisonReport.lines(comparison)[0]
        #expect(line[0] == "organ, Dice" && line[1] == "0.7500" && line[2] == "0.6875" && line.count == ComparisonReport.head.count)
        #expect(line.suffix(4) == ["3", "0", "1", "0"])
        #expect(report.html.contains("&lt;theirs&gt;") && !report.html.contains("<theirs>") && report.html.contains("<svg"))
        #expect(report.html.contains("1. ours"))
    }

    @Test("Pictures of the worst cases are drawn from their files")
    func pictures() throws {
        try Fixtures.withTemporaryFolder { folder in
            let pairs = try ["shift1", "other_subject"].map { name in
                let pair = ReferencePair.named(name)
                let files = (folder.appendingPathComponent("p_\(name).nii.gz"), folder.appendingPathComponent("r_\(name).nii.gz"))
                try NIfTI.write(labels: pair.prediction, to: files.0)
                try NIfTI.write(labels: pair.reference, to: files.1)
                return CasePair(name: name, prediction: files.0, reference: files.1)
            }
            let result = try Evaluator(surfaces: false).evaluate(pairs)
            let pictures = try EvaluationReport.pictures(of: result, pairs: pairs, count: 1)
            #expect(pictures.map(\.caseName) == ["other_subject"])
            #expect(pictures[0].png.prefix(4) == Data([0x89, 0x50, 0x4E, 0x47]))
        }
    }
}
