import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

/// The attributes that the standard wants of a segmentation and of a structure set, one by one as a file of the fixtures lists them.
@Suite struct RequiredAttributeTests {
    private static let names: [String: DICOMTag] = [
        "PatientName": .patientName, "PatientID": .patientID, "PatientBirthDate": .patientBirthDate, "PatientSex": .patientSex,
        "StudyInstanceUID": .studyInstance,
        "StudyDate": .studyDate, "StudyTime": .studyTime, "AccessionNumber": .accessionNumber, "StudyID": .studyID,
        "ReferringPhysicianName": .referringPhysician,
        "PatientAge": .patientAge, "SOPClassUID": .sopClass, "SOPInstanceUID": .sopInstance, "SeriesInstanceUID": .seriesInstance,
        "SpecificCharacterSet": .characterSet, "Modality": .modality, "SeriesNumber": .seriesNumber, "Manufacturer": .manufacturer,
        "ManufacturerModelName": .modelName, "DeviceSerialNumber": .serialNumber, "SoftwareVersions": .softwareVersions,
        "FrameOfReferenceUID": .frameOfReference,
        "PositionReferenceIndicator": .positionIndicator, "InstanceNumber": .instanceNumber, "ContentLabel": .contentLabel,
        "ContentDescription": .contentDescription, "ContentCreatorName": .contentCreator, "ContentDate": .contentDate, "ContentTime": .contentTime,
        "ImageType": .imageType, "SamplesPerPixel": .samplesPerPixel, "PhotometricInterpretation": .photometricInterpretation,
        "PixelRepresentation": .pixelRepresentation, "BitsAllocated": .bitsAllocated, "BitsStored": .bitsStored, "HighBit": .highBit,
        "LossyImageCompression": .lossyCompression, "SegmentationType": .segmentationType, "Rows": .rows, "Columns": .columns,
        "NumberOfFrames": .numberOfFrames,
        "OperatorsName": .operatorsName, "StructureSetLabel": .structureSetLabel, "StructureSetDate": .structureSetDate, "StructureSetTime": .structureSetTime,
        "ApprovalStatus": .approvalStatus,
    ]

    /// Absent where the source has none.
    private static let optional: Set = ["PatientSize", "PatientWeight", "StudyDescription"]

    private func object(_ kind: String) throws -> (ReadObject, ObjectMask) {
        let mask = try ObjectMask("small_A")
        return try Fixtures.withTemporaryFolder { folder in
            let writer = try DICOMObjectWriter(ObjectSeries(geometry: mask.labels.geometry).reference(in: folder), mask.labelSet)
            let url = folder.appending(path: "object.dcm")
            _ = try kind == "seg" ? writer.writeSegmentation(mask.labels, to: url) : writer.writeStructureSet(mask.labels, to: url)
            return (try ReadObject(url), mask)
        }
    }

    @Test(arguments: ["seg", "rtstruct"])
    func `Every required attribute is there, and has a value where it must`(kind: String) throws {
        let list = try JSONDecoder().decode([String: [JSONValue]].self, from: Data(contentsOf: Fixtures.url("dicom-out/required.json")))
        let (object, _) = try self.object(kind)
        var counted = 0
        for entry in list[kind] ?? [] {
            let path = try unwrapped(entry["path"]?.string), type = try unwrapped(entry["type"]?.string)
            // What lies in sequences has tests of its own below.
            if Self.nested.contains(path) { continue }
            for name in path.components(separatedBy: ", ") where !Self.optional.contains(name) {
                let tag = try unwrapped(Self.names[name])
                counted += 1
                #expect(object.elements.values[tag] != nil, "\(name)")
                if type.hasPrefix("1"), !["PositionReferenceIndicator"].contains(name) {
                    #expect(object.elements.mark(tag) != nil || tag == .pixelRepresentation || tag == .highBit, "\(name)")
                }
            }
        }
        #expect(counted == (kind == "seg" ? 40 : 22))
    }

    private static let nested: Set = [
        "SegmentSequence[].SegmentNumber", "SegmentSequence[].SegmentLabel", "SegmentSequence[].SegmentAlgorithmType / SegmentAlgorithmName",
        "SegmentSequence[].SegmentedPropertyCategoryCodeSequence, SegmentedPropertyTypeCodeSequence", "SegmentSequence[].RecommendedDisplayCIELabValue",
        "DimensionOrganizationSequence, DimensionIndexSequence", "SharedFunctionalGroups: PixelMeasures", "SharedFunctionalGroups: PlaneOrientation",
        "PerFrame: PlanePosition.ImagePositionPatient", "PerFrame: FrameContent.DimensionIndexValues",
        "PerFrame: SegmentIdentification.ReferencedSegmentNumber",
        "PerFrame: DerivationImage.DerivationCodeSequence", "PerFrame: DerivationImage.SourceImageSequence", "ReferencedSeriesSequence", "PixelData",
        "ReferencedFrameOfReferenceSequence[1].FrameOfReferenceUID", "... RTReferencedStudySequence[1]", "... RTReferencedSeriesSequence[1]",
        "StructureSetROISequence[]", "ROIContourSequence[]", "ROIContourSequence[].ContourSequence[]", "holes", "RTROIObservationsSequence[]",
    ]

    @Test(arguments: ["seg", "rtstruct"])
    func `Patient and study are the source's, the rest is our own`(kind: String) throws {
        let (object, _) = try self.object(kind)
        let elements = object.elements
        for (tag, text) in [
            (DICOMTag.patientName, "Test^Anna"), (.patientID, "PID-1"), (.patientBirthDate, "19700101"), (.patientSex, "F"), (.patientAge, "054Y"),
            (.studyInstance, ObjectSeries.studyUID), (.studyDate, "20240229"), (.studyTime, "101500"), (.accessionNumber, "A1"), (.studyID, "1"),
            (.frameOfReference, ObjectSeries.frameOfReference), (.characterSet, "ISO_IR 192"), (.modality, kind.uppercased()),
            (.sopClass, kind == "seg" ? "1.2.840.10008.5.1.4.1.1.66.4" : DICOMStructureSet.sopClass), (.softwareVersions, "9.8"),
        ] {
            #expect(elements.text(tag) == text)
        }
        #expect(elements.values[.referringPhysician] == [])
        #expect(elements.values[.patientSize] == nil)
        #expect(elements.text(.seriesInstance) != ObjectSeries.seriesUID)
        #expect(try elements.integer(.seriesNumber) != 4)
        for tag in [DICOMTag.sopInstance, .seriesInstance] { #expect(DICOMUIDs.isValid(elements.text(tag) ?? "")) }
        #expect(object.bytes[128..<132].elementsEqual("DICM".utf8))
        #expect(object.bytes.count.isMultiple(of: 2))
        #expect(object.syntax == .native(.explicit))
    }

    @Test func `A segmentation has the values that its kind prescribes`() throws {
        let (object, mask) = try self.object("seg")
        let elements = object.elements
        for (tag, text) in [
            (DICOMTag.imageType, "DERIVED\\PRIMARY"), (.photometricInterpretation, "MONOCHROME2"), (.lossyCompression, "00"), (.segmentationType, "BINARY"),
            (.contentLabel, "SEGMENTATION"),
        ] {
            #expect(elements.text(tag) == text)
        }
        for (tag, number) in [
            (DICOMTag.samplesPerPixel, 1), (.pixelRepresentation, 0), (.bitsAllocated, 1), (.bitsStored, 1), (.highBit, 0), (.rows, 96), (.columns, 96),
        ] {
            #expect(try elements.short(tag) == number)
        }
        let segments = elements.sequences[.segments] ?? []
        #expect(try segments.map { try $0.short(.segmentNumber) } == Array(1...mask.present.count))
        #expect(segments.allSatisfy { $0.text(.segmentAlgorithmType) == "AUTOMATIC" })
        for tag in [DICOMTag.segmentCategory, .segmentType] {
            #expect(segments.allSatisfy { $0.sequences[tag]?.count == 1 && $0.item(tag).map(isCode) == true })
        }
        let organization = elements.item(.dimensionOrganizations)?.text(.dimensionOrganization)
        let dimensions = elements.sequences[.dimensionIndices] ?? []
        #expect(dimensions.map { $0.text(.dimensionOrganization) } == [organization, organization])
        #expect(dimensions.map { $0.values[.dimensionPointer] } == [[0x62, 0, 0x0B, 0], [0x20, 0, 0x32, 0]])
        #expect(dimensions.map { $0.values[.dimensionGroup] } == [[0x62, 0, 0x0A, 0], [0x20, 0, 0x13, 0x91]])
        let measures = elements.item(.sharedGroups)?.item(.pixelMeasures)
        #expect(measures?.text(.sliceThickness) == "2")
        #expect(measures?.text(.spacingBetweenSlices) == "2")
        for frame in elements.sequences[.frameGroups] ?? [] {
            let derivation = frame.item(.derivationImages)
            #expect(derivation?.item(.derivationCodes)?.text(.codeValue) == "113076")
            #expect(derivation?.item(.sourceImages)?.item(.purposeOfReference)?.text(.codeValue) == "121322")
        }
        let series = elements.item(.referencedSeries)
        #expect(series?.text(.seriesInstance) == ObjectSeries.seriesUID)
        #expect(series?.sequences[.referencedInstances]?.count == 20)
    }

    private func isCode(_ item: DICOMDataSet) -> Bool { [DICOMTag.codeValue, .codingScheme, .codeMeaning].allSatisfy { item.text($0) != nil } }

    @Test func `A structure set has the values that its kind prescribes`() throws {
        let (object, mask) = try self.object("rtstruct")
        let elements = object.elements, count = mask.present.count
        #expect(elements.text(.approvalStatus) == "UNAPPROVED")
        #expect((elements.text(.structureSetLabel)?.utf8.count ?? 99) <= 16)
        let frame = elements.item(.referencedFramesOfReference), study = frame?.item(.referencedStudies), series = study?.item(.referencedStudySeries)
        #expect(frame?.text(.frameOfReference) == ObjectSeries.frameOfReference)
        #expect(study?.text(.referencedClass) == "1.2.840.10008.3.1.2.3.1")
        #expect(study?.text(.referencedInstance) == ObjectSeries.studyUID)
        #expect(series?.text(.seriesInstance) == ObjectSeries.seriesUID)
        #expect(series?.sequences[.contourImages]?.count == 20)
        let structures = elements.sequences[.structures] ?? [], contours = elements.sequences[.structureContours] ?? []
        let observations = elements.sequences[.observations] ?? []
        #expect(try structures.map { try $0.integer(.structureNumber) } == Array(1...count))
        #expect(try contours.map { try $0.integer(.referencedStructure) } == Array(1...count))
        #expect(try observations.map { try $0.integer(.referencedStructure) } == Array(1...count))
        #expect(try Set(observations.map { try $0.integer(.observationNumber) }).count == count)
        #expect(structures.allSatisfy { $0.text(.structureFrameOfReference) == ObjectSeries.frameOfReference && $0.text(.structureAlgorithm) == "AUTOMATIC" })
        #expect(observations.allSatisfy { $0.values[.interpretedType] != nil && $0.values[.interpreter] != nil })
        #expect(
            contours.map { $0.text(.structureColor) } == mask.present.map { value in mask.table[value]?["rgb"]?.ints?.map(String.init).joined(separator: "\\") }
        )
    }
}
