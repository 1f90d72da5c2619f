import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

@Suite struct SegmentationObjectTests {
    @Test(arguments: ObjectMask.all)
    func `Every frame holds the bits of its slice, and says where it lies in the words of the source`(name: String) throws {
        let mask = try ObjectMask(name)
        try Fixtures.withTemporaryFolder { folder in
            let series = ObjectSeries(geometry: mask.labels.geometry), url = folder.appending(path: "seg.dcm")
            let result = try DICOMObjectWriter(series.reference(in: folder), mask.labelSet).writeSegmentation(mask.labels, to: url)
            let expected = mask.present.enumerated().flatMap { index, label in mask.slices(of: label).map { (segment: index + 1, label: label, slice: $0) } }
            #expect(result == .written(structures: mask.present.count, parts: expected.count))
            let object = try ReadObject(url), pixels = object.pixels
            let frames = object.elements.sequences[.frameGroups] ?? []
            #expect(frames.count == expected.count)
            #expect(try object.elements.integer(.numberOfFrames) == expected.count)
            let inPlane = mask.labels.geometry.size[1] * mask.labels.geometry.size[2]
            let bytes = (expected.count * inPlane + 7) / 8
            #expect(pixels.count == bytes + bytes % 2)
            for (index, (frame, wanted)) in zip(frames, expected).enumerated() {
                #expect(frame.item(.planePosition)?.text(.imagePosition) == series.position(wanted.slice))
                #expect(try frame.item(.segmentIdentification)?.short(.referencedSegment) == wanted.segment)
                let source = frame.item(.derivationImages)?.item(.sourceImages)
                #expect(source?.text(.referencedInstance) == series.instance(wanted.slice))
                #expect(source?.text(.referencedClass) == ObjectSeries.imageClass)
                #expect(source?.text(.spatialLocationsPreserved) == "YES")
                #expect(frame.item(.frameContent)?.values[.dimensionValues] == [UInt8(wanted.segment), 0, 0, 0, UInt8(wanted.slice + 1), 0, 0, 0])
                let different = (0..<inPlane).count { voxel in
                    let bit = index * inPlane + voxel
                    return (pixels[bit / 8] >> UInt8(bit % 8) & 1 == 1) != (Int(mask.labels.voxels[wanted.slice * inPlane + voxel]) == wanted.label)
                }
                #expect(different == 0)
            }
            #expect(object.elements.item(.sharedGroups)?.item(.planeOrientation)?.text(.imageOrientation) == series.orientation)
            #expect(object.elements.item(.sharedGroups)?.item(.pixelMeasures)?.text(.pixelSpacing) == series.pixelSpacing)
        }
    }

    @Test(arguments: ["small_A", "small_B"])
    func `Segments carry names, codes and colors`(name: String) throws {
        let mask = try ObjectMask(name)
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "seg.dcm")
            _ = try DICOMObjectWriter(ObjectSeries(geometry: mask.labels.geometry).reference(in: folder), mask.labelSet).writeSegmentation(mask.labels, to: url)
            let segments = try ReadObject(url).elements.sequences[.segments] ?? []
            #expect(segments.map { $0.text(.segmentLabel) } == mask.present.map { mask.table[$0]?["name"]?.string })
            for (segment, label) in zip(segments, mask.present) {
                let type = segment.item(.segmentType)
                // The table calls a lesion a mass and a body an anatomical structure, which the names do not say.
                if let code = mask.table[label]?["type"]?["CodeValue"]?.string, !["Lesion", "Body"].contains(mask.table[label]?["name"]?.string) {
                    #expect(type?.text(.codeValue) == code)
                }
                #expect(type?.item(.segmentTypeModifier)?.text(.codeValue) == mask.table[label]?["type_modifier"]?["CodeValue"]?.string)
                #expect(type?.text(.codingScheme) == "SCT")
                #expect(segment.values[.displayColor]?.count == 6)
                #expect(segment.text(.segmentAlgorithmName) == "test model")
                let algorithm = segment.item(.segmentAlgorithm)
                #expect(algorithm?.text(.algorithmVersion) == "9.8")
                #expect(algorithm?.text(.algorithmParameters)?.hasSuffix(String(repeating: "ab", count: 32)) == true)
                #expect(algorithm?.item(.algorithmFamily)?.text(.codeValue) == "123110")
            }
        }
    }

    @Test func `Frames of one file are referred to by number`() throws {
        let mask = try ObjectMask("oblique_B")
        try Fixtures.withTemporaryFolder { folder in
            let series = ObjectSeries(geometry: mask.labels.geometry), file = folder.appending(path: "frames.dcm"), url = folder.appending(path: "seg.dcm")
            try series.writeFrames(to: file)
            let writer = try DICOMObjectWriter(DICOMReference(DICOMStudy(contentsOf: file).series(nil)), mask.labelSet)
            _ = try writer.writeSegmentation(mask.labels, to: url)
            let expected = mask.present.flatMap { mask.slices(of: $0) }
            for (frame, slice) in zip(try ReadObject(url).elements.sequences[.frameGroups] ?? [], expected) {
                let source = frame.item(.derivationImages)?.item(.sourceImages)
                #expect(source?.text(.referencedInstance) == series.instance(0))
                #expect(try source?.integer(.referencedFrame) == mask.labels.geometry.size[0] - slice)
                #expect(frame.item(.planePosition)?.text(.imagePosition) == series.position(slice))
            }
            let referenced = try ReadObject(url).elements.item(.referencedSeries)?.sequences[.referencedInstances]
            #expect(referenced?.count == 1)
            let structures = folder.appending(path: "rt.dcm")
            _ = try writer.writeStructureSet(mask.labels, to: structures)
            let filled = try DICOMStructureSet(contentsOf: structures).labels(on: mask.labels.geometry, as: mask.labelSet)
            #expect(filled.labels.voxels == mask.labels.voxels)
        }
    }

    @Test func `A mask whose axes run otherwise is put in the order of the series`() throws {
        let mask = try ObjectMask("small_A")
        try Fixtures.withTemporaryFolder { folder in
            let writer = try DICOMObjectWriter(ObjectSeries(geometry: mask.labels.geometry).reference(in: folder), mask.labelSet)
            let (one, other) = (folder.appending(path: "one.dcm"), folder.appending(path: "other.dcm"))
            _ = try writer.writeSegmentation(mask.labels, to: one)
            // i and j exchanged, j and k counted the other way: as a program of another convention would write it.
            let size = mask.labels.geometry.size
            var turned = mask.labels
            turned.geometry.size = Size3(size[0], size[2], size[1])
            turned.geometry.spacing = [2, 0.9765625, 0.9765625]
            for row in 0..<3 {
                let a = mask.labels.geometry.affine[row]
                turned.geometry.affine[row] = [-a[1], a[0], -a[2], a[3] + a[1] * Double(size[1] - 1) + a[2] * Double(size[0] - 1)]
            }
            for k in 0..<size[0] {
                for j in 0..<size[1] {
                    for i in 0..<size[2] {
                        turned.voxels[((size[0] - 1 - k) * size[2] + i) * size[1] + size[1] - 1 - j] = mask.labels.voxels[(k * size[1] + j) * size[2] + i]
                    }
                }
            }
            _ = try writer.writeSegmentation(turned, to: other)
            #expect(try Data(contentsOf: one) == Data(contentsOf: other))
        }
    }

    @Test func `A mask of another grid is refused, and nothing is written`() throws {
        let mask = try ObjectMask("small_B")
        try Fixtures.withTemporaryFolder { folder in
            let writer = try DICOMObjectWriter(ObjectSeries(geometry: mask.labels.geometry).reference(in: folder), mask.labelSet)
            var shifted = mask.labels, flat = mask.labels, stretched = mask.labels
            shifted.geometry.affine[2][3] += 0.2
            stretched.geometry.affine[0][0] *= 1.02
            flat.geometry.size[0] = 19
            flat.voxels.removeLast(96 * 96)
            for (index, wrong) in [shifted, stretched, flat].enumerated() {
                let url = folder.appending(path: "\(index).dcm")
                for write in [writer.writeSegmentation, writer.writeStructureSet] as [(LabelMap, URL) throws -> DICOMObjectResult] {
                    let error = #expect(throws: DICOMObjectError.self) { try write(wrong, url) }
                    guard case .gridDiffers? = error?.problem else {
                        Issue.record("\(String(describing: error))")
                        continue
                    }
                    #expect(error!.description.contains("the mask does not lie on the grid of the series"))
                }
                #expect(!FileManager.default.fileExists(atPath: url.path))
            }
            let two = LabelMap(geometry: mask.labels.geometry, channels: 2, voxels: mask.labels.voxels + mask.labels.voxels)
            #expect(throws: DICOMObjectError.self) { try writer.writeSegmentation(two, to: folder.appending(path: "two.dcm")) }
        }
    }

    @Test func `A mask without voxels makes no object`() throws {
        let mask = try ObjectMask("small_B")
        try Fixtures.withTemporaryFolder { folder in
            var labels = mask.labelSet
            labels.ignoreValue = 255
            let writer = try DICOMObjectWriter(ObjectSeries(geometry: mask.labels.geometry).reference(in: folder), labels)
            let url = folder.appending(path: "none.dcm"), count = mask.labels.geometry.count
            for voxels in [[Int16](repeating: 0, count: count), [Int16](repeating: 255, count: count)] {
                let empty = LabelMap(geometry: mask.labels.geometry, voxels: voxels)
                #expect(try writer.writeSegmentation(empty, to: url) == .empty)
                #expect(try writer.writeStructureSet(empty, to: url) == .empty)
                #expect(!FileManager.default.fileExists(atPath: url.path))
            }
            #expect(
                try writer.writeSegmentation(
                    probabilities: Volume(geometry: mask.labels.geometry, voxels: [Float](repeating: 0.001, count: count)), of: [1], to: url) == .empty)
        }
    }

    @Test func `Labels without a name are called by their number, and equal names are told apart`() throws {
        let mask = try ObjectMask("small_B")
        try Fixtures.withTemporaryFolder { folder in
            let reference = try ObjectSeries(geometry: mask.labels.geometry).reference(in: folder), url = folder.appending(path: "seg.dcm")
            func names(_ labels: LabelSet?) throws -> [String?] {
                _ = try DICOMObjectWriter(reference, labels).writeSegmentation(mask.labels, to: url)
                return try ReadObject(url).elements.sequences[.segments]?.map { $0.text(.segmentLabel) } ?? []
            }
            #expect(try names(nil) == ["Label 1", "Label 2", "Label 5"])
            #expect(
                try names(LabelSet(definitions: [LabelDefinition(name: "a\\b\n", value: 1), LabelDefinition(name: "a/b", value: 5)])) == [
                    "a/b", "Label 2", "a/b 2",
                ])
            let long = String(repeating: "ü", count: 100)
            #expect(try names(LabelSet(definitions: [LabelDefinition(name: long, value: 1)])).map { $0?.utf8.count } == [128, 7, 7])
            let segment = try ReadObject(url).elements.sequences[.segments]?[1].item(.segmentType)
            #expect(segment?.text(.codeValue) == "85756007")
        }
    }

    @Test func `With a seed equal masks make equal objects, and others other ones`() throws {
        let mask = try ObjectMask("small_B")
        try Fixtures.withTemporaryFolder { folder in
            let reference = try ObjectSeries(geometry: mask.labels.geometry).reference(in: folder)
            var count = 0
            func bytes(_ labels: LabelMap, seed: UInt64?, structures: Bool = false) throws -> Data {
                count += 1
                let url = folder.appending(path: "\(count).dcm"), writer = DICOMObjectWriter(reference, mask.labelSet, seed: seed)
                _ = try structures ? writer.writeStructureSet(labels, to: url) : writer.writeSegmentation(labels, to: url)
                return try Data(contentsOf: url)
            }
            for structures in [false, true] {
                let one = try bytes(mask.labels, seed: 7, structures: structures)
                #expect(try bytes(mask.labels, seed: 7, structures: structures) == one)
                #expect(try bytes(mask.labels, seed: 8, structures: structures) != one)
                #expect(try bytes(mask.labels, seed: nil, structures: structures) != bytes(mask.labels, seed: nil, structures: structures))
            }
            func instance(_ labels: LabelMap) throws -> String? {
                _ = try bytes(labels, seed: 7)
                return try ReadObject(folder.appending(path: "\(count).dcm")).elements.text(.sopInstance)
            }
            var other = mask.labels
            other.voxels[0] = other.voxels[0] == 1 ? 2 : 1
            #expect(try instance(mask.labels) != instance(other))
        }
    }

    @Test func `Probabilities become fractions of 255`() throws {
        let mask = try ObjectMask("small_B"), geometry = mask.labels.geometry, inPlane = geometry.size[1] * geometry.size[2]
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "fractions.dcm")
            var values = [Float](repeating: 0, count: 3 * geometry.count)
            values[geometry.count + 3 * inPlane + 5] = 0.5
            values[geometry.count + 3 * inPlane + 6] = 1
            values[2 * geometry.count + 7] = 0.25
            let writer = try DICOMObjectWriter(ObjectSeries(geometry: geometry).reference(in: folder), mask.labelSet)
            let volume = Volume<Float>(geometry: geometry, channels: 3, voxels: values)
            #expect(try writer.writeSegmentation(probabilities: volume, of: [0, 2, 5], to: url) == .written(structures: 2, parts: 2))
            let object = try ReadObject(url), pixels = object.pixels
            #expect(object.elements.text(.segmentationType) == "FRACTIONAL")
            #expect(object.elements.text(.fractionalType) == "PROBABILITY")
            #expect(try object.elements.short(.greatestFraction) == 255)
            #expect(try object.elements.short(.bitsAllocated) == 8)
            #expect(object.elements.sequences[.segments]?.map { $0.text(.segmentLabel) } == ["Spleen", "Right kidney"])
            #expect(pixels.count == 2 * inPlane)
            #expect([pixels[5], pixels[6], pixels[inPlane + 7]] == [128, 255, 64])
            #expect(pixels.count { $0 > 0 } == 3)
            #expect(throws: DICOMObjectError.self) { try writer.writeSegmentation(probabilities: volume, of: [0, 2], to: url) }
        }
    }

    @Test func `A series without identifiers can have no object`() throws {
        let geometry = try ObjectMask("small_B").labels.geometry
        for (tag, text) in [(DICOMTag.frameOfReference, ""), (.studyInstance, "1.02.3"), (.sopInstance, "abc"), (.sopClass, "")] {
            try Fixtures.withTemporaryFolder { folder in
                var series = ObjectSeries(geometry: geometry)
                series.change = { $0.set(tag, $1 == 3 || tag != .sopInstance ? text : "2.25.9\($1)") }
                let error = #expect(throws: DICOMObjectError.self) { try series.reference(in: folder) }
                guard case .noIdentifier? = error?.problem else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
        }
    }

    @Test func `Errors and descriptions hold nothing of the patient`() throws {
        let mask = try ObjectMask("small_B")
        try Fixtures.withTemporaryFolder { folder in
            var series = ObjectSeries(geometry: mask.labels.geometry)
            let reference = try series.reference(in: folder)
            #expect(!"\(reference)".contains("Anna"))
            // A name in a character set that nobody knows.
            series.change = { elements, _ in
                elements.set(.characterSet, "ISO_IR 999")
            }
            let error = #expect(throws: DICOMObjectError.self) { try series.reference(in: folder) }
            #expect(error?.problem == .unreadableText(characterSet: "ISO_IR 999"))
            #expect(!"\(error!)".contains("Anna"))
        }
    }
}
