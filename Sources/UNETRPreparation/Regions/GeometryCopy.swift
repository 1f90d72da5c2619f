import Foundation
import UNETRVolumes

/// Writing a label map again where its scan lies.
enum GeometryCopy {
    static func write(from scan: URL, to labels: URL) throws {
        let header = try VolumeFile.readHeader(scan)
        var map = try VolumeFile.readLabels(labels)
        guard map.geometry.size == header.geometry.size else {
            throw PreparationError.sizeMismatch(scan: labels.path, expected: header.geometry.size, got: map.geometry.size)
        }
        map.geometry = header.geometry
        try VolumeFile.write(labels: map, like: header, to: labels)
    }
}
