import Foundation
import UNETRDICOMWeb

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
