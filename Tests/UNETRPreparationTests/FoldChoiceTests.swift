import Testing
import UNETRPlanning
import UNETRPreparation

struct FoldChoiceTests {
    private let names = (1...40).map { "img" + String(repeating: "0", count: 4 - String($0).count) + String($0) }

    @Test func `Choices are told by their text`() {
        #expect(FoldChoice("3") == .fold(3) && FoldChoice("all") == .all && FoldChoice("published") == .published)
        for text in ["5", "-1", "", "every", "1.0"] { #expect(FoldChoice(text) == nil, "\(text)") }
    }

    @Test func `A fold is the cross-validation's, all is every case, published is the benchmark's`() throws {
        #expect(try FoldChoice.fold(2).cases(of: names, benchmark: nil) == CrossValidation.folds(names)[2])
        #expect(try FoldChoice.all.cases(of: names.reversed(), benchmark: nil) == Fold(training: names, validation: []))
        let synapse = try FoldChoice.published.cases(of: names, benchmark: .synapse)
        #expect(synapse.training.count == 18 && synapse.validation.count == 12)
        #expect(synapse.training.first == "img0005" && synapse.validation.last == "img0038")
    }

    @Test func `A published split that does not fit says why`() {
        #expect(throws: PreparationError.noPublishedSplit(benchmark: nil)) { try FoldChoice.published.cases(of: names, benchmark: nil) }
        #expect(throws: PreparationError.noPublishedSplit(benchmark: "btcv")) { try FoldChoice.published.cases(of: names, benchmark: .btcv) }
        #expect(throws: PreparationError.splitMismatch(benchmark: "synapse", missing: ["img0001"])) {
            try FoldChoice.published.cases(of: Array(names.dropFirst()), benchmark: .synapse)
        }
    }
}
