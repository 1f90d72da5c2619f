import Foundation
import TestSupport
import Testing
import UNETRPlanning
import UNETRSupport
import UNETRVolumes

/// Fields that came later: files without them are as they were, and those with them are read and checked.
@Suite struct PlanFieldTests {
    private func plan(_ change: (inout String) -> Void = { _ in }) throws -> Plan {
        var text = PlanTests.text
        change(&text)
        return try JSONDecoder().decode(Plan.self, from: Data(text.utf8))
    }

    private func members(_ plan: Plan) throws -> JSONValue { try JSONDecoder().decode(JSONValue.self, from: plan.json()) }

    @Test func `A plan with the usual settings is written as it always was`() throws {
        var plan = try plan()
        plan.postProcessing = PostProcessing(keepLargest: [[1]])
        let written = try members(plan)
        #expect(written["inference"] == ["mirrorAxes": [0, 1, 2], "stepFraction": 0.5, "aggregation": "probabilities"])
        #expect(written["postProcessing"] == ["keepLargest": [[1]]])
        #expect(written["normalization"] == [["scheme": "zScore", "useMask": false]])
        #expect(written["orientation"] == nil)
    }

    @Test func `A plan of two dimensions says so, has patches of one slice, and leaves slices where they are`() throws {
        func change(_ text: inout String, patch: String) {
            text = text.replacing(#""version": 2"#, with: #""version": 2, "dimensions": 2"#).replacing(/, "network": .*}}/, with: "}")
                .replacing(#""patchSize": [48, 64, 48]"#, with: #""patchSize": \#(patch)"#)
        }
        #expect(try members(plan())["dimensions"] == nil)
        let flat = try plan { change(&$0, patch: "[1, 64, 48]") }
        #expect(flat.isTwoDimensional && flat.patchSize == [1, 64, 48])
        #expect(try members(flat)["dimensions"] == 2 && JSONDecoder().decode(Plan.self, from: flat.json()) == flat)
        var solid = flat
        solid.isTwoDimensional = false
        #expect(solid.preparationDigest != flat.preparationDigest)
        // Files are [x, y, z], arrays [D, H, W].
        let scan = Geometry(size: [7, 40, 30], affine: [[2, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 6, 0]], spacing: [6, 0.5, 2])
        let slices = flat.preparedGrid(of: scan)
        #expect(slices.size == [7, 20, 60] && slices.spacing == [6, 1, 1])
        #expect(solid.preparedGrid(of: scan).size == [42, 20, 60] && solid.preparedGrid(of: scan).spacing == [1, 1, 1])
        #expect(throws: PlanError.invalid(field: "patchSize", value: "[2, 64, 48]", rule: "a patch of a two-dimensional network has a depth of 1")) {
            try plan { change(&$0, patch: "[2, 64, 48]") }
        }
        #expect(throws: PlanError.invalid(field: "dimensions", value: "4", rule: "must be 2 or 3")) {
            try plan { $0 = $0.replacing(#""version": 2"#, with: #""version": 2, "dimensions": 4"#) }
        }
    }

    @Test func `The later fields survive writing and reading, and prepared cases depend on the orientation and the steps`() throws {
        var plan = try plan()
        let digest = plan.preparationDigest
        plan.compatibility = .monai
        let other = plan.preparationDigest
        #expect(other != digest)
        plan.orientation = AxisCodes("LPS")
        #expect(plan.preparationDigest != other)
        plan.normalization = [
            .init(steps: [
                .range(from: .init(-57, 164), to: .init(0, 1), clips: true), .extremes(to: .init(-1, 1)), .standardize(onlyNonZero: true),
            ])
        ]
        plan.inference = InferenceSettings(
            mirrorAxes: [], stepFraction: 0.75, aggregation: .logits, windows: .monai(.gaussian, sigmaScale: 0.25, padding: .edge),
            restored: .interpolatedLabels)
        plan.postProcessing = PostProcessing(keepLargest: [[1]], connectivity: .corners, grid: .prepared)
        let read = try JSONDecoder().decode(Plan.self, from: plan.json())
        #expect(read == plan)
        let written = try members(plan)
        #expect(written["orientation"] == "LPS" && written["compatibility"] == "monai")
        #expect(
            written["normalization"] == [
                [
                    "scheme": "steps", "useMask": false,
                    "steps": [
                        ["step": "range", "from": [-57, 164], "to": [0, 1], "clips": true], ["step": "extremes", "to": [-1, 1]],
                        ["step": "standardize", "onlyNonZero": true],
                    ],
                ]
            ])
        #expect(
            written["inference"] == [
                "mirrorAxes": [], "stepFraction": 0.75, "aggregation": "logits", "restored": "interpolated-labels",
                "windows": ["placement": "monai", "weight": "gaussian", "sigmaScale": 0.25, "padding": "edge"],
            ])
        #expect(written["postProcessing"] == ["keepLargest": [[1]], "connectivity": 26, "grid": "prepared"])
    }

    @Test(arguments: [
        (#""batchSize": 4"#, #""batchSize": 4, "orientation": "RAX""#, "orientation is RAX, but must be one letter each of R or L, A or P, S or I"),
        (#""batchSize": 4"#, #""batchSize": 4, "orientation": "RLS""#, "orientation is RLS"),
        (#""scheme": "zScore""#, #""scheme": "steps""#, "the scheme needs 1 to 16 steps"),
        (#""scheme": "zScore""#, #""scheme": "zScore", "steps": [{"step": "standardize"}]"#, "only the scheme steps has steps"),
        (#""scheme": "zScore""#, #""scheme": "steps", "steps": [{"step": "dance"}]"#, "known are range, extremes, standardize"),
        (#""scheme": "zScore""#, #""scheme": "steps", "steps": [{"step": "extremes", "to": [1]}]"#, "must hold two numbers"),
        (#""scheme": "zScore""#, #""scheme": "steps", "steps": [{"step": "range", "from": [3, 3], "to": [0, 1]}]"#, "the ends must differ"),
        (#""stepFraction": 0.5"#, #""stepFraction": 0.5, "windows": {"sigmaScale": 0}"#, "windows.sigmaScale is 0.0"),
        (#""stepFraction": 0.5"#, #""stepFraction": 0.5, "restored": "nearest-labels""#, "needs a compatibility that resamples along all axes"),
        (#""batchSize": 4"#, #""batchSize": 4, "postProcessing": {"keepLargest": [[1]], "connectivity": 8}"#, "connectivity is 8, but must be 6, 18 or 26"),
        (#""batchSize": 4"#, #""batchSize": 4, "postProcessing": {"keepLargest": [[1]], "grid": "prepared"}"#, "rules that decide on the prepared grid"),
    ])
    func `What a later field cannot hold is named`(old: String, new: String, problem: String) throws {
        let error = try #require(throws: (any Error).self) { try plan { $0 = $0.replacingOccurrences(of: old, with: new) } }
        #expect("\(error)".contains(problem), "\(error)")
    }

    @Test(
        arguments: [
            ("RAS", nil, [0, 1, 2], []), ("RAS", "RAS", [0, 1, 2], []), ("LPS", "RAS", [0, 1, 2], [1, 2]), ("SPL", "RAS", [2, 1, 0], [1, 2]),
            ("RAS", "PIR", [1, 0, 2], []), ("AIL", "RAS", [1, 2, 0], [0, 2]),
        ] as [(String, String?, [Int], [Int])])
    func `A scan's axes are turned and put in order`(codes: String, wanted: String?, axes: [Int], flipped: [Int]) throws {
        var affine = (0..<4).map { row in (0..<4).map { row == $0 && row == 3 ? 1.0 : 0 } }
        for (column, direction) in try #require(AxisCodes(codes)).directions.enumerated() {
            affine[direction.axis.index][column] = direction.axis.sign * Double(column + 1)
        }
        let scan = Geometry(size: [4, 5, 6], affine: affine, spacing: [3, 2, 1])
        #expect(scan.orientation == codes)
        let identity = AxisMap(of: scan, to: wanted.flatMap { AxisCodes($0) }, order: .identity)
        if wanted != "PIR" { #expect(identity.order.axes == axes && identity.flipped == flipped) }
        // By hand: the direction of each prepared axis, which is the file's axis 2 − i of the turned scan.
        let directions = try #require(scan.directions)
        for (prepared, axis) in identity.order.axes.enumerated() {
            let found = identity.flipped.contains(prepared) ? directions[2 - axis].opposite : directions[2 - axis]
            #expect(found == (wanted.flatMap { AxisCodes($0) }?.directions ?? directions)[2 - prepared])
        }
        // Another order turns about the same axes.
        let reversed = AxisMap(of: scan, to: wanted.flatMap { AxisCodes($0) }, order: try AxisOrder([2, 1, 0]))
        #expect(reversed.order.axes == identity.order.axes.reversed() && reversed.flipped == identity.flipped.map { 2 - $0 }.sorted())
    }
}
