import Testing
import UNETRArchitectures
import UNETRSupport

/// How token grids are cut into windows.
struct WindowGridTests {
    @Test func `A grid is filled up to whole windows`() {
        let grid = WindowGrid(grid: [5, 8, 9], window: [4, 4, 4], shift: [2, 0, 2])
        #expect(grid.padded == [8, 8, 12] && grid.counts == [2, 2, 3] && grid.tokens == 64 && grid.isShifted && grid.masked)
    }

    @Test func `Swin windows are as long as short axes and do not shift along them`() {
        let windows = SwinUNETRConfiguration().windows(on: [48, 6, 7], shifted: true)
        #expect(windows.window == [7, 6, 7] && windows.shift == [3, 0, 0])
        #expect(!SwinUNETRConfiguration().windows(on: [48, 48, 48], shifted: false).isShifted)
    }

    @Test func `nnFormer has cubes that see what the shift separates, or boxes that do not`() {
        let cubes = NNFormerConfiguration(.synapse)
        #expect(cubes.windows(stage: 0, shifted: true) == WindowGrid(grid: [32, 32, 32], window: [4, 4, 4], shift: [2, 2, 2]))
        // The coarsest grid is 4³, no larger than a window: nothing to shift.
        #expect(cubes.windows(stage: 3, shifted: true) == WindowGrid(grid: [4, 4, 4], window: [4, 4, 4], shift: [0, 0, 0]))
        let boxes = NNFormerConfiguration(.acdc)
        #expect(boxes.windows(stage: 0, shifted: true) == WindowGrid(grid: [14, 40, 40], window: [3, 5, 5], shift: [1, 2, 2], masked: false))
        #expect(boxes.windows(stage: 0, shifted: false).shift == [0, 0, 0])
    }

    @Test func `Swin blocks have the heads of their stage and a growing stochastic depth`() {
        var configuration = SwinUNETRConfiguration()
        configuration.pathDropout = 0.7
        let blocks = (0..<4).flatMap { configuration.blocks(stage: $0) }
        #expect(blocks.map(\.heads) == [3, 3, 6, 6, 12, 12, 24, 24] && blocks.allSatisfy { $0.window == [7, 7, 7] })
        #expect(zip(blocks.map(\.pathDropout), (0..<8).map { 0.7 * Double($0) / 7 }).allSatisfy { $0 == $1 })
    }
}
