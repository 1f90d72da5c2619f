public import Foundation
import UNETRSupport

extension DICOMObjectWriter {
    /// Writes a label map as a structure set: contours on the slices of the series that every tried reader fills back to the very voxels
    /// (see `SliceContours`).
    ///
    /// - Parameters:
    ///   - mask: one volume, [1, D, H, W], on the grid of the series; its axes may run in another order or direction.
    ///   - url: the file, which appears only when it is complete.
    /// - Throws: `DICOMObjectError` for a mask of another grid; `FileError`.
    public func writeStructureSet(_ mask: LabelMap, to url: URL) throws -> DICOMObjectResult {
        guard mask.channels == 1 else { throw DICOMObjectError(path: reference.path, problem: .severalChannels(mask.channels)) }
        let mask = try placed(mask)
        let structures = structures(present(in: mask))
        guard !structures.isEmpty else { return .empty }
        let contours = Parallel.map(structures.count) { [slices = reference.slices] index in
            structures[index].slices.flatMap { Self.contours(of: structures[index].value, on: $0, of: mask, slices[$0]) }
        }
        let digest = mask.voxels.withUnsafeBytes { SHA256Digest(of: $0) }
        try write(structures, contours, digest, to: url)
        return .written(structures: structures.count, parts: contours.reduce(0) { $0 + $1.count })
    }

    private struct Contour: Sendable {
        var slice: Int
        var count: Int
        var data: String
    }

    private static func contours(of value: Int, on index: Int, of mask: LabelMap, _ slice: DICOMReference.Slice) -> [Contour] {
        let (height, width) = (mask.geometry.size[1], mask.geometry.size[2])
        let label = Int16(truncatingIfNeeded: value), start = index * height * width
        return mask.voxels.withUnsafeBufferPointer { voxels -> [Contour] in
            // The part of the slice that holds the structure.
            var (left, right, top, bottom) = (width, -1, height, -1)
            for j in 0..<height {
                let row = UnsafeBufferPointer(rebasing: voxels[start + j * width..<start + (j + 1) * width])
                guard let first = row.firstIndex(of: label), let last = row.lastIndex(of: label) else { continue }
                (left, right, top, bottom) = (min(left, first), max(right, last), min(top, j), j)
            }
            guard right >= left else { return [] }
            var part: [Bool] = []
            part.reserveCapacity((right - left + 1) * (bottom - top + 1))
            for j in top...bottom {
                for i in left...right { part.append(voxels[start + j * width + i] == label) }
            }
            return SliceContours(part, width: right - left + 1, origin: (left, top)).contours.map { points in
                var data: [String] = []
                data.reserveCapacity(3 * points.count)
                for point in points {
                    let place = slice.origin + slice.alongRow * (Double(point.i) / 100) + slice.downColumn * (Double(point.j) / 100)
                    for axis in 0..<3 { data.append(DICOMDecimal.coordinate(place[axis])) }
                }
                return Contour(slice: index, count: points.count, data: data.joined(separator: "\\"))
            }
        }
    }

    // MARK: The object

    private static let sopClass = "1.2.840.10008.5.1.4.1.1.481.3"
    private static let studyClass = "1.2.840.10008.3.1.2.3.1"

    private func write(_ structures: [Structure], _ contours: [[Contour]], _ digest: SHA256Digest, to url: URL) throws {
        var identifiers = identifiers("RTSTRUCT", structures, digest)
        let (instance, series) = (identifiers.next(), identifiers.next())
        var elements = common(
            Self.sopClass, modality: "RTSTRUCT", series: 81, instance: instance, seriesInstance: series, description: "Structures by \(algorithmName)")
        let stamp = stamp
        elements.set(.operatorsName, "")
        elements.set(.structureSetLabel, "SEGMENTATION")
        elements.set(.structureSetName, free: algorithmName)
        elements.set(
            .structureSetDescription,
            free: "\(algorithmName) \(algorithm.version)" + (algorithm.digest.map { ", model SHA-256 \($0)" } ?? ""))
        elements.set(.structureSetDate, stamp.date)
        elements.set(.structureSetTime, stamp.time)
        elements.set(.referencedFramesOfReference, item: source)
        elements.set(.structures, items: structures.map(description))
        elements.set(.structureContours, items: zip(structures, contours).map(item))
        elements.set(.observations, items: structures.map(observation))
        elements.set(.approvalStatus, "UNAPPROVED")
        try DICOMObjectFile.write(elements, class: Self.sopClass, instance: instance, to: url)
    }

    /// The series, with all its images.
    private func source(_ item: inout DICOMElements) {
        item.set(.frameOfReference, reference.frameOfReference)
        item.set(.referencedStudies) { item in
            item.set(.referencedClass, Self.studyClass)
            item.set(.referencedInstance, reference.studyUID)
            item.set(.referencedStudySeries) { item in
                item.set(.seriesInstance, reference.seriesUID)
                item.set(.contourImages, items: reference.instances.map { Self.reference($0, frame: false) })
            }
        }
    }

    private func description(_ structure: Structure) -> DICOMElements {
        var item = DICOMElements()
        item.set(.structureNumber, structure.number)
        item.set(.structureFrameOfReference, reference.frameOfReference)
        item.set(.structureName, free: structure.name)
        item.set(.structureAlgorithm, algorithm.kind.rawValue.uppercased())
        item.set(.structureAlgorithmDescription, free: "\(algorithmName) \(algorithm.version)")
        return item
    }

    private func item(_ structure: Structure, _ contours: [Contour]) -> DICOMElements {
        var item = DICOMElements()
        item.set(.structureColor, numbers: [structure.color.red, structure.color.green, structure.color.blue].map(Int.init))
        item.set(
            .contours,
            items: contours.enumerated().map { index, contour in
                var item = DICOMElements()
                item.set(.contourImages, items: [Self.reference(reference.slices[contour.slice], frame: true)])
                item.set(.contourKind, "CLOSED_PLANAR")
                item.set(.contourPointCount, contour.count)
                item.set(.contourNumber, index + 1)
                item.set(.contourData, contour.data)
                return item
            })
        item.set(.referencedStructure, structure.number)
        return item
    }

    private func observation(_ structure: Structure) -> DICOMElements {
        var item = DICOMElements()
        item.set(.observationNumber, structure.number)
        item.set(.referencedStructure, structure.number)
        item.set(.observationLabel, free: structure.name)
        if !structure.code.isFallback { item.set(.structureCodes, items: [Self.item(structure.code.type)]) }
        // What a lesion is to a plan of treatment is for a person to say.
        item.set(.interpretedType, structure.code.category == SegmentCode.anatomy ? "ORGAN" : "")
        item.set(.interpreter, "")
        return item
    }
}
