import Support
import Volumes

extension Preparer {
    /// Refuses a scan whose preparation takes more memory than may be taken: a spacing of 80 mm turns a few voxels into billions.
    ///
    /// The scan, its part in the box, two steps of resampling a channel, and the result live together.
    func checkMemory(_ scan: Scan, _ grid: ResamplingGrid, hasLabels: Bool, _ name: String) throws {
        let input = grid.inputCount, output = grid.outputCount
        let intensities = scan.voxels.count + scan.channels * (input + output) + (grid.isIdentity ? 0 : 2 * max(input, output))
        try MemoryLimit.current.check(4 * intensities + (hasLabels ? 2 * (input + output) : 0), for: name)
    }
}
