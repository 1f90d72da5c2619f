internal import CTorch

extension Runtime {
    /// Path of the libtorch this process runs with, or would load, as the loader finds it; nil if the loader does not say.
    public static var libraryPath: String? {
        isLoaded ? text(ct_library_path) : ct_found_library().map { String(cString: $0) }
    }

    /// What the libtorch this process runs with says of its version and build: many lines.
    public static var buildSettings: String {
        text(ct_build_settings) ?? ""
    }

    /// Version of the libtorch this process runs with, such as "2.13.0"; `version` is the one it was built against.
    public static var loadedVersion: String? { buildSetting("TORCH_VERSION") }

    /// True if the libtorch this process runs with was built for NVIDIA GPUs, whether or not there is one.
    public static var isCUDABuild: Bool { buildSetting("USE_CUDA").map { ["1", "ON"].contains($0) } ?? false }

    /// The value of "name=value," in the settings.
    private static func buildSetting(_ name: String) -> String? {
        let settings = buildSettings
        guard let key = settings.firstRange(of: " \(name)=") else { return nil }
        return String(settings[key.upperBound...].prefix { $0 != "," && !$0.isWhitespace })
    }

    private static func text(_ call: (UnsafeMutablePointer<UnsafePointer<CChar>?>?) -> CTStatus) -> String? {
        var text: UnsafePointer<CChar>?
        return call(&text) == CT_OK ? text.map { String(cString: $0) } : nil
    }
}
