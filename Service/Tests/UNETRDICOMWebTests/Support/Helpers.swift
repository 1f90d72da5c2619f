import Foundation
import UNETRDICOMWeb

/// Calls `body` with a new folder, and removes it afterwards.
func withTemporaryFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "unetrpp-service-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}

extension DICOMWebSettings {
    /// Without patience.
    static var hasty: DICOMWebSettings {
        var settings = DICOMWebSettings()
        settings.retries = 0
        settings.pause = 0.01
        settings.timeout = 5
        return settings
    }
}

/// What is wrong when a client asks; nil where nothing is.
func problem(_ url: String, _ settings: DICOMWebSettings = .hasty, _ body: (DICOMWebClient) async throws -> Void) async throws -> DICOMWebProblem? {
    do { try await DICOMWebClient.with(DICOMWebAddress(url), settings, body) } catch let error as DICOMWebError { return error.problem }
    return nil
}

/// The names of all files in a folder, hidden ones included.
func files(in folder: URL) -> [String] { ((try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []).sorted() }
