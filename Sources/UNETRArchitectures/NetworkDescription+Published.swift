public import UNETRArchives
import UNETRSupport

extension NetworkDescription {
    /// A state of this network in the shapes that the published code has: the weights of two-dimensional layers are [O, I, h, w] there.
    public func published(_ state: StateDictionary) throws -> StateDictionary {
        func isVolume(_ array: StoredArray) -> Bool { array.shape.count == 5 }
        guard patchSize.depth == 1, state.entries.allSatisfy({ !isVolume($0.array) || $0.array.shape[2] == 1 }) else { return state }
        return try StateDictionary(
            state.entries.map { key, array in
                (key, isVolume(array) ? try array.reshaped(Array(array.shape[..<2] + array.shape[3...])) : array)
            })
    }
}
