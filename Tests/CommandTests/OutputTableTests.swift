import Foundation
import Testing
import UNETRArchitectures
import UNETRPictures
import UNETRSupport

@testable import unetrpp

/// Tables and findings that commands print, made of given figures in this process.
struct OutputTableTests {
    private static func result(_ seconds: Double, _ megabytes: Int, device: String = "cpu") -> NetworkTable.Figure {
        .measured(
            BenchmarkCommand.Result(
                what: "w", precision: "float32", engine: "libtorch", batch: 1, threads: 2, device: device, median: seconds, fastest: seconds, slowest: seconds,
                peakMegabytes: megabytes))
    }

    private static func table(_ measurements: [NetworkTable.Measurement]) -> NetworkTable {
        NetworkTable(
            patch: [64, 128, 128], channels: 1, classes: 14, threads: 2, precision: "float32",
            rows: [
                .init(
                    network: .unetrPlusPlus, patchSize: [64, 128, 128], parameters: 42_955_010, multiplyAdds: 47_984_000_000, measurements: measurements,
                    published: PublishedFigures.all.first { $0.architecture == .unetrPlusPlus }),
                .init(network: .unetr, patchSize: [64, 64, 64], parameters: 12_345, multiplyAdds: 999_400_000, measurements: [], published: nil),
            ])
    }

    @Test func `Networks stand beside what was printed about them, counts in millions and thousand millions`() throws {
        let lines = Self.table([]).text.components(separatedBy: "\n")
        let columns = lines.prefix(3).map { line in line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty } }
        #expect(columns[0] == ["patch", "M parameters", "G multiply-adds", "printed M", "printed G", "Synapse Dice %", "BTCV Dice %"])
        let printed = try #require(PublishedFigures.all.first { $0.architecture == .unetrPlusPlus })
        #expect(columns[1] == ["UNETR++", "64x128x128", "42.96", "47.98", "42.96", "47.98", "87.22", "83.28"] && printed.synapseDice == 87.22)
        // Less than a million and a thousand million have four decimals; a dash stands for what nobody printed.
        #expect(columns[2] == ["UNETR", "64x64x64", "0.0123", "0.9994", "-", "-", "-", "-"])
        #expect(!lines.contains { $0.contains("Batch 1") } && lines.last == NetworkTable.rule)
    }

    @Test func `Times and memory are printed where they were measured; of a GPU there is no peak, of a failure no figure`() throws {
        let measurements = [
            NetworkTable.Measurement(device: "cpu", forward: Self.result(0.1234, 900), trainingStep: Self.result(12.345, 4000)),
            .init(device: "cuda:0", forward: Self.result(0.01, 900, device: "cuda:0"), trainingStep: .failed("the process ended with status 1")),
        ]
        let text = Self.table(measurements).text
        let lines = text.components(separatedBy: "\n").map { line in line.split(separator: " ").map(String.init) }
        #expect(lines.contains(["UNETR++", "cpu", "0.123", "900", "12.35", "4000"]) || lines.contains(["UNETR++", "cpu", "0.123", "900", "12.34", "4000"]))
        #expect(lines.contains(["UNETR++", "cuda:0", "0.010", "-", "failed", "-"]))
        #expect(text.contains("\nBatch 1, float32, 2 threads. Each figure is measured in a process of its own;"))
        let rows = try #require(try JSONText.decode(JSONValue.self, from: JSONText.encode(Self.table(measurements)))["rows"]?.array)
        let (cpu, gpu) = (try #require(rows[0]["measurements"]?.array?[0]), try #require(rows[0]["measurements"]?.array?[1]))
        #expect(cpu["forward"]?["secondsMedian"] == 0.1234 && cpu["forward"]?["peakMegabytes"] == 900 && cpu["forward"]?["problem"] == nil)
        #expect(gpu["forward"]?["secondsMedian"] == 0.01 && gpu["forward"]?["peakMegabytes"] == nil)
        #expect(gpu["trainingStep"] == ["problem": "the process ended with status 1"] && rows[1]["published"] == nil)
    }

    @Test func `The picture has a bubble for each network whose accuracy was printed, at its own cost`() {
        let picture = Self.table([]).picture
        #expect(
            picture.panels.map(\.title) == ["Synapse, 8 organs", "BTCV, 13 organs"]
                && picture.horizontalLabel == "G multiply-adds for one patch of 64 × 128 × 128")
        #expect(picture.panels.map { $0.bubbles.map(\.name) } == [["UNETR++"], ["UNETR++"]])
        let bubble = picture.panels[0].bubbles[0]
        #expect(bubble.x == 47.984 && bubble.y == 87.22 && bubble.size == 42_955_010 && bubble.note == "42.96 M")
    }

    // MARK: What is wrong with a machine

    @Test func `A libtorch of another release is fatal, one that does not say which is not`() {
        var facts = Diagnosis()
        facts.problems = []
        facts.libtorch.builtFor = "2.13.0"
        facts.libtorch.running = "2.13.9"
        #expect(facts.versionProblems.isEmpty && facts.usable)
        facts.libtorch.running = "2.12.0"
        facts.problems = facts.versionProblems
        #expect(facts.problems.map(\.what) == ["this program was built for libtorch 2.13.0 and runs with 2.12.0"] && facts.problems[0].isFatal && !facts.usable)
        facts.libtorch.running = nil
        #expect(facts.versionProblems.map(\.what) == ["libtorch does not say its version"] && !facts.versionProblems[0].isFatal)
    }

    @Test func `Little memory is told with how much there is`() {
        var facts = Diagnosis()
        facts.memory.availableBytes = 3 << 30
        #expect(facts.memoryProblems.isEmpty)
        facts.memory.availableBytes = 5 << 28
        #expect(facts.memoryProblems.map(\.what) == ["only 1.2 GiB of memory are free"] && !facts.memoryProblems[0].isFatal)
        facts.memory.availableBytes = nil
        #expect(facts.memoryProblems.isEmpty)
    }

    @Test func `A container that may use fewer cores than threads are made for, and a processor without AVX2, are told`() {
        var facts = Diagnosis()
        (facts.processor.cores, facts.processor.threads, facts.processor.instructionSets) = (8, 8, ["avx2"])
        facts.processor.coreLimit = nil
        let before = facts.processorProblems.count
        facts.processor.coreLimit = 2.5
        let limited = facts.processorProblems
        #expect(limited.count == before + 1)
        #expect(limited.contains { $0.what == "this container may use 2.5 of 8 cores, but threads are made for all" && $0.remedy == "pass --threads 2" })
        facts.processor.coreLimit = 0.2
        #expect(facts.processorProblems.contains { $0.remedy == "pass --threads 1" })
        facts.processor.coreLimit = 7.6
        #expect(facts.processorProblems.count == before)
        #if arch(x86_64)
            facts.processor.instructionSets = ["sse4_2"]
            #expect(facts.processorProblems.contains { $0.what == "the processor has no AVX2, so everything is several times slower" })
        #endif
    }

    @Test func `The facts are written with whether anything can be computed`() throws {
        var facts = Diagnosis()
        facts.problems = [.init(what: "w", remedy: "r", isFatal: true)]
        let json = try JSONText.decode(JSONValue.self, from: JSONText.encode(facts))
        #expect(json["usable"] == false && json["problems"] == [["what": "w", "remedy": "r", "isFatal": true]])
        #expect(json["devices"]?.array?.first == "cpu" && json["processor"]?["threads"]?.int == facts.processor.threads)
    }
}
