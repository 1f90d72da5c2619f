import Foundation
import UNETREvaluation
import UNETRVolumes

/// Where the names of labels are found if nobody says where they are.
enum LabelSearch {
    /// The labels of a dataset.json in the folders of files, or in the data set's folders around these, or of the lookup table of a BIDS data set; nil where
    /// there is none.
    ///
    /// - Throws: `EvaluationError` for a declaration that cannot be read.
    static func declared(beside places: [URL]) throws -> LabelSet? {
        for place in places {
            if let table = try BIDSFolder(place)?.lookupTable { return try LabelSet(declaredBy: table) }
            // The files' folder, which the place itself may be, and the data set's folder around it.
            let isFile = CasePair.caseName(of: place) != nil
            let folder = isFile ? place.deletingLastPathComponent() : place
            for folder in [folder, folder.deletingLastPathComponent()] {
                let file = folder.appendingPathComponent("dataset.json")
                if FileManager.default.fileExists(atPath: file.path) { return try LabelSet(declaredBy: file) }
            }
        }
        return nil
    }

    /// The labels that files name. Label maps are asked first: numbers in a DICOM object need not be those of a label map.
    ///
    /// - Parameters:
    ///   - references: the masks; of two sides those of the expert.
    ///   - predictions: those of the other side, whose label maps are asked too.
    static func named(in references: [URL], and predictions: [URL] = []) -> LabelSet? {
        let maps = (references + predictions).filter { !DICOMStructures.recognizes($0) }
        // What is wrong with a file is said when it is read.
        if let named = joined(maps.compactMap { (try? VolumeFile.readLabelSet($0)) ?? nil }) { return named }
        // Of structures the expert's count. Where the masks are label maps, their numbers must be the same in all objects, else they say nothing.
        let objects = references.filter(DICOMStructures.recognizes).compactMap { try? DICOMStructures(contentsOf: $0) }
        guard !objects.isEmpty else { return nil }
        return maps.isEmpty ? DICOMStructures.labelSet(of: objects) : joined(objects.map(\.labelSet))
    }

    /// All labels together; nil where there are none, or two files name one value differently.
    private static func joined(_ sets: [LabelSet]) -> LabelSet? {
        var found: [LabelDefinition] = []
        for labels in sets {
            for label in labels.foreground where !found.contains(label) {
                guard !found.contains(where: { $0.values == label.values && $0.name != label.name }) else { return nil }
                if !found.contains(where: { $0.values == label.values }) { found.append(label) }
            }
        }
        return found.isEmpty ? nil : LabelSet(definitions: [LabelDefinition(name: "background", value: 0)] + found.sorted { $0.values[0] < $1.values[0] })
    }
}
