import Foundation
import UNETRPlanning
import UNETRPreparation
public import UNETRSupport
public import UNETRVolumes

extension SegmentationJob {
    /// How a job keeps to the memory it may take.
    public struct MemoryPlan: Sendable {
        /// About how much it will take at its fullest moment, in bytes.
        public let predicted: Int

        /// What it may take.
        public let limit: MemoryLimit

        /// Whether the next scan is read, and the last mask written, while the network works.
        public let overlaps: Bool

        /// For each task why it is not begun; nil where it is.
        let problems: [String?]

        init(_ memory: any SegmentationMemoryEstimate, tasks: [Task], geometries known: [Geometry?], limit: MemoryLimit) {
            var geometries: [Geometry] = []
            problems = zip(tasks, known).map { task, geometry in
                // Where resampling would make too many voxels to count, the preparation says why.
                guard let geometry, !memory.isTooLarge(geometry) else { return nil }
                let needed = memory.alone([geometry], writesProbabilities: task.wantsProbabilities)
                do { try limit.check(needed, for: task.scan.imageURLs[0].path) } catch { return "\(error)" }
                geometries.append(geometry)
                return nil
            }
            let writes = tasks.contains(where: \.wantsProbabilities)
            let overlapped = memory.overlapped(geometries, writesProbabilities: writes)
            overlaps = tasks.count > 1 && overlapped <= limit.bytes
            predicted = overlaps ? overlapped : memory.alone(geometries, writesProbabilities: writes)
            self.limit = limit
        }
    }
}

extension Segmenter {
    /// Patches of a scan that is not cropped.
    public func patchCount(of scan: Geometry) -> Int {
        let settings = predictor.settings
        let window = SlidingWindow(
            size: plan.preparedGrid(of: scan).size, patchSize: plan.patchSize, stepFraction: settings.stepFraction,
            placement: settings.windows.placement)
        return window.starts.map(\.count).reduce(1, *)
    }
}

extension Geometry {
    /// Whether sizes can be computed from it at all; what is wrong otherwise is found when the scan is read.
    var isPlausible: Bool {
        spacing.count == 3 && size.allSatisfy { (1..<(1 << 15)).contains($0) }
            && spacing.allSatisfy { $0.isFinite && (1e-3..<1e3).contains($0) }
    }
}
