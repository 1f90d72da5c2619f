import Foundation
import TestSupport
import Testing
import UNETRPlanning
import UNETRPreparation
import UNETRSupport

/// Against numbers of scikit-learn and NumPy.
@Suite struct CrossValidationTests {
    private let reference: JSONValue
    init() throws { reference = try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: Fixtures.url("preparation/folds.json"))) }

    @Test func `The generator gives NumPy's numbers`() {
        var random = NumPyRandom(seed: 12345)
        let expected = reference["known_first_uint32"]!.array!.map { UInt32($0.int!) }
        #expect(expected.map { _ in random.next() } == expected)
    }

    @Test func `Shuffling gives NumPy's order`() {
        for (count, order) in reference["shuffled_order"]!.object! {
            var random = NumPyRandom(seed: 12345)
            #expect(random.permutation(Int(count)!).map { Int($0) } == order.array!.map { $0.int! })
        }
    }

    @Test func `Folds are scikit-learn's`() throws {
        for (count, folds) in reference["folds"]!.object! {
            let names = Self.names(Int(count)!)
            let made = try CrossValidation.folds(names.reversed())
            #expect(made.map(\.validation) == folds.array!.map { $0.array!.map { names[$0.int!] } })
            #expect(made.allSatisfy { Set($0.training).union($0.validation) == Set(names) && $0.training.count + $0.validation.count == names.count })
        }
    }

    @Test func `Folds beyond the last are NumPy's random 80 to 20 split`() throws {
        for (count, splits) in reference["random80_20"]!.object! {
            let names = Self.names(Int(count)!)
            for (fold, indices) in splits.object! {
                let made = try CrossValidation.randomSplit(names, fold: Int(fold)!)
                #expect(made.training == indices.array!.map { names[$0.int!] }.sorted())
                #expect(made.training.count + made.validation.count == names.count)
            }
        }
    }

    @Test func `The published splits have the published sizes and share no case`() throws {
        for (benchmark, training, validation, first) in [
            (Benchmark.synapse, 18, 12, "img0005"), (.acdc, 160, 40, "patient001_frame01"), (.lung, 50, 13, "lung_004"),
            (.tumor, 387, 73, "BRATS_001"),
        ] {
            let fold = try #require(CrossValidation.publishedFold(benchmark))
            #expect(fold.training.count == training && fold.validation.count == validation)
            #expect(Set(fold.training + fold.validation).count == training + validation)
            #expect(fold.training.first == first)
        }
        // No patient's two frames are torn apart.
        let acdc = try #require(CrossValidation.publishedFold(.acdc))
        #expect(Set(acdc.training.map { $0.prefix(10) }).isDisjoint(with: acdc.validation.map { $0.prefix(10) }))
        #expect(CrossValidation.publishedFold(.btcv) == nil)
    }

    @Test func `Fewer cases than folds and equal names are refused`() {
        #expect(throws: PreparationError.tooFewCases(got: 4, folds: 5)) { try CrossValidation.folds(Self.names(4)) }
        #expect(throws: PreparationError.duplicateCase("a")) { try CrossValidation.folds(["a", "b", "c", "a", "d"]) }
    }

    private static func names(_ count: Int) -> [String] { (0..<count).map { "case_\(1000 + $0)" } }
}
