import Foundation

/// Which files hold the header and the voxels of one NIfTI volume.
struct NIfTIFiles {
    /// The endings a volume to be read may have.
    static let endings = NIfTIFormat().endings + NIfTIFormat().voxelEndings

    var header: URL
    var image: URL

    /// Whether header and voxels are one file.
    var isSingle: Bool { header == image }

    /// Finds both files from the name of either; the half that is not named may be gzipped or not, whatever the named one is.
    init(_ url: URL) throws {
        let name = url.lastPathComponent
        guard let ending = Self.endings.first(where: { name.lowercased().hasSuffix($0) }) else {
            throw VolumeError.unknownExtension(path: url.path, allowed: Self.endings)
        }
        if ending.hasPrefix(".nii") {
            header = url
            image = url
            return
        }
        let compressed = ending.hasSuffix(".gz")
        let partner = ending.hasPrefix(".hdr") ? ".img" : ".hdr"
        let stem = String(name.dropLast(ending.count))
        let candidates = (compressed ? [".gz", ""] : ["", ".gz"]).flatMap { gzip in
            [partner + gzip, partner.uppercased() + gzip.uppercased()].map { stem + $0 }
        }
        let folder = url.deletingLastPathComponent()
        guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path) })
        else {
            guard FileManager.default.fileExists(atPath: url.path) else {
                throw VolumeError.cannotOpen(path: url.path, reason: "no such file")
            }
            throw VolumeError.missingPartner(path: url.path, looked: [stem + partner, stem + partner + ".gz"])
        }
        let other = folder.appendingPathComponent(found)
        (header, image) = partner == ".img" ? (url, other) : (other, url)
    }

    /// The header file alone, for when the voxels are not wanted.
    static func header(of url: URL) throws -> URL {
        url.lastPathComponent.lowercased().contains(".hdr") ? url : try NIfTIFiles(url).header
    }
}
