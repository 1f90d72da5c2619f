public import Foundation
public import UNETRVolumes

extension CasePair {
    /// Reads prediction and reference. The structures of DICOM objects become labels on the other side's grid, or on that of their series where both are
    /// objects.
    ///
    /// - Parameter labels: the labels that structures become, by their names; nil: there is one structure, label 1.
    /// - Throws: as `VolumeFile.readLabels(_:on:as:)`; `EvaluationError.noGrid` for two objects without their series.
    public func labelMaps(as labels: LabelSet?) throws -> (prediction: LabelMap, reference: LabelMap) {
        (try VolumeFile.readLabels(prediction, on: grid(), as: labels), try VolumeFile.readLabels(reference, on: grid(), as: labels))
    }

    /// The DICOM study of a case in a folder of scans: a folder or an archive of the case's name; nil where there is none.
    public static func study(of name: String, in folder: URL) -> URL? {
        [name, "\(name).zip"].map { folder.appending(path: $0) }.first { FileManager.default.fileExists(atPath: $0.path) }
    }

    /// Voxels of the prediction and of the reference; nil where a header says more than can be counted.
    func voxelCounts() throws -> [Int?] {
        try [prediction, reference].map { file in
            guard !DICOMStructures.recognizes(file) else { return try grid().size.checkedProduct() }
            let header = try VolumeFile.readHeader(file)
            return ([header.channels] + header.geometry.size).checkedProduct()
        }
    }

    /// Where the structures of DICOM objects lie, which have no grid of their own.
    private func grid() throws -> Geometry {
        if let map = [prediction, reference].first(where: { !DICOMStructures.recognizes($0) }) { return try VolumeFile.readHeader(map).geometry }
        let objects = try [prediction, reference].map { try DICOMStructures(contentsOf: $0) }
        guard let series = try Self.series(of: objects, in: [scan, reference, prediction].compactMap(\.self)) else {
            throw EvaluationError.noGrid(case: name)
        }
        return try VolumeFile.readHeader(series).geometry
    }

    /// The series that DICOM objects are about, in the first place that is a study; nil where none is.
    static func series(of objects: [DICOMStructures], in places: [URL]) throws -> URL? {
        guard let study = places.lazy.compactMap({ try? DICOMStudy(contentsOf: $0) }).first else { return nil }
        return try study.url(of: objects.lazy.compactMap { study.series(about: $0) }.first ?? study.series(nil))
    }

    /// Where a case's scan may be in a folder: `CASE.nii.gz`, `CASE_0000.nii.gz` or a DICOM study `CASE`, with the channel of it that is meant.
    static func scans(of name: String, in folder: URL, channel: Int = 0) -> [(file: URL, channel: Int)] {
        let endings = VolumeFormats.endings, number = String(format: "_%04d", channel)
        let files = endings.map { (folder.appending(path: name + $0), channel) } + endings.map { (folder.appending(path: name + number + $0), 0) }
        return files.filter { FileManager.default.fileExists(atPath: $0.0.path) } + (study(of: name, in: folder).map { [($0, channel)] } ?? [])
    }
}
