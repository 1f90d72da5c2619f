public import Foundation
import UNETRPictures
import UNETRVolumes

extension EvaluationReport {
    /// Draws the worst cases of a result from their files.
    ///
    /// - Parameters:
    ///   - pairs: the files of the result's cases.
    ///   - count: how many cases, the one with the lowest mean Dice first.
    ///   - images: a folder with the scans, `CASE.nii.gz`, `CASE_0000.nii.gz` or a DICOM study `CASE`; without it, or without a scan that fits, the ground is
    ///     plain.
    ///   - resample: as for the scores.
    ///   - ignoredLabel: the label of the reference that is drawn as background.
    ///   - result: what is reported.
    /// - Throws: what reading the files throws.
    public static func pictures(
        of result: EvaluationResult, pairs: [CasePair], count: Int = 5, images: URL? = nil, resample: Bool = false, ignoredLabel: Int16? = nil
    ) throws -> [Picture] {
        let files = Dictionary(pairs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        return try result.worstFirst.prefix(max(0, count)).compactMap { (metrics) -> Picture? in
            guard let pair = files[metrics.name] else { return nil }
            var (prediction, reference) = try pair.labelMaps(as: LabelSet(namedBy: result.classes))
            if resample { prediction = try LabelResampling.nearest(prediction, to: reference.geometry, case: pair.name) }
            if let ignoredLabel {
                for index in reference.voxels.indices where reference.voxels[index] == ignoredLabel {
                    reference.voxels[index] = 0
                    prediction.voxels[index] = 0
                }
            }
            let ground = images.flatMap { scan(of: pair.name, in: $0, geometry: reference.geometry) }
            return Picture(caseName: pair.name, png: ComparisonPicture().render(prediction, reference, scan: ground).png())
        }
    }

    /// The scan of a case if there is one that lies on the same grid.
    private static func scan(of name: String, in folder: URL, geometry: Geometry) -> Scan? {
        for (file, _) in CasePair.scans(of: name, in: folder) {
            guard let scan = try? VolumeFile.readScan(file) else { continue }
            if scan.geometry.isApproximatelyEqual(to: geometry) { return scan }
        }
        return nil
    }
}
