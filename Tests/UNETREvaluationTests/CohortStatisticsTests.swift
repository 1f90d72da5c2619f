import Foundation
import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

@testable import UNETREvaluation

@Suite struct CohortStatisticsTests {
    /// The axes i, j, k run to the left, back and head; voxels are 0.5 × 1 × 2 mm.
    private func mask(_ label: (Int, Int, Int) -> Int16) -> LabelMap {
        var map = labelMap([4, 5, 6], spacing: [2, 1, 0.5], label)
        map.geometry.affine = [[-0.5, 0, 0, 10], [0, -1, 0, 20], [0, 0, 2, -30], [0, 0, 0, 1]]
        return map
    }

    /// Label 1 is a box of 2 × 3 × 3 voxels, label 2 two voxels apart, label 3 two that touch at a corner.
    private var three: LabelMap {
        mask { d, h, w in
            if (1...2).contains(d), h < 3, (1...3).contains(w) { return 1 }
            if d % 2 == 0, h == 4, w == 5 { return 2 }
            return (d, h, w) == (3, 4, 0) || (d, h, w) == (2, 3, 1) ? 3 : 0
        }
    }

    private func measured(
        _ name: String, _ map: LabelMap, _ scan: Scan? = nil, channel: Int = 0, labels: LabelSet? = nil
    ) throws -> CaseStatistics {
        let folder = URL(filePath: "/data")
        var one = CaseStatistics(
            name: name, mask: folder.appending(path: "\(name).nii.gz"), scan: scan.map { _ in folder.appending(path: "scans/\(name).nii.gz") })
        try one.measure(map, scan, channel: channel, labels: labels)
        return one
    }

    @Test func `Volume, place, box, border and parts of a structure are those of its voxels`() throws {
        let one = try measured("a", three)
        #expect(one.structures.map(\.name) == ["1", "2", "3"] && one.structures.map(\.voxels) == [18, 2, 2])
        let box = one.structures[0]
        #expect(abs(box.milliliters - 0.018) < 1e-15)
        #expect(box.centroid == [9, 19, -27])
        #expect(box.boundingBox == [[1, 0, 1], [3, 2, 2]])
        #expect(box.boundingBoxMillimeters == [[8.25, 17.5, -29], [9.75, 20.5, -25]])
        // The axis j runs to the back, so its first voxels are in front.
        #expect(box.border == "A" && box.components == 1 && box.largestComponent == 18 && box.intensities == nil)
        #expect(one.structures[1].border == "LPI" && one.structures[1].components == 2 && one.structures[1].largestComponent == 1)
        #expect(one.structures[2].border == "RPS" && one.structures[2].components == 1)
    }

    @Test func `Across an axis of one voxel there is no border`() throws {
        let one = try measured("a", labelMap([1, 3, 3]) { _, h, w in h == 1 && w == 1 ? 1 : 0 })
        #expect(one.structures[0].border == "")
    }

    @Test func `Intensities are those of the structure's voxels in the channel that is meant; what is no number is left out`() throws {
        let map = three, count = map.geometry.count
        var scan = Scan(geometry: map.geometry, channels: 2, voxels: Array(repeating: 7, count: count) + (0..<count).map { Float($0) })
        scan.voxels[count + map.offset(3, 4, 0)] = .nan
        let values = try measured("a", map, scan, channel: 1).structures.map(\.intensities)
        // Voxels 29 and 89: their mean is 59, and the sample's SD 30·√2.
        let two = try #require(values[1])
        #expect(two.mean == 59 && two.median == 59 && two.percentile5 == 32 && two.percentile95 == 86 && two.leftOut == 0)
        #expect(abs(try #require(two.standardDeviation) - 30 * 2.0.squareRoot()) < 1e-12)
        let three = try #require(values[2])
        #expect(three.mean == 79 && three.standardDeviation == nil && three.leftOut == 1)
        #expect(try measured("a", map, scan).structures[0].intensities?.mean == 7)
    }

    @Test func `Declared structures come first, regions as a whole; values that nobody declared follow by number`() throws {
        let labels = LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "organ", values: [1, 2]), .init(name: "rib", value: 9)])
        let one = try measured("a", three, labels: labels)
        #expect(one.structures.map(\.name) == ["organ", "rib", "3"] && one.structures.map(\.key) == ["1+2", "9", "3"])
        #expect(one.structures.map(\.voxels) == [20, 0, 2])
        #expect(one.structures[1].centroid == nil && one.structures[1].components == 0)
    }

    @Test func `A scan on another grid, a channel that is not there, and what is no mask are refused by name`() throws {
        var scan = Scan(geometry: three.geometry, voxels: Array(repeating: 0, count: 120))
        #expect(throws: EvaluationError.noChannel(scan: "/data/scans/a.nii.gz", channel: 1, channels: 1)) { try measured("a", three, scan, channel: 1) }
        scan.geometry.affine[0][3] = 14
        let error = try #require(throws: EvaluationError.self) { try measured("a", three, scan) }
        #expect(error.description.contains("/data/a.nii.gz") && error.description.contains("/data/scans/a.nii.gz"))
        #expect(error.description.contains("their origins are 4.0 mm apart"))
        var flat = three
        flat.geometry.affine[2] = [0, 0, 0, 0]
        #expect(throws: EvaluationError.self) { try measured("a", flat) }
        let image = labelMap([1, 50, 60]) { _, h, w in Int16(h * 60 + w) }
        #expect(throws: EvaluationError.looksLikeScan(mask: "/data/a.nii.gz", labels: 2999)) { try measured("a", image) }
        #expect(throws: EvaluationError.severalChannels(file: "/data/a.nii.gz", channels: 2)) {
            try measured("a", LabelMap(geometry: three.geometry, channels: 2, voxels: three.voxels + three.voxels))
        }
    }

    /// A row of voxels of label 1.
    private func row(_ voxels: Int, from start: Int = 1) -> LabelMap { labelMap([1, 1, 60]) { _, _, w in (start..<start + voxels).contains(w) ? 1 : 0 } }

    private func cohort() throws -> CohortStatistics {
        var bad = CaseStatistics(name: "h", mask: URL(filePath: "/data/h.nii"))
        bad.problem = "/data/h.nii: ends after 3 of 9 bytes, \"really\"; copy or download it again."
        let labels = LabelSet(definitions: [.init(name: "A<b>", value: 1)])
        let sizes = [("g", 0, 1), ("a", 10, 1), ("b", 11, 1), ("c", 12, 1), ("d", 13, 0), ("e", 14, 1), ("f", 40, 1)]
        return CohortStatistics(try sizes.map { try measured($0, row($1, from: $2), labels: labels) } + [bad])
    }

    @Test func `What is far from the median, missing, or cut off where others are not is told`() throws {
        let statistics = try cohort()
        #expect(statistics.cases.map(\.name) == ["a", "b", "c", "d", "e", "f", "g", "h"])
        #expect(statistics.flags.map { "\($0.caseName) \($0.word)" } == ["d border", "f volume", "g missing"])
        #expect(statistics.flags[0].reason == .border(sides: "L"))
        guard case .volume(let volume, let usual) = statistics.flags[1].reason else { throw EvaluationError.noClasses }
        // Of 10, 11, 12, 13, 14, 40 the median is 12.5, and the median distance from it 1.5.
        #expect(volume == 0.04 && abs(usual.median - 0.0125) < 1e-15)
        #expect(abs(usual.range.upperBound - (0.0125 + 3.5 * 1.4826 * 0.0015)) < 1e-15)
    }

    @Test func `What most cases have in common is not unusual`() throws {
        let statistics = CohortStatistics(try (0..<6).map { try measured("\($0)", row($0 < 2 ? 0 : 5 + $0, from: 0)) })
        // Four of six have it, all of them at the border.
        #expect(statistics.flags.map { "\($0.caseName) \($0.word)" } == ["0 missing", "1 missing"])
    }

    @Test func `Nothing is said of too few values, nor where most are the same`() {
        #expect(UsualRange([1, 2, 3, 100]) == nil && UsualRange([1, 2, 3, 4, .nan]) == nil)
        #expect(UsualRange([2, 2, 2, 2, 9]) == nil && UsualRange([]) == nil)
        #expect(UsualRange([-1e308, 1e308, -1e308, 1e308, 0, 5]) == nil)
        let usual = UsualRange([1, 2, 3, 4, 5])
        #expect(usual?.median == 3 && usual?.range == 3 - 3.5 * 1.4826...3 + 3.5 * 1.4826)
    }

    @Test func `The table has a line for each case and structure, and one for a case that was not measured`() throws {
        let rows = CSV.rows(of: try cohort().csv)
        #expect(rows.count == 1 + 7 + 1 && Set(rows.map(\.count)) == [32])
        let (head, f, g, h) = (rows[0], rows[6], rows[7], rows[8])
        func cell(_ row: [String], _ column: String) -> String { head.firstIndex(of: column).map { row[$0] } ?? "none" }
        #expect(cell(f, "case") == "f" && cell(f, "structure") == "A<b>" && cell(f, "label") == "1" && cell(f, "ml") == "0.04")
        #expect(cell(f, "touches border") == "false" && cell(rows[4], "touches border") == "true" && cell(rows[4], "border sides") == "L")
        #expect(cell(f, "first i") == "1" && cell(f, "last i") == "40" && cell(f, "centroid x mm") == "20.5" && cell(f, "flags") == "volume")
        #expect(cell(f, "lowest x mm") == "0.5" && cell(f, "highest x mm") == "40.5" && cell(f, "intensity mean") == "")
        #expect(cell(g, "voxels") == "0" && cell(g, "touches border") == "" && cell(g, "flags") == "missing")
        #expect(cell(h, "voxels") == "" && cell(h, "error").contains("\"really\"; copy"))
    }

    @Test func `The files are complete, and the page needs no other`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try CohortFiles.write(CohortReport(title: "Masks & more", statistics: cohort()), to: folder)
            let lines = try String(contentsOf: folder.appending(path: "statistics.jsonl"), encoding: .utf8).split(separator: "\n")
            let cases = try lines.map { try JSONText.decode(CaseStatistics.self, from: Data($0.utf8)) }
            #expect(try cases == cohort().cases)
            let page = try String(contentsOf: folder.appending(path: "statistics.html"), encoding: .utf8)
            for text in [
                "<h1>Masks &amp; more</h1>", "A&lt;b&gt;", "touches the border", "median absolute deviation", "0.005 to 0.020", "ends after 3 of 9 bytes",
            ] { #expect(page.contains(text), "\(text)") }
            #expect(page.components(separatedBy: "<svg").count == 2 && page.contains("(n = 6)"))
            #expect(!page.contains("A<b>") && !page.contains("<script") && !page.contains("href=") && !page.contains("src="))
        }
    }
}
