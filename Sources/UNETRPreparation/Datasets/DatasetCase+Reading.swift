import Foundation
import UNETRPlanning
public import UNETRVolumes

extension DatasetCase {
    /// Reads the images of the case into one scan, [C, D, H, W].
    ///
    /// - Parameter channelNames: what the channels must be; their number is checked.
    /// - Throws: `VolumeError` for a file that cannot be read, `PreparationError` when channels are missing or lie on different grids.
    public func readScan(channelNames: [String]) throws -> Scan {
        guard let first = imageURLs.first else {
            throw PreparationError.wrongChannelCount(scan: name, expected: channelNames, got: 0)
        }
        try checkNumbering(channelNames)
        var scan = try VolumeFile.readScan(first)
        for url in imageURLs.dropFirst() {
            let next = try VolumeFile.readScan(url)
            if let difference = GridAgreement.difference(scan.geometry, next.geometry) {
                throw PreparationError.geometryMismatch(scan: first.path, other: url.path, difference: difference)
            }
            scan = Scan(geometry: scan.geometry, channels: scan.channels + next.channels, voxels: scan.voxels + next.voxels)
        }
        guard scan.channels == channelNames.count else {
            throw PreparationError.wrongChannelCount(scan: name, expected: channelNames, got: scan.channels)
        }
        return scan
    }

    /// Files named CASE_0000, CASE_0001, … must be there without a gap: the order alone does not show which channel a file is.
    private func checkNumbering(_ channelNames: [String]) throws {
        let numbers = imageURLs.compactMap { VolumeName($0.lastPathComponent).flatMap { ScanFiles.channel(of: $0.stem) }?.1 }
        guard imageURLs.count > 1, numbers.count == imageURLs.count, let gap = numbers.indices.first(where: { numbers[$0] != $0 }) else { return }
        let channel = channelNames.indices.contains(gap) ? channelNames[gap] : "\(gap)"
        let missing = imageURLs[0].deletingLastPathComponent().appendingPathComponent(
            "\(name)_\(ScanFiles.digits(gap))\(VolumeName(imageURLs[0].lastPathComponent)?.ending ?? "")")
        throw PreparationError.missingFile(path: missing.path, neededFor: "the channel \(channel) of \(name)")
    }

    /// Reads the labels of the case; nil where there are none.
    ///
    /// - Parameters:
    ///   - geometry: where the scan lies; the labels must lie there too.
    ///   - known: the labels that the structures of a DICOM object become, by their names; a label map needs none.
    /// - Throws: `VolumeError`, `PreparationError.geometryMismatch`; of a DICOM object `DICOMObjectError`.
    public func readLabels(on geometry: Geometry, as known: LabelSet? = nil) throws -> LabelMap? {
        guard let labelURL else { return nil }
        let labels = try VolumeFile.readLabels(labelURL, on: geometry, as: known)
        if let difference = GridAgreement.difference(geometry, labels.geometry) {
            throw PreparationError.geometryMismatch(scan: imageURLs.first?.path ?? name, other: labelURL.path, difference: difference)
        }
        return labels
    }
}

extension Preparer {
    /// Reads and prepares a case, with its labels where it has any.
    public func prepare(_ dataCase: DatasetCase) throws -> PreparedCase {
        let scan = try dataCase.readScan(channelNames: plan.channelNames)
        return try prepare(scan, labels: dataCase.readLabels(on: scan.geometry, as: plan.labels), name: dataCase.name)
    }
}
