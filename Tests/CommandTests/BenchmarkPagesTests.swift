import Foundation
import TestSupport
import Testing
import UNETRArchitectures
import UNETRPlanning
import UNETRPreparation
import UNETRSupport

/// The pages of the published benchmarks are instructions: what they say must exist.
struct BenchmarkPagesTests {
    private static let folder = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Documentation/Benchmarks")

    @Test(arguments: [("synapse", 6), ("btcv", 6), ("acdc", 11), ("brats", 6), ("lung", 6)])
    func `Every command and option of a page exists, and the page tells the network and the split`(name: String, commands: Int) throws {
        let page = try String(contentsOf: Self.folder.appendingPathComponent("\(name).md"), encoding: .utf8)
        let lines = page.split(separator: "\n").filter { $0.hasPrefix("    unetrpp ") }.map { $0.split(separator: " ").map(String.init) }
        #expect(lines.count == commands)
        for words in lines {
            let command = words[1] == "dataset" ? ["dataset", words[2]] : [words[1]]
            let help = try CommandLineTool.succeed(command + ["--help"])
            for option in words where option.hasPrefix("-") {
                #expect(help.contains("\(option) ") || help.contains("\(option),"), "\(words[1]) has no \(option)")
            }
        }
        let benchmark = try #require(Benchmark(named: name))
        #expect(page.contains("patch \(benchmark.patchSize.text())"))
        #expect(
            page.replacingOccurrences(of: "\n", with: " ").contains(
                "stem \(UNETRPlusPlusConfiguration(benchmark.variant).stem.text()), batch \(benchmark.batchSize)"))
        if let fold = CrossValidation.publishedFold(benchmark) {
            #expect(page.contains("\(fold.training.count) ") && page.contains("\(fold.validation.count) "))
            #expect(page.contains("--fold published"))
        }
    }
}
