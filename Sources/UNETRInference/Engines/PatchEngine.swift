/// Which engine is wanted.
public enum EngineChoice: String, Sendable, CaseIterable {
    /// The fastest that works here.
    case auto
    case torch
    /// The network compiled by OpenVINO; on the CPU only.
    case compiled
}
