package import UNETRSupport

/// What networks of one slice at a time have in common: their patch is [1, H, W], and their kernels have a depth of 1.
extension NetworkConfiguration {
    /// The rules that input and output of such a network obey; H and W are divisible by `side`.
    func validateSlice(side: Int) throws {
        try validateSizes(unit: [1, side, side])
        try demand(
            patchSize.depth == 1, "patchSize", patchSize,
            "a depth of 1, as the network takes one slice at a time; the nearest is \(Size3(1, patchSize.height, patchSize.width))")
    }

    /// Channels that a network made for color images takes: a scan of one channel is repeated three times, as published.
    package var imageChannels: Int { inputChannels == 1 ? 3 : inputChannels }
}

extension NetworkTask {
    /// One slice of the patch, H and W rounded up to multiples of `side`.
    func slice(inUnitsOf side: Int) -> Size3 {
        var slice = patch(inUnitsOf: [1, side, side])
        slice.depth = 1
        return slice
    }
}
