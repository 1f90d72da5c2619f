import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRInference
import UNETRPreparation
import UNETRTorch
import UNETRVolumes

/// A process that works for long keeps its size.
struct SoakTests {
    // With a flag of its own, to be run alone: what other tests of the process hold would count too.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["UNETRPP_SOAK_TESTS"] == "1"))
    func `A thousand scans in one process: memory, files and tensors stay what they were`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let segmenter = try Segmenter(model: TinyModel.bundle(in: folder), options: SegmenterOptions(mirroring: false))
            let scans = try (0..<10).map { number in
                let url = folder.appending(path: "scan\(number).nii.gz")
                try NIfTI.write(scan: TinyModel.ball(number).scan, to: url)
                return url
            }
            func work(_ count: Int) throws {
                let tasks = (0..<count).map { number in
                    SegmentationJob.Task(
                        scan: DatasetCase(name: "\(number)", imageURLs: [scans[number % 10]]), mask: folder.appending(path: "masks/\(number % 20).nii.gz"),
                        probabilities: number % 5 == 0 ? folder.appending(path: "masks/p.nii") : nil)
                }
                let outcomes = SegmentationJob(segmenter: segmenter, tasks: tasks).run { _ in }
                #expect(outcomes.allSatisfy { $0.problem == nil })
            }
            try work(200)
            let before = ProcessFigures()
            for round in 1...4 {
                try work(200)
                print("soak: after \(200 + 200 * round) scans: \(ProcessFigures())")
            }
            let after = ProcessFigures()
            #expect(after.files == before.files && after.tensors == before.tensors, "\(before), then \(after)")
            #expect(after.memory - before.memory < 16 << 20, "\(before), then \(after)")
        }
    }
}
