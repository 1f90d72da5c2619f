import Foundation
import TestSupport
import UNETRSupport

@testable import UNETRVolumes

/// What a reader must do with the cases of `Fixtures/dicom`; see its README.
struct DICOMCase: Decodable {
    struct Expected: Decodable {
        var seriesUid: String?
        var modality: String?
        var shapeKji: [Int]
        var spacingIjkMm: [Double]?
        var affineRas: [[Double]]?
        var voxelsSha256: String
        var order: [Place]?
        /// k, j, i and the value.
        var probesKjiv: [[Double]]?
    }

    /// A file, or a frame of one.
    struct Place: Decodable, Equatable {
        var file: String
        var frame: Int

        init(file: String, frame: Int) { (self.file, self.frame) = (file, frame) }

        init(from decoder: any Decoder) throws {
            if let name = try? decoder.singleValueContainer().decode(String.self) {
                (file, frame) = (name, 0)
            } else {
                var list = try decoder.unkeyedContainer()
                (file, frame) = (try list.decode(String.self), try list.decode(Int.self))
            }
        }
    }

    struct File: Decodable {
        var expect: String
        var reasonsAllowed: [String]?
        var volume: Expected?
    }

    var expect: String
    var reasonsAllowed: [String]?
    var volumes: [Expected]?
    var files: [String: File]?

    /// The folder of the whole set, where there is one.
    static let wholeSet: URL? = {
        let named = ProcessInfo.processInfo.environment["UNETRPP_DICOM"].map { URL(fileURLWithPath: $0) }
        let beside = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/dicom")
        let folder = named ?? beside
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    static let fixture = Fixtures.url("dicom")
    static let names = cases(in: fixture)
    static let furtherNames = wholeSet.map { cases(in: $0).filter { !names.contains($0) || $0 == "16b_security" } } ?? []

    private static func cases(in folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted().filter {
            FileManager.default.fileExists(atPath: folder.appending(path: "\($0)/expected.json").path)
        }
    }

    init(_ folder: URL) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(contentsOf: folder.appending(path: "expected.json")))
    }

    /// The words for a problem that the cases use.
    static func words(for error: any Error) -> Set<String> {
        guard let error = error as? DICOMError else { return ["\(error)"] }
        return switch error.problem {
        case .notDICOM: ["not-dicom"]
        case .noImage: ["no-image"]
        case .noObject: ["no-object"]
        case .severalSeries, .framesOfReferenceDiffer: ["mixed"]
        case .noSuchSeries, .sameNumber: ["choice"]
        case .truncated, .changed: ["truncated"]
        case .malformed: ["malformed"]
        case .damagedPixels: ["malformed", "truncated"]
        case .unsupported, .missingLibrary: ["unsupported"]
        case .color: ["color"]
        case .unpacksTooFar: ["size"]
        case .noGeometry, .orientationsDiffer, .crooked: ["geometry"]
        case .sizesDiffer: ["size"]
        case .gap: ["gap"]
        case .unevenSpacing: ["spacing"]
        case .tilt: ["tilt"]
        case .duplicates: ["duplicate"]
        }
    }
}
