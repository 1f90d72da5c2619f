public import UNETRSupport

extension NetworkDescription {
    /// The same network for other data: its width, depth and all else stay.
    ///
    /// - Parameters:
    ///   - inputChannels: channels of a scan.
    ///   - classes: outputs, background included.
    ///   - patchSize: voxels [D, H, W], rounded up along each axis to what the network takes; an axis that it takes in one size only keeps it.
    public func adapted(inputChannels: Int, classes: Int, patchSize: Size3) -> NetworkDescription {
        func adapted(_ old: some NetworkConfiguration) -> NetworkDescription {
            var configuration = old
            configuration.adapt(inputChannels: inputChannels)
            configuration.classes = classes
            let units = old.patchUnits
            configuration.patchSize = Size3 { axis in
                units[axis].map { (max(1, patchSize[axis]) + $0 - 1) / $0 * $0 } ?? old.patchSize[axis]
            }
            // A unit is that of one axis; should a network compare them, its own patch is one that it takes.
            if (try? configuration.validate()) == nil { configuration.patchSize = old.patchSize }
            return NetworkDescription(configuration)
        }
        return adapted(configuration)
    }
}

extension NetworkConfiguration {
    /// What a patch grows by along each axis, the others as they are; nil for an axis that has one size.
    fileprivate var patchUnits: [Int?] {
        (0..<3).map { axis in
            (1...512).first { step in
                var larger = self
                larger.patchSize[axis] += step
                return (try? larger.validate()) != nil && patchSize[axis].isMultiple(of: step)
            }
        }
    }
}
