/// Which elements of a file are kept when it is read. What is not kept is passed over, so that nothing can tell it.
struct DICOMSelection: Sendable {
    /// Elements whose values are kept.
    var values: Set<DICOMTag>
    /// Sequences whose items are kept.
    var sequences: Set<DICOMTag>

    /// What a volume needs: nothing of the patient.
    static let image = DICOMSelection(values: Set(DICOMTag.names.keys), sequences: DICOMTag.sequences)

    /// What an object about a series repeats: also the patient's name and numbers.
    static let reference = DICOMSelection(values: image.values.union(DICOMReference.copiedTags).union([.characterSet]), sequences: image.sequences)

    /// What a segmentation says of its segments and frames: nothing of the patient.
    static let segmentation = DICOMSelection(
        values: image.values.union([.characterSet, .segmentationType, .greatestFraction, .segmentNumber, .segmentLabel, .referencedSegment]),
        sequences: image.sequences.union([.segments, .segmentIdentification, .referencedSeries]))

    /// What a structure set says of its structures: nothing of the patient.
    static let structureSet = DICOMSelection(
        values: [
            .characterSet, .sopClass, .modality, .frameOfReference, .seriesInstance, .structureNumber, .structureName, .structureColor, .referencedStructure,
            .contourKind, .contourData, .referencedInstance,
        ],
        sequences: [
            .referencedFramesOfReference, .referencedStudies, .referencedStudySeries, .structures, .structureContours, .contours,
        ])
}

extension DICOMStart {
    /// The wanted elements of the file that begins so.
    ///
    /// - Throws: `DICOMProblem`, `FileError`.
    func dataSet(_ bytes: any DICOMBytes, keeping selection: DICOMSelection) throws -> DICOMDataSet {
        let isPacked = syntax == .deflated
        var parser = DICOMParser(isPacked ? InflatedBytes(bytes, from: position) : bytes, from: isPacked ? 0 : position, keeping: selection)
        var dataSet = DICOMDataSet()
        try parser.parse(syntax.encoding, into: &dataSet)
        return dataSet
    }
}
