public import Foundation
import UNETRVolumes

/// A prediction and the reference it is scored against.
public struct CasePair: Equatable, Sendable {
    /// The name both files share, without their extension.
    public var name: String
    /// The predicted label map, or a DICOM object with the structures.
    public var prediction: URL
    /// The expert's label map, or a DICOM object with the structures.
    public var reference: URL
    /// The probabilities that the prediction was made from, a file with one channel a label, if calibration is asked for.
    public var probabilities: URL?
    /// The DICOM study of the case, whose grid counts where prediction and reference are both DICOM objects; nil: it lies beside the reference, if anywhere.
    public var scan: URL?

    /// A case to be scored.
    public init(name: String, prediction: URL, reference: URL, probabilities: URL? = nil) {
        self.name = name
        self.prediction = prediction
        self.reference = reference
        self.probabilities = probabilities
    }

    /// The pairs with the probabilities of the same name from a folder, or from one file where there is one case.
    ///
    /// - Throws: `EvaluationError.noProbabilities` with the cases that have none.
    public static func adding(probabilities: URL, to pairs: [CasePair]) throws -> [CasePair] {
        let side = try CaseFiles(probabilities)
        if !side.isFolder, pairs.count == 1 {
            return [CasePair(name: pairs[0].name, prediction: pairs[0].prediction, reference: pairs[0].reference, probabilities: probabilities)]
        }
        let without = pairs.map(\.name).filter { side.files[$0] == nil }
        guard without.isEmpty else { throw EvaluationError.noProbabilities(cases: without, folder: probabilities.path) }
        return pairs.map { pair in
            var pair = pair
            pair.probabilities = side.files[pair.name]
            return pair
        }
    }
}

extension CasePair {
    /// The case's name: the file name without the ending of a volume, or of a DICOM segmentation or structure set, or the name of a folder that
    /// holds one of these; nil if it is none of these.
    public static func caseName(of file: URL) -> String? {
        let name = file.lastPathComponent
        if let name = VolumeName(name) { return name.stem }
        guard !name.hasPrefix("."), DICOMStructures.recognizes(file) else { return nil }
        guard file.pathExtension.lowercased() == "dcm" else { return name }
        return MaskForm.stem(of: file.lastPathComponent) ?? file.deletingPathExtension().lastPathComponent
    }

    /// The cases of two folders, two files, or a file and a folder, in the order of their names.
    ///
    /// Two files are one case, whatever they are called; its name is the reference's. Otherwise files belong together if their names
    /// without extension are equal.
    /// - Parameter requireAll: whether a file without counterpart is an error (with one file and a folder, only the file's is needed).
    /// - Parameter predictions: the predicted label maps.
    /// - Parameter references: the expert's label maps.
    /// - Throws: `EvaluationError.unmatched`, which lists every file without counterpart; `.noCaseInCommon`, `.noFiles`, `.missing`,
    ///   `.duplicateCase`.
    public static func match(predictions: URL, references: URL, requireAll: Bool = true) throws -> [CasePair] {
        let (left, right) = (try CaseFiles(predictions), try CaseFiles(references))
        if !left.isFolder, !right.isFolder {
            let name = right.files.keys.first!
            return [CasePair(name: name, prediction: predictions, reference: references)]
        }
        let common = left.files.keys.filter { right.files[$0] != nil }.sorted()
        guard !common.isEmpty else {
            throw EvaluationError.noCaseInCommon(predictions: predictions.path, references: references.path)
        }
        if requireAll {
            let lonelyPredictions = right.isFolder || !left.isFolder ? left.files.keys.filter { right.files[$0] == nil } : []
            let lonelyReferences = left.isFolder ? right.files.keys.filter { left.files[$0] == nil } : []
            guard lonelyPredictions.isEmpty, lonelyReferences.isEmpty else {
                throw EvaluationError.unmatched(predictions: lonelyPredictions.sorted(), references: lonelyReferences.sorted())
            }
        }
        return common.map { CasePair(name: $0, prediction: left.files[$0]!, reference: right.files[$0]!) }
    }
}
