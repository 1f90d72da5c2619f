#if DEBUG
    import Foundation
    import UNETRModels
    import UNETRQuantization
    import UNETRInference
    import NetworkTestSupport
    import UNETROpenVINO
    import UNETRPlanning
    import UNETRPreparation
    import UNETRSupport
    import TestSupport
    import Testing
    import UNETRVolumes
    import UNETRTorchEngine

    /// A disk that fails or is full at every point at which models and masks are written: what was there is there or the new one is, nothing
    /// is half or left over, and the same work once more gives what it would have given. (What a kill leaves is walked through where there are
    /// processes to kill: in the tests of the commands and of training.)
    struct FaultWalkTests {
        /// - Parameters:
        ///   - start: puts into the outputs' folder what is there before the work.
        ///   - work: throws for every fault it meets.
        /// - Returns: how many faults were met.
        @discardableResult
        private static func walk(_ outputs: URL, start: () throws -> Void = {}, _ work: () throws -> Void) throws -> Int {
            func begin() throws {
                try? FileManager.default.removeItem(at: outputs)
                try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
                try start()
            }
            try begin()
            let old = try Fixtures.contents(of: outputs, folders: true)
            try work()
            let new = try Fixtures.contents(of: outputs, folders: true)
            #expect(new != old)
            var faults = 0
            for point in [FaultInjection.Point.create, .write, .sync, .rename] {
                for number in 1...200 {
                    try begin()
                    let fault = FaultInjection.Fault(.fail(point == .write ? ENOSPC : EIO), at: point, number: number)
                    let (result, passed) = FaultInjection.with(fault, under: outputs) { Result { try work() } }
                    if passed < number { break }
                    faults += 1
                    let words = "\(point) \(number)"
                    let error = try #require(throws: (any Error).self, "\(words)") { try result.get() }
                    #expect(!"\(error)".contains(".partial") && !"\(error)".contains("Domain"), "\(words): \(error)")
                    let found = try Fixtures.contents(of: outputs, folders: true)
                    #expect(found == old || found == new, "\(words): \(found.keys.sorted())")
                    if number > 1 { continue }  // where all is as before, once more is the same work each time
                    try work()
                    #expect(try Fixtures.contents(of: outputs, folders: true) == new, "\(words), and once more")
                }
            }
            return faults
        }

        @Test func `A bundle that replaces another, a card, a plan, weights of every form`() throws {
            try Fixtures.withTemporaryFolder { folder in
                let bundle = try TinyModel.bundle(in: folder), other = try TinyModel.bundle(in: folder, named: "other", seed: 6)
                let outputs = folder.appending(path: "outputs"), target = outputs.appending(path: "t.unetrpp"), state = try bundle.state()
                func placeOther() throws { try FileManager.default.copyItem(at: other.url, to: target) }
                for start in [{}, placeOther] {
                    let faults = try Self.walk(outputs, start: start) {
                        try ModelBundle.write(plan: bundle.plan, state: state, card: "new", to: target)
                    }
                    #expect(faults > 15)
                }
                try Self.walk(outputs, start: placeOther) { try ModelBundle(contentsOf: target).store(card: "new") }
                try Self.walk(outputs, start: placeOther) { try ModelBundle(contentsOf: target).store(PostProcessing(keepLargest: [[1]])) }
                for name in ["w.safetensors", "w.pth"] { try Self.walk(outputs) { try WeightsFile.write(state, to: outputs.appending(path: name)) } }
            }
        }

        @Test(.enabled(if: hasOpenVINO && Processor.current.hasEightBitProducts, "OpenVINO or 8-bit products are absent"))
        func `A model made for 8 bits`() throws {
            try Fixtures.withTemporaryFolder { folder in
                let bundle = try TinyModel.bundle(in: folder), scan = folder.appending(path: "s.nii.gz")
                try NIfTI.write(scan: TinyModel.ball(0).scan, to: scan)
                let quantizer = try Quantizer(bundle, scans: [DatasetCase(name: "s", imageURLs: [scan])], provider: .besideLibtorch)
                let quantization = try quantizer.calibrate(), outputs = folder.appending(path: "outputs")
                let faults = try Self.walk(outputs) {
                    try quantizer.save(quantization, to: outputs.appending(path: "q.unetrpp"), evenIf: true, replacing: true)
                }
                #expect(faults > 8)
            }
        }

        @Test func `A mask and its probabilities`() throws {
            struct Failed: Error, CustomStringConvertible { var description: String }
            try Fixtures.withTemporaryFolder { folder in
                let segmenter = try Segmenter(model: TinyModel.bundle(in: folder), options: SegmenterOptions(mirroring: false))
                let scan = folder.appending(path: "s.nii.gz"), outputs = folder.appending(path: "outputs")
                try NIfTI.write(scan: TinyModel.ball(0).scan, to: scan)
                let task = SegmentationJob.Task(
                    scan: DatasetCase(name: "s", imageURLs: [scan]), mask: outputs.appending(path: "m.nii.gz"),
                    probabilities: outputs.appending(path: "p.nii"))
                let whole = try Self.walkJob(segmenter, task, outputs)
                #expect(whole > 4)
            }
        }

        /// The two files of a scan are two moves: either may be there without the other, but each is whole.
        private static func walkJob(_ segmenter: Segmenter, _ task: SegmentationJob.Task, _ outputs: URL) throws -> Int {
            func run() -> String? { SegmentationJob(segmenter: segmenter, tasks: [task]).run { _ in }[0].problem }
            try #require(run() == nil)
            let new = try Fixtures.contents(of: outputs, folders: true)
            #expect(new.count == 2)
            var faults = 0
            for point in [FaultInjection.Point.create, .write, .sync, .rename] {
                for number in 1...50 {
                    try FileManager.default.removeItem(at: outputs)
                    try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
                    let (problem, passed) = FaultInjection.with(.init(.fail(ENOSPC), at: point, number: number), under: outputs) { run() }
                    if passed < number { break }
                    faults += 1
                    #expect(problem != nil && problem?.contains(".partial") == false, "\(point) \(number): \(problem ?? "")")
                    for (name, data) in try Fixtures.contents(of: outputs, folders: true) { #expect(new[name] == data, "\(point) \(number): \(name)") }
                    if number > 1 { continue }
                    #expect(run() == nil)
                    #expect(try Fixtures.contents(of: outputs, folders: true) == new)
                }
            }
            return faults
        }
    }
#endif
