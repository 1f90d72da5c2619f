import Foundation
import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

struct CompareCommandTests {
    private struct Document: Decodable {
        struct Entry: Decodable {
            var b: String
            var rows: [JSONValue]
        }
        var definition: String
        var a: String
        var comparisons: [Entry]
        var rankings: [JSONValue]
    }

    /// Folders of label maps of one row of ten voxels, label 1 in the first so many of case a and of case b.
    private func folders(_ root: URL, _ counts: [String: (Int, Int)]) throws {
        let geometry = Geometry(size: [1, 1, 10], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], spacing: [1, 1, 1])
        for (name, (a, b)) in counts {
            let folder = root.appending(path: name)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (file, count) in [("a", a), ("b", b)] {
                let map = LabelMap(geometry: geometry, voxels: (0..<10).map { $0 < count ? 1 : 0 })
                try NIfTI.write(labels: map, to: folder.appending(path: "\(file).nii.gz"))
            }
        }
    }

    /// Dice of m of n voxels: 2m ⁄ (m + n).
    @Test func `Two models are compared case by case; the files hold what is printed`() throws {
        try Fixtures.withTemporaryFolder { root in
            try folders(root, ["expert": (4, 4), "good": (4, 4), "bad": (1, 4)])
            let output = root.appending(path: "out")
            let command = [
                "compare", "good", "bad", "--reference", "expert", "--overlap-only", "--json", "--output", "out",
            ].map { ["good", "bad", "expert", "out"].contains($0) ? root.appending(path: $0).path : $0 }
            let text = try CommandLineTool.succeed(command)
            let document = try JSONText.decode(Document.self, from: Data(text.utf8))
            #expect(document.definition == "default" && document.a == "good" && document.comparisons.map(\.b) == ["bad"] && document.rankings.isEmpty)
            let row = try #require(document.comparisons[0].rows.first)
            #expect(row["figure"]?.string == "dice")
            // Dice of B: 2·1 ⁄ 5 and 1.
            let figures = ["meanA", "meanB", "difference"].map { row[$0]?.double ?? .nan }
            #expect(zip(figures, [1, 0.7, 0.3]).allSatisfy { abs($0 - $1) < 1e-12 }, "\(figures)")
            #expect(row["wins"]?.int == 1 && row["ties"]?.int == 1 && row["losses"]?.int == 0, "\(row)")
            #expect(try Data(contentsOf: output.appending(path: "comparison.json")) == Data(text.dropLast().utf8))
            #expect(try String(contentsOf: output.appending(path: "comparison.html"), encoding: .utf8).contains("good"))
            try CommandLineTool.fail(command, saying: ["comparison.json is already there; --force replaces it"])
        }
    }

    @Test func `Three models are ranked, under the names that are given`() throws {
        try Fixtures.withTemporaryFolder { root in
            try folders(root, ["expert": (4, 4), "good": (4, 4), "bad": (1, 2), "middle": (3, 3)])
            let models = ["bad", "good", "middle"].map { root.appending(path: $0).path }
            let options = ["--reference", root.appending(path: "expert").path, "--overlap-only"]
            let text = try CommandLineTool.succeed(["compare"] + models + options + ["--names", "x, y, z", "--json"])
            let document = try JSONText.decode(Document.self, from: Data(text.utf8))
            #expect(document.a == "x" && document.comparisons.map(\.b) == ["y", "z"])
            let table = try CommandLineTool.succeed(["compare"] + models + options)
            #expect(table.contains("A = bad, B = good, definition default") && table.contains("Ranking by"))
            let ranks = table.components(separatedBy: "Ranking by")[1].split(separator: "\n").dropFirst().compactMap { $0.split(separator: " ").first }
            #expect(Array(ranks.suffix(3)) == ["good", "middle", "bad"])
        }
    }

    @Test func `What cannot be compared is refused with what to do`() throws {
        try Fixtures.withTemporaryFolder { root in
            try folders(root, ["expert": (4, 4), "good": (4, 4)])
            let (expert, good) = (root.appending(path: "expert").path, root.appending(path: "good").path)
            try CommandLineTool.fail(["compare", good], saying: ["1 model to compare; at least 2 are expected"])
            try CommandLineTool.fail(["compare", good, expert], saying: ["\(good) is not a file evaluation.json", "--reference"])
            try CommandLineTool.fail(["compare", good, good, "--reference", expert, "--names", "one"], saying: ["--names has 1 names for 2 models"])
            let file = root.appending(path: "evaluation.json")
            try Data(#"{"cases": 3}"#.utf8).write(to: file)
            try CommandLineTool.fail(
                ["compare", file.path, file.path], saying: ["is not an evaluation.json of this program", "the field definition is missing"])
        }
    }
}
