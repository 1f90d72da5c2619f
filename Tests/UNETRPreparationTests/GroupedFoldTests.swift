import Testing
import UNETRPlanning
import UNETRPreparation

struct GroupedFoldTests {
    /// The names of ACDC's published training part: 160 frames of 80 patients.
    private let acdc = CrossValidation.publishedFold(.acdc)!.training

    private func groups(sizes: [Int]) -> CaseGroups {
        var groups: [String: String] = [:]
        for (number, size) in sizes.enumerated() { for part in 0..<size { groups["case \(number) \(part)"] = "group \(number)" } }
        return CaseGroups(groups, origin: "test")
    }

    @Test func `Folds of ACDC's names tear no patient, hold every case once and are of one size`() throws {
        let groups = CaseGroups(statedBy: acdc.reversed())
        #expect(groups.members.count == 80 && groups.caseCount == 160)
        let folds = try CrossValidation.folds(groups)
        for fold in folds {
            #expect(groups.torn(by: fold) == [])
            #expect(Set(fold.training.map { $0.prefix(10) }).isDisjoint(with: fold.validation.map { $0.prefix(10) }))
            #expect(fold.validation.count == 32 && fold.training.count == 128)
            #expect(fold.validation == fold.validation.sorted() && fold.training == fold.training.sorted())
        }
        #expect(folds.flatMap(\.validation).sorted() == acdc.sorted())
        #expect(try CrossValidation.folds(CaseGroups(statedBy: acdc)) == folds, "the order of the names does not matter")
        // Without groups most patients are torn: this is what they are for.
        #expect(try CrossValidation.folds(acdc).allSatisfy { groups.torn(by: $0).count >= 20 })
    }

    /// Sizes of the validation parts as scikit-learn 1.9.1's GroupKFold(5) makes them.
    @Test(arguments: [
        ([Int](repeating: 2, count: 80), [32, 32, 32, 32, 32]), ([Int](repeating: 2, count: 78) + [4], [32, 32, 32, 32, 32]),
        ((0..<23).map { 1 + 7 * $0 % 11 }, [26, 26, 27, 27, 27]), ([30] + [Int](repeating: 1, count: 40), [10, 10, 10, 10, 30]),
        ([3, 1, 4, 1, 5], [1, 1, 3, 4, 5]),
    ])
    func `Folds are as well balanced as scikit-learn's`(sizes: [Int], expected: [Int]) throws {
        let groups = groups(sizes: sizes)
        let folds = try CrossValidation.folds(groups)
        #expect(folds.map(\.validation.count).sorted() == expected)
        #expect(folds.allSatisfy { groups.torn(by: $0) == [] })
        #expect(folds.flatMap(\.validation).sorted() == groups.members.values.joined().sorted())
    }

    @Test func `Where every case is by itself the folds are the plain ones`() throws {
        for count in [5, 42, 160] {
            let names = (0..<count).map { "img\(1000 + $0)" }
            #expect(try CrossValidation.folds(CaseGroups(statedBy: names)) == CrossValidation.folds(names))
        }
    }

    @Test func `The seed and not the names decides which fold a patient is in`() throws {
        let groups = CaseGroups(statedBy: acdc)
        let folds = try CrossValidation.folds(groups), others = try CrossValidation.folds(groups, seed: 1)
        #expect(folds != others)
        // Neighbors in the alphabet are spread: no fold is a run of names.
        #expect(folds.allSatisfy { $0.validation.first! < "patient030" && $0.validation.last! > "patient070" })
    }

    @Test func `Fewer groups than folds are refused`() {
        #expect(throws: SplitError.tooFewGroups(groups: 4, cases: 11, folds: 5)) { try CrossValidation.folds(groups(sizes: [1, 2, 3, 5])) }
    }
}
