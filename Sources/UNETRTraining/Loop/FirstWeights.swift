import Foundation
import UNETRArchives
import UNETRLayers
import UNETRModels
import UNETRTorch

/// The weights a run starts from, for a network that may have another number of classes.
enum FirstWeights {
    /// Fills the network from a bundle or weights file. Tensors that differ in the number of classes and in nothing else are the heads:
    /// they keep their new values. Everything else must fit.
    ///
    /// - Returns: what was taken over, in one line.
    /// - Throws: `StateError` for weights of another network.
    static func load(_ url: URL, into store: ParameterStore, classes: Int) throws -> String {
        let state = try WeightsFile.read(url)
        let own = try store.state()
        var heads: [String] = []
        var found: Int?
        let entries = try StateDictionary(
            state.entries.map { key, array in
                guard let mine = own[key], let theirs = otherClasses(array.shape, mine.shape, classes), found ?? theirs == theirs else {
                    return (key, array)
                }
                found = theirs
                heads.append(key)
                return (key, mine)
            })
        try store.load(entries)
        guard let found else { return "all \(state.entries.count) tensors are from \(url.lastPathComponent)" }
        return "\(state.entries.count - heads.count) tensors are from \(url.lastPathComponent); \(heads.count) of the heads are new, for "
            + "\(classes) classes instead of \(found): \(heads.joined(separator: ", "))"
    }

    /// The other number of classes, where the shapes differ along one axis and ours is the number of classes there.
    private static func otherClasses(_ theirs: [Int], _ mine: [Int], _ classes: Int) -> Int? {
        guard theirs.count == mine.count else { return nil }
        let axes = mine.indices.filter { theirs[$0] != mine[$0] }
        guard axes.count == 1, mine[axes[0]] == classes else { return nil }
        return theirs[axes[0]]
    }
}
