public import Foundation
import UNETRSupport

extension DICOMStudy {
    /// The series that a scan may be: without localizers, pictures, and single images beside volumes.
    public var scans: [DICOMSeries] {
        let possible = series.filter { !$0.isLocalizer && !$0.isCapture }
        let stacks = possible.filter { $0.imageCount > 1 }
        return stacks.isEmpty ? possible : stacks
    }

    /// One of the series.
    ///
    /// - Parameters:
    ///   - choice: a UID or a number, where a series is several volumes with `/` and the volume's number; nil: the only one there is.
    ///   - modalities: where nothing is chosen, series of another modality are not meant, if there is any of these. Empty: all are.
    /// - Throws: `DICOMError` where none or several could be meant; it lists them.
    public func series(_ choice: String?, modalities: Set<String> = []) throws -> DICOMSeries {
        guard let choice, !choice.isEmpty else { return try onlySeries(modalities) }
        func fail(_ problem: DICOMProblem) -> DICOMError { DICOMError(path: url.path, problem: problem) }
        let parts = choice.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        // What a file calls its UID may hold a slash, too.
        if let whole = series.first(where: { $0.uid == choice }) { return whole }
        var found = series.filter { $0.uid == parts[0] }
        if found.isEmpty, let number = Int(parts[0]) { found = series.filter { $0.number == number } }
        guard let first = found.first else { throw fail(.noSuchSeries(choice: choice, present: series.map(\.summary))) }
        guard found.count == 1 else { throw fail(.sameNumber(choice: choice, present: found.map(\.summary))) }
        guard parts.count == 2 else { return first }
        guard let phase = Int(parts[1]), first.phases.indices.contains(phase - 1) else {
            throw fail(.noSuchSeries(choice: choice, present: first.phases.isEmpty ? [first.summary] : first.phases.map(\.summary)))
        }
        return first.phases[phase - 1]
    }

    private func onlySeries(_ modalities: Set<String>) throws -> DICOMSeries {
        var candidates = scans
        if !modalities.isEmpty, candidates.contains(where: { modalities.contains($0.modality) }) {
            candidates.removeAll { !modalities.contains($0.modality) }
        }
        // Where nothing can be a scan, the series itself says why.
        if candidates.isEmpty { candidates = series }
        guard candidates.count == 1 else {
            throw DICOMError(path: url.path, problem: .severalSeries(candidates.map(\.summary)))
        }
        return candidates[0]
    }

    /// The modalities that a channel of that name may have been taken with, such as "MR" for "T2" or "FLAIR"; empty where the name does not say.
    public static func modalities(ofChannel name: String) -> Set<String> {
        let words = name.uppercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
        func has(_ known: [String]) -> Bool { words.contains { word in known.contains { word.hasPrefix($0) } } }
        if has(["CT", "CBCT"]) { return ["CT"] }
        if has(["PET", "PT", "SUV"]) { return ["PT"] }
        if has(["MR", "T1", "T2", "FLAIR", "DWI", "ADC"]) { return ["MR"] }
        return []
    }

    /// The study's URL with the series as its fragment: what `VolumeFile` takes for this series and no other, made straight if this one is.
    public func url(of series: DICOMSeries) -> URL {
        var choice = ""
        if self.series.count > 1 || series.phase != nil {
            choice = (series.uid.isEmpty ? series.number.map(String.init) ?? "" : series.uid) + (series.phase.map { "/\($0)" } ?? "")
        }
        if series.correctedTilt != nil { choice += Self.straightMark }
        guard !choice.isEmpty, var parts = URLComponents(url: url, resolvingAgainstBaseURL: true) else {
            return url
        }
        parts.fragment = choice
        return parts.url ?? url
    }

    /// What a fragment ends with whose series is to be made straight. No UID and no number does.
    private static let straightMark = "+straight"

    /// The series that a URL's fragment names (see `url(of:)`); without one the only series.
    func series(meantBy url: URL) throws -> DICOMSeries {
        let fragment = url.fragment(percentEncoded: false) ?? ""
        guard fragment.hasSuffix(Self.straightMark) else { return try series(fragment) }
        return try series(String(fragment.dropLast(Self.straightMark.count))).correctingTilt()
    }
}
