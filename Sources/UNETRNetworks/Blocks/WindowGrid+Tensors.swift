import UNETRArchitectures
import UNETRLayers
import UNETRSupport
import UNETRTorch

extension WindowGrid {
    /// [N, d, h, w, C] → windows [N · count, T, C]; the grid is filled up with zeros at its ends.
    func partition(_ x: Tensor) throws -> Tensor {
        var x = x
        if padded != grid {
            let missing = zip(padded, grid).map { $0 - $1 }
            x = try x.padded([0, 0, 0, missing[2], 0, missing[1], 0, missing[0]])
        }
        if isShifted { x = try x.rolled(by: shift.map { -$0 }, axes: [1, 2, 3]) }
        let shape = x.shape
        let split = [shape[0], counts[0], window[0], counts[1], window[1], counts[2], window[2], shape[4]]
        return try x.reshaped(split).permuted([0, 1, 3, 5, 2, 4, 6, 7]).reshaped([-1, tokens, shape[4]])
    }

    /// Windows [N · count, T, C] → [N, d, h, w, C]: undoes `partition`.
    func merge(_ windows: Tensor) throws -> Tensor {
        let channels = windows.shape[2]
        let split = [-1] + counts + window + [channels]
        var x = try windows.reshaped(split).permuted([0, 1, 4, 2, 5, 3, 6, 7]).reshaped([-1] + padded + [channels])
        if isShifted { x = try x.rolled(by: Array(shift), axes: [1, 2, 3]) }
        for axis in 0..<3 where padded[axis] != grid[axis] { x = try x.narrowed(axis + 1, 0..<grid[axis]) }
        return x
    }

    /// −100 for pairs of tokens that only the roll brought into one window, else 0: [count, 1, T, T]; nil where there are none.
    func mask(like tensor: Tensor) throws -> Tensor? {
        guard hasMask else { return nil }
        let regions = (0..<3).map(regions)
        var ids: [Int32] = []
        ids.reserveCapacity(padded.voxels)
        for d in regions[0] { for h in regions[1] { for w in regions[2] { ids.append(Int32(9 * d + 3 * h + w)) } } }
        let volume = try Tensor(ids, shape: [1] + padded + [1]).to(tensor.device)
        let flat = try WindowGrid(grid: padded, window: window, shift: [0, 0, 0]).partition(volume).squeezed(-1)  // [count, T]
        let together = try flat.unsqueezed(1).equals(flat.unsqueezed(2))
        return try Tensor.full(together.shape, -100, tensor.dtype, on: tensor.device).filled(where: together, with: 0).unsqueezed(1)
    }
}
