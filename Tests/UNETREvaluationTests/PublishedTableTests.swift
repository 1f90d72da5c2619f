import Testing
import UNETREvaluation
import UNETRVolumes

/// Published results beside ours.
struct PublishedTableTests {
    /// A result of these classes with Dice 0.9, 0.8, … in one case, and no distances.
    private func result(_ classes: [LabelDefinition], _ definition: MetricDefinition = .default) -> EvaluationResult {
        MadeUp.result(
            classes, [("a", Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1.key, MadeUp.figures(90 - 10 * $0, surfaces: false)) }))],
            definition: definition)
    }

    @Test func `The mean and the classes of this result stand above the printed ones`() {
        let table = PublishedTable.hippocampus
        #expect(table.head == ["", "Dice %", "anterior", "posterior"])
        #expect(
            table.lines(with: result(table.classes)) == [
                ["this result (default, HD95 in mm)", "85.00", "90.00", "80.00"], ["nnU-Net v2, 5 folds (published)", "89.04", "89.85", "88.23"],
                ["nnU-Net v2, fold 0 (published)", "89.22", "90.05", "88.40"],
            ])
        #expect(table.remarks(for: result(table.classes)) == table.remarks)
    }

    @Test func `A class that was not scored is a dash, is not in the mean, and is named`() {
        let table = PublishedTable.hippocampus, half = result([LabelDefinition(2, name: "posterior")])
        #expect(table.lines(with: half)[0] == ["this result (default, HD95 in mm)", "90.00", "–", "90.00"])
        #expect(table.remarks(for: half).last == "Not scored here, so the means are not over the same classes: anterior.")
        #expect(table.lines(with: result([LabelDefinition(9)]))[0] == ["this result (default, HD95 in mm)", "–", "–", "–"])
    }

    @Test func `Where one number is printed there is no column for classes`() {
        let lung = PublishedTable.lung
        #expect(lung.head == ["", "Dice %"] && lung.lines(with: result(lung.classes))[0] == ["this result (default, HD95 in mm)", "90.00"])
        #expect(lung.lines(with: result(lung.classes)).map(\.last) == ["90.00", "80.68", "77.95", "75.55", "74.31", "73.29"])
        // Three regions of BraTS, printed as their mean.
        let brats = PublishedTable.brats
        #expect(brats.classes.map(\.key) == ["1+2+3", "2+3", "3"] && brats.head == ["", "Dice %"])
        #expect(brats.lines(with: result(brats.classes))[0][1] == "80.00")
    }

    @Test func `HD95 stands beside the printed one only under the script's definition`() {
        let synapse = PublishedTable.synapse
        #expect(synapse.head.prefix(3) == ["", "Dice %", "HD95"] && synapse.head.count == 11)
        #expect(
            synapse.remarks(for: result(synapse.classes)).last
                == "Our HD95 here is in mm by the definition default: it is NOT comparable with the printed one.")
        let script = result(synapse.classes, .unetrPlusPlusScript)
        #expect(synapse.remarks(for: script).last == "Our HD95 here is the script's, in voxels: it may stand beside the printed one.")
        #expect(synapse.lines(with: script)[0].first == "this result (unetr++-script, HD95 in voxels)")
        // Only UNETR++ prints its organs.
        #expect(synapse.lines(with: script)[2] == ["nnFormer (published)", "86.57", "10.63"] + [String](repeating: "–", count: 8))
    }

    @Test(arguments: PublishedTable.all)
    func `Every table is found by its name, has a line for each method, and labels that are scored or known`(table: PublishedTable) {
        #expect(PublishedTable.named(table.name) == table && PublishedTable.named(table.name.uppercased()) == nil)
        #expect(table.lines(with: result(table.classes)).count == table.rows.count + 1)
        #expect(Set(table.classes.flatMap(\.labels)).isDisjoint(with: table.otherLabels))
        #expect(table.rows.allSatisfy { (50..<100).contains($0.dice) && $0.perClass.keys.allSatisfy(Set(table.classes.map(\.key)).contains) })
        // The mean of what is printed for the classes is what is printed as the mean.
        for row in table.rows where row.perClass.count == table.classes.count {
            #expect(abs(row.perClass.values.reduce(0, +) / Double(row.perClass.count) - row.dice) < 0.01, "\(row.method)")
        }
    }
}
