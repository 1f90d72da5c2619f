extension DICOMTag {
    // The file's own header
    static let metaLength = DICOMTag(0x0002, 0x0000)
    static let metaVersion = DICOMTag(0x0002, 0x0001)
    static let mediaClass = DICOMTag(0x0002, 0x0002)
    static let mediaInstance = DICOMTag(0x0002, 0x0003)
    static let implementationClass = DICOMTag(0x0002, 0x0012)
    static let implementationVersion = DICOMTag(0x0002, 0x0013)

    // Patient, study, series, equipment
    static let characterSet = DICOMTag(0x0008, 0x0005)
    static let instanceDate = DICOMTag(0x0008, 0x0012)
    static let instanceTime = DICOMTag(0x0008, 0x0013)
    static let studyDate = DICOMTag(0x0008, 0x0020)
    static let contentDate = DICOMTag(0x0008, 0x0023)
    static let studyTime = DICOMTag(0x0008, 0x0030)
    static let accessionNumber = DICOMTag(0x0008, 0x0050)
    static let manufacturer = DICOMTag(0x0008, 0x0070)
    static let referringPhysician = DICOMTag(0x0008, 0x0090)
    static let studyDescription = DICOMTag(0x0008, 0x1030)
    static let operatorsName = DICOMTag(0x0008, 0x1070)
    static let modelName = DICOMTag(0x0008, 0x1090)
    static let patientName = DICOMTag(0x0010, 0x0010)
    static let patientID = DICOMTag(0x0010, 0x0020)
    static let patientBirthDate = DICOMTag(0x0010, 0x0030)
    static let patientSex = DICOMTag(0x0010, 0x0040)
    static let patientAge = DICOMTag(0x0010, 0x1010)
    static let patientSize = DICOMTag(0x0010, 0x1020)
    static let patientWeight = DICOMTag(0x0010, 0x1030)
    static let identityRemoved = DICOMTag(0x0012, 0x0062)
    static let deidentificationMethod = DICOMTag(0x0012, 0x0063)
    static let serialNumber = DICOMTag(0x0018, 0x1000)
    static let softwareVersions = DICOMTag(0x0018, 0x1020)
    static let studyID = DICOMTag(0x0020, 0x0010)
    static let instanceNumber = DICOMTag(0x0020, 0x0013)
    static let positionIndicator = DICOMTag(0x0020, 0x1040)
    static let contentLabel = DICOMTag(0x0070, 0x0080)
    static let contentDescription = DICOMTag(0x0070, 0x0081)
    static let contentCreator = DICOMTag(0x0070, 0x0084)

    // Codes and references
    static let codeValue = DICOMTag(0x0008, 0x0100)
    static let codingScheme = DICOMTag(0x0008, 0x0102)
    static let codeMeaning = DICOMTag(0x0008, 0x0104)
    static let referencedSeries = DICOMTag(0x0008, 0x1115)
    static let referencedClass = DICOMTag(0x0008, 0x1150)
    static let referencedInstance = DICOMTag(0x0008, 0x1155)
    static let referencedFrame = DICOMTag(0x0008, 0x1160)
    static let referencedInstances = DICOMTag(0x0008, 0x114A)
    static let sourceImages = DICOMTag(0x0008, 0x2112)
    static let anatomicRegion = DICOMTag(0x0008, 0x2218)
    static let anatomicRegionModifier = DICOMTag(0x0008, 0x2220)
    static let derivationImages = DICOMTag(0x0008, 0x9124)
    static let derivationCodes = DICOMTag(0x0008, 0x9215)
    static let spatialLocationsPreserved = DICOMTag(0x0028, 0x135A)
    static let purposeOfReference = DICOMTag(0x0040, 0xA170)

    // Frames
    static let spacingBetweenSlices = DICOMTag(0x0018, 0x0088)
    static let dimensionValues = DICOMTag(0x0020, 0x9157)
    static let dimensionOrganization = DICOMTag(0x0020, 0x9164)
    static let dimensionPointer = DICOMTag(0x0020, 0x9165)
    static let dimensionGroup = DICOMTag(0x0020, 0x9167)
    static let dimensionOrganizations = DICOMTag(0x0020, 0x9221)
    static let dimensionIndices = DICOMTag(0x0020, 0x9222)
    static let dimensionLabel = DICOMTag(0x0020, 0x9421)
    static let lossyCompression = DICOMTag(0x0028, 0x2110)

    // Segmentations
    static let segmentationType = DICOMTag(0x0062, 0x0001)
    static let segments = DICOMTag(0x0062, 0x0002)
    static let segmentCategory = DICOMTag(0x0062, 0x0003)
    static let segmentNumber = DICOMTag(0x0062, 0x0004)
    static let segmentLabel = DICOMTag(0x0062, 0x0005)
    static let segmentAlgorithm = DICOMTag(0x0062, 0x0007)
    static let segmentAlgorithmType = DICOMTag(0x0062, 0x0008)
    static let segmentAlgorithmName = DICOMTag(0x0062, 0x0009)
    static let segmentIdentification = DICOMTag(0x0062, 0x000A)
    static let referencedSegment = DICOMTag(0x0062, 0x000B)
    static let displayColor = DICOMTag(0x0062, 0x000D)
    static let greatestFraction = DICOMTag(0x0062, 0x000E)
    static let segmentType = DICOMTag(0x0062, 0x000F)
    static let fractionalType = DICOMTag(0x0062, 0x0010)
    static let segmentTypeModifier = DICOMTag(0x0062, 0x0011)
    static let segmentsOverlap = DICOMTag(0x0062, 0x0013)
    static let algorithmSource = DICOMTag(0x0024, 0x0202)
    static let algorithmFamily = DICOMTag(0x0066, 0x002F)
    static let algorithmVersion = DICOMTag(0x0066, 0x0031)
    static let algorithmParameters = DICOMTag(0x0066, 0x0032)
    static let algorithmName = DICOMTag(0x0066, 0x0036)

    // Structure sets
    static let structureSetLabel = DICOMTag(0x3006, 0x0002)
    static let structureSetName = DICOMTag(0x3006, 0x0004)
    static let structureSetDescription = DICOMTag(0x3006, 0x0006)
    static let structureSetDate = DICOMTag(0x3006, 0x0008)
    static let structureSetTime = DICOMTag(0x3006, 0x0009)
    static let referencedFramesOfReference = DICOMTag(0x3006, 0x0010)
    static let referencedStudies = DICOMTag(0x3006, 0x0012)
    static let referencedStudySeries = DICOMTag(0x3006, 0x0014)
    static let contourImages = DICOMTag(0x3006, 0x0016)
    static let structures = DICOMTag(0x3006, 0x0020)
    static let structureNumber = DICOMTag(0x3006, 0x0022)
    static let structureFrameOfReference = DICOMTag(0x3006, 0x0024)
    static let structureName = DICOMTag(0x3006, 0x0026)
    static let structureColor = DICOMTag(0x3006, 0x002A)
    static let structureAlgorithm = DICOMTag(0x3006, 0x0036)
    static let structureAlgorithmDescription = DICOMTag(0x3006, 0x0038)
    static let structureContours = DICOMTag(0x3006, 0x0039)
    static let contours = DICOMTag(0x3006, 0x0040)
    static let contourKind = DICOMTag(0x3006, 0x0042)
    static let contourPointCount = DICOMTag(0x3006, 0x0046)
    static let contourNumber = DICOMTag(0x3006, 0x0048)
    static let contourData = DICOMTag(0x3006, 0x0050)
    static let observations = DICOMTag(0x3006, 0x0080)
    static let observationNumber = DICOMTag(0x3006, 0x0082)
    static let referencedStructure = DICOMTag(0x3006, 0x0084)
    static let observationLabel = DICOMTag(0x3006, 0x0085)
    static let structureCodes = DICOMTag(0x3006, 0x0086)
    static let interpretedType = DICOMTag(0x3006, 0x00A4)
    static let interpreter = DICOMTag(0x3006, 0x00A6)
    static let approvalStatus = DICOMTag(0x300E, 0x0002)

    /// The types of all elements that are written (PS3.6).
    static let types: [DICOMTag: DICOMType] = {
        let tags: [(DICOMType, [DICOMTag])] = [
            (.age, [patientAge]),
            (.tag, [dimensionPointer, dimensionGroup]),
            (
                .code,
                [
                    characterSet, imageType, modality, patientSex, identityRemoved, spatialLocationsPreserved, photometricInterpretation, lossyCompression,
                    contentLabel, segmentationType, segmentAlgorithmType, fractionalType, segmentsOverlap, structureAlgorithm, contourKind, interpretedType,
                    approvalStatus,
                ]
            ),
            (.date, [instanceDate, studyDate, contentDate, patientBirthDate, structureSetDate]),
            (
                .decimal,
                [
                    patientSize, patientWeight, sliceThickness, spacingBetweenSlices, imagePosition, imageOrientation, pixelSpacing, contourData,
                ]
            ),
            (
                .integer,
                [
                    seriesNumber, instanceNumber, numberOfFrames, referencedFrame, structureNumber, structureColor, contourPointCount, contourNumber,
                    observationNumber, referencedStructure,
                ]
            ),
            (
                .longString,
                [
                    manufacturer, studyDescription, seriesDescription, modelName, patientID, deidentificationMethod, serialNumber, softwareVersions,
                    positionIndicator, contentDescription, codeMeaning, dimensionLabel, segmentLabel, segmentAlgorithmName, algorithmSource, algorithmVersion,
                    algorithmName, structureSetName, structureName, structureAlgorithmDescription,
                ]
            ),
            (.longText, [algorithmParameters]),
            (.bytes, [metaVersion, pixels]),
            (.name, [patientName, referringPhysician, operatorsName, contentCreator, interpreter]),
            (.shortString, [implementationVersion, accessionNumber, studyID, codeValue, codingScheme, structureSetLabel, observationLabel]),
            (
                .sequence,
                [
                    referencedSeries, referencedInstances, sourceImages, anatomicRegion, anatomicRegionModifier, derivationImages, derivationCodes,
                    purposeOfReference, dimensionOrganizations, dimensionIndices, frameContent, planePosition, planeOrientation, pixelMeasures, segments,
                    segmentCategory, segmentAlgorithm, segmentIdentification, segmentType, segmentTypeModifier, algorithmFamily, referencedFramesOfReference,
                    referencedStudies, referencedStudySeries, contourImages, structures, structureContours, contours, observations, structureCodes,
                    sharedGroups, frameGroups,
                ]
            ),
            (.shortText, [structureSetDescription]),
            (.time, [instanceTime, studyTime, contentTime, structureSetTime]),
            (
                .identifier,
                [
                    mediaClass, mediaInstance, transferSyntax, implementationClass, sopClass, sopInstance, studyInstance, seriesInstance, frameOfReference,
                    referencedClass, referencedInstance, dimensionOrganization, structureFrameOfReference,
                ]
            ),
            (.unsignedLong, [metaLength, dimensionValues]),
            (
                .unsignedShort,
                [
                    samplesPerPixel, rows, columns, bitsAllocated, bitsStored, highBit, pixelRepresentation, segmentNumber, referencedSegment, displayColor,
                    greatestFraction,
                ]
            ),
        ]
        return Dictionary(uniqueKeysWithValues: tags.flatMap { type, tags in tags.map { ($0, type) } })
    }()
}
