public import UNETRTorch

/// Every parameter and buffer of a network by its checkpoint key, in the order of the reference's state dict.
///
/// Layers hold the tensors themselves; the store is the same tensors seen as a table, for optimizers and files.
public final class ParameterStore {
    /// What an entry is to training.
    public enum Kind: Sendable { case parameter, buffer }

    /// A tensor of a network with its checkpoint key.
    public struct Entry {
        /// The key in checkpoints.
        public let key: String
        /// The tensor itself; networks hold the same one.
        public let tensor: Tensor
        /// Whether it is trained.
        public let kind: Kind

        /// The key of the entry whose tensor this one shares: saved twice, trained once.
        public let aliasOf: String?
    }

    /// How new parameters get their values.
    public enum Values: Sendable {
        /// Drawn by each layer's rule, from the store's generator.
        case random
        /// Whatever memory holds: for networks that are filled from a file next.
        case unset
    }

    /// Where the tensors are.
    public let device: Device
    /// Their type.
    public let dtype: DType
    let values: Values
    let generator: Generator?
    /// All tensors, in the order of the reference's state dictionary.
    public private(set) var entries: [Entry] = []
    private var indices: [String: Int] = [:]

    /// An empty store. `generator` draws initial values; nil: the global one.
    public init(device: Device = .cpu, dtype: DType = .float32, values: Values = .random, generator: Generator? = nil) {
        self.device = device
        self.dtype = dtype
        self.values = values
        self.generator = generator
    }

    /// The place layers of the whole network are made in.
    public var root: Scope { Scope(store: self, path: "") }

    /// The tensor under a key.
    public subscript(key: String) -> Tensor? { entry(key)?.tensor }

    func entry(_ key: String) -> Entry? { indices[key].map { entries[$0] } }

    /// What the optimizer trains: every parameter once.
    public var parameters: [Tensor] { entries.filter { $0.kind == .parameter && $0.aliasOf == nil }.map(\.tensor) }

    /// For each of `parameters` whether weight decay should pull at it: the matrices and kernels, but no norms, biases, scales or positions.
    public var decaying: [Bool] {
        entries.filter { $0.kind == .parameter && $0.aliasOf == nil }.map { entry in
            let name = entry.key.split(separator: ".").last.map(String.init) ?? entry.key
            return entry.tensor.rank > 1 && !Self.undecayed.contains(name)
        }
    }

    private static let undecayed: Set = [
        "pos_embed", "position_embeddings", "relative_position_bias_table", "temperature", "temperature2",
    ]

    /// Number of trained values.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }

    func add(_ tensor: Tensor, as kind: Kind, key: String, aliasOf: String? = nil) {
        precondition(indices[key] == nil, "two entries are called \(key)")
        indices[key] = entries.count
        entries.append(Entry(key: key, tensor: tensor, kind: kind, aliasOf: aliasOf))
    }
}

/// A place in the tree of keys, where a layer makes its parameters: `scope / "conv1" / "conv"` is the prefix "conv1.conv.".
public struct Scope {
    let store: ParameterStore
    /// The prefix of the keys.
    public let path: String

    /// Where the tensors are.
    public var device: Device { store.device }

    /// The scope one level deeper.
    public static func / (scope: Scope, name: String) -> Scope {
        Scope(store: scope.store, path: scope.key(name))
    }

    /// The scope one level deeper.
    public static func / (scope: Scope, index: Int) -> Scope { scope / String(index) }

    private func key(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// A trained tensor of the network.
    public func parameter(_ name: String, _ shape: [Int], _ initial: Initializer) throws -> Tensor {
        let tensor = try Tensor.empty(shape, store.dtype, on: store.device)
        if store.values == .random { try initial.fill(tensor, using: store.generator) }
        try tensor.requiringGradient()
        store.add(tensor, as: .parameter, key: key(name))
        return tensor
    }

    /// A tensor that belongs to the network's state but is not trained.
    public func buffer(_ name: String, _ shape: [Int], _ value: Double, dtype: DType? = nil) throws -> Tensor {
        let tensor = try Tensor.full(shape, value, dtype ?? store.dtype, on: store.device)
        store.add(tensor, as: .buffer, key: key(name))
        return tensor
    }

    /// A computed tensor that belongs to the network's state but is not trained; it becomes the store's type.
    public func buffer(_ name: String, _ values: Tensor) throws -> Tensor {
        let tensor = try values.to(store.dtype).to(store.device)
        store.add(tensor, as: .buffer, key: key(name))
        return tensor
    }

    /// A table of whole numbers that belongs to the network's state, such as places in another table.
    public func buffer(_ name: String, _ shape: [Int], table: [Int]) throws -> Tensor {
        let tensor = try Tensor(table.map(Int64.init), shape: shape).to(store.device)
        store.add(tensor, as: .buffer, key: key(name))
        return tensor
    }

    /// A second key for a tensor made in this scope.
    public func alias(_ name: String, of original: String) {
        let originalKey = key(original)
        guard let entry = store.entry(originalKey) else { preconditionFailure("\(originalKey) is not there to be shared") }
        store.add(entry.tensor, as: entry.kind, key: key(name), aliasOf: entry.aliasOf ?? originalKey)
    }

    /// Second keys for everything made so far under `original`, under `name` in its place and in the same order.
    public func aliasAll(_ name: String, of original: String) {
        let prefix = key(original) + "."
        for entry in store.entries where entry.key.hasPrefix(prefix) {
            let rest = entry.key.dropFirst(prefix.count)
            alias("\(name).\(rest)", of: "\(original).\(rest)")
        }
    }
}
