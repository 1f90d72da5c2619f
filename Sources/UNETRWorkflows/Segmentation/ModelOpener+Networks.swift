public import Foundation
import UNETRLayers
public import UNETRModels
import UNETRNetworks

extension ModelOpener {
    /// An opener that compares every key and shape of another tool's weights with the network that its plan describes.
    /// - Parameter cache: where converted models are kept; nil: the user's folder for caches.
    public init(cache: URL? = nil) {
        self.init(cache: cache) { state, network in try network.load(state, into: network.makeNetwork(values: .unset), aliases: false) }
    }
}
