public import UNETRVolumes

/// Removal of everything but the largest connected part of predicted structures.
public struct PostProcessing: Equatable, Sendable {
    /// On which grid masks are cleaned up.
    public enum Grid: String, Codable, Sendable, CaseIterable {
        /// That of the scan.
        case scan
        /// That of the prepared volume, before the labels go back to the scan: for plans that decide there (`InferenceSettings.restored`).
        case prepared
    }

    /// Sets of label values; each set is one joint structure of which the largest part is kept. Applied in order.
    public var keepLargest: [[Int]]

    /// Which voxels belong together.
    public var connectivity: Connectivity

    /// Where it is done.
    public var grid: Grid

    /// Keeps the largest connected part of each set of values.
    public init(keepLargest: [[Int]], connectivity: Connectivity = .faces, grid: Grid = .scan) {
        self.keepLargest = keepLargest
        self.connectivity = connectivity
        self.grid = grid
    }
}

extension PostProcessing: Codable {
    private enum CodingKeys: String, CodingKey { case keepLargest, connectivity, grid }

    /// Decodes; what is missing is as it always was.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        keepLargest = try values.decode([[Int]].self, forKey: .keepLargest)
        grid = try values.decodeIfPresent(Grid.self, forKey: .grid) ?? .scan
        let number = try values.decodeIfPresent(Int.self, forKey: .connectivity) ?? Connectivity.faces.rawValue
        guard let known = Connectivity(rawValue: number) else {
            throw PlanError.invalid(field: "postProcessing.connectivity", value: "\(number)", rule: "must be 6, 18 or 26")
        }
        connectivity = known
    }

    /// Encodes what differs from what always was.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(keepLargest, forKey: .keepLargest)
        if connectivity != .faces { try values.encode(connectivity.rawValue, forKey: .connectivity) }
        if grid != .scan { try values.encode(grid, forKey: .grid) }
    }
}
