public import Foundation
import UNETRSupport

extension DICOMObjectWriter {
    /// Writes a label map as a binary segmentation: one segment a label, one frame for each slice that holds any of it.
    ///
    /// - Parameters:
    ///   - mask: one volume, [1, D, H, W], on the grid of the series; its axes may run in another order or direction.
    ///   - url: the file, which appears only when it is complete.
    /// - Throws: `DICOMObjectError` for a mask of another grid; `FileError`.
    public func writeSegmentation(_ mask: LabelMap, to url: URL) throws -> DICOMObjectResult {
        guard mask.channels == 1 else { throw DICOMObjectError(path: reference.path, problem: .severalChannels(mask.channels)) }
        let mask = try placed(mask), inPlane = mask.geometry.size[1] * mask.geometry.size[2]
        let structures = structures(present(in: mask))
        guard !structures.isEmpty else { return .empty }
        let frames = structures.reduce(0) { $0 + $1.slices.count }
        let bytes = (frames * inPlane + 7) / 8
        try checkRoom(bytes)
        var bits = PackedBits(count: frames * inPlane)
        mask.voxels.withUnsafeBufferPointer { voxels in
            for structure in structures {
                for slice in structure.slices {
                    bits.append(
                        UnsafeBufferPointer(rebasing: voxels[slice * inPlane..<(slice + 1) * inPlane]), equalTo: Int16(truncatingIfNeeded: structure.value))
                }
            }
        }
        let pixels = bits.bytes
        try write(structures, .init(pixels), digest: pixels.withUnsafeBytes { SHA256Digest(of: $0) }, isBinary: true, to: url)
        return .written(structures: structures.count, parts: frames)
    }

    /// Writes probabilities as a fractional segmentation, in steps of 1/255: one segment a structure, one frame for each slice where any
    /// voxel has at least half a step.
    ///
    /// - Parameters:
    ///   - probabilities: one volume a structure, [C, D, H, W], from 0 to 1, on the grid of the series.
    ///   - values: the label that each of them is for; labels not among them are left out of the object with their volumes.
    ///   - url: the file, which appears only when it is complete.
    /// - Throws: `DICOMObjectError` for volumes of another grid or number; `FileError`.
    public func writeSegmentation(probabilities: Volume<Float>, of values: [Int], to url: URL) throws -> DICOMObjectResult {
        let volume = try placed(probabilities), inPlane = reference.rows * reference.columns
        return try writeFractions(of: values, channels: volume.channels, to: url) { body in
            for part in 0..<volume.channels * volume.geometry.size[0] { try body(part, volume.voxels[part * inPlane..<(part + 1) * inPlane].map(Self.steps)) }
        }
    }

    /// The same for probabilities in a file, of which a slice at a time is in memory.
    ///
    /// - Parameters:
    ///   - file: one volume a structure, [C, D, H, W], from 0 to 1, in the voxels of the series' grid and in their order.
    ///   - values: the label that each of them is for; 0 is left out.
    ///   - url: the file, which appears only when it is complete.
    /// - Throws: `DICOMObjectError` for volumes of another grid or number; `VolumeError`, `FileError`.
    public func writeSegmentation(probabilities file: URL, of values: [Int], to url: URL) throws -> DICOMObjectResult {
        let header = try VolumeFile.readHeader(file), inPlane = header.geometry.size[1] * header.geometry.size[2]
        if let difference = GridAgreement.difference(reference.geometry, header.geometry) {
            throw DICOMObjectError(path: reference.path, problem: .gridDiffers(difference: difference))
        }
        return try writeFractions(of: values, channels: header.channels, to: url) { [reference] body in
            var slice: [Float] = [], part = 0
            slice.reserveCapacity(inPlane)
            try VolumeFile.open(file).forEachPart { doubles, _ in
                for value in doubles {
                    slice.append(Float(value))
                    guard slice.count == inPlane else { continue }
                    var steps: [UInt8] = []
                    if let shear = reference.shear {
                        slice.withUnsafeBufferPointer { shear.tilted($0, at: part % reference.geometry.size[0]) { steps.append(Self.steps($0)) } }
                    } else {
                        steps = slice.map(Self.steps)
                    }
                    try body(part, steps)
                    slice.removeAll(keepingCapacity: true)
                    part += 1
                }
            }
        }
    }

    /// - Parameter slices: calls its body with the number of each slice in [C, D], and its pixels as steps. It is called twice: what an object holds stands
    ///   before its pixels.
    private func writeFractions(
        of values: [Int], channels: Int, to url: URL, _ slices: (_ body: (Int, [UInt8]) throws -> Void) throws -> Void
    ) throws -> DICOMObjectResult {
        guard channels == values.count else {
            throw DICOMObjectError(path: reference.path, problem: .fractionsDiffer(channels: channels, structures: values.count))
        }
        let depth = reference.geometry.size[0], inPlane = reference.rows * reference.columns
        var holds = [Bool](repeating: false, count: channels * depth), hasher = SHA256Digest.Hasher()
        try slices { part, steps in
            guard values[part / depth] != 0, steps.contains(where: { $0 > 0 }) else { return }
            holds[part] = true
            steps.withUnsafeBytes { hasher.add($0) }
        }
        let structures = structures(
            values.indices.compactMap { channel in
                let slices = (0..<depth).filter { holds[channel * depth + $0] }
                return slices.isEmpty ? nil : (values[channel], slices)
            })
        guard !structures.isEmpty else { return .empty }
        let frames = structures.reduce(0) { $0 + $1.slices.count }, count = frames.multiplied(checked: inPlane)
        try checkRoom(count ?? .max)
        // Written while the slices pass by a second time.
        try withoutActuallyEscaping(slices) { slices in
            let pixels = DICOMObjectFile.Pixels(count: count ?? 0) { write in try slices { part, steps in if holds[part] { try write(steps) } } }
            try self.write(structures, pixels, digest: hasher.finish(), isBinary: false, to: url)
        }
        return .written(structures: structures.count, parts: frames)
    }

    private static func steps(_ probability: Float) -> UInt8 { UInt8(clampingRounded: min(max(probability, 0), 1) * 255) ?? 0 }

    private func checkRoom(_ bytes: Int) throws {
        guard bytes < DICOMObjectFile.mostPixelBytes else { throw DICOMObjectError(path: reference.path, problem: .tooLarge(bytes: bytes)) }
    }

    // MARK: The object

    private static let sopClass = "1.2.840.10008.5.1.4.1.1.66.4"

    private func write(_ structures: [Structure], _ pixels: DICOMObjectFile.Pixels, digest: SHA256Digest, isBinary: Bool, to url: URL) throws {
        var identifiers = identifiers("SEG \(isBinary)", structures, digest)
        let (instance, series, dimensions) = (identifiers.next(), identifiers.next(), identifiers.next())
        var elements = common(
            Self.sopClass, modality: "SEG", series: 66, instance: instance, seriesInstance: series, description: "Segmentation by \(algorithmName)")
        let stamp = stamp
        elements.set(.contentDate, stamp.date)
        elements.set(.contentTime, stamp.time)
        elements.set(.contentLabel, "SEGMENTATION")
        elements.set(.contentDescription, free: "Segmentation by \(algorithmName)")
        elements.set(.contentCreator, "")
        describePixels(structures, isBinary: isBinary, &elements)
        elements.set(.segments, items: structures.map(segment))
        elements.set(.dimensionOrganizations) { $0.set(.dimensionOrganization, dimensions) }
        elements.set(
            .dimensionIndices,
            items: [
                Self.dimension(dimensions, .referencedSegment, in: .segmentIdentification, "Referenced Segment Number"),
                Self.dimension(dimensions, .imagePosition, in: .planePosition, "Image Position Patient"),
            ])
        let sharesOrientation = reference.slices.allSatisfy { $0.orientation == reference.slices[0].orientation }
        elements.set(.sharedGroups) { shared in
            shared.set(.pixelMeasures, item: measures)
            if sharesOrientation { shared.set(.planeOrientation) { $0.set(.imageOrientation, reference.slices[0].orientation) } }
        }
        elements.set(
            .frameGroups,
            items: structures.flatMap { structure in
                structure.slices.map { frame(structure.number, slice: $0, statesOrientation: !sharesOrientation) }
            })
        elements.set(.referencedSeries) { item in
            item.set(.seriesInstance, reference.seriesUID)
            item.set(.referencedInstances, items: reference.instances.map { Self.reference($0, frame: false) })
        }
        try DICOMObjectFile.write(elements, class: Self.sopClass, instance: instance, pixels: pixels, to: url)
    }

    private func describePixels(_ structures: [Structure], isBinary: Bool, _ elements: inout DICOMElements) {
        let bits = isBinary ? 1 : 8
        elements.set(.imageType, "DERIVED\\PRIMARY")
        elements.set(.samplesPerPixel, 1)
        elements.set(.photometricInterpretation, "MONOCHROME2")
        elements.set(.pixelRepresentation, 0)
        elements.set(.bitsAllocated, bits)
        elements.set(.bitsStored, bits)
        elements.set(.highBit, bits - 1)
        elements.set(.rows, reference.rows)
        elements.set(.columns, reference.columns)
        elements.set(.numberOfFrames, structures.reduce(0) { $0 + $1.slices.count })
        elements.set(.lossyCompression, "00")
        elements.set(.segmentationType, isBinary ? "BINARY" : "FRACTIONAL")
        if isBinary {
            elements.set(.segmentsOverlap, "NO")
        } else {
            elements.set(.fractionalType, "PROBABILITY")
            elements.set(.greatestFraction, 255)
        }
    }

    private func segment(_ structure: Structure) -> DICOMElements {
        var item = DICOMElements()
        item.set(.segmentNumber, structure.number)
        item.set(.segmentLabel, free: structure.name)
        item.set(.segmentAlgorithmType, algorithm.kind.rawValue.uppercased())
        if algorithm.kind != .manual {
            item.set(.segmentAlgorithmName, free: algorithmName)
            item.set(.segmentAlgorithm) { item in
                item.set(.algorithmFamily, items: [Self.item(CodedConcept("123110", "DCM", "Artificial Intelligence"))])
                item.set(.algorithmName, free: algorithmName)
                item.set(.algorithmVersion, free: algorithm.version)
                item.set(.algorithmSource, free: Self.program.manufacturer)
                if let digest = algorithm.digest { item.set(.algorithmParameters, free: "model SHA-256 \(digest)") }
            }
        }
        let code = structure.code
        item.set(.segmentCategory, items: [Self.item(code.category)])
        item.set(.segmentType) { type in
            type = Self.item(code.type)
            if let modifier = code.modifier { type.set(.segmentTypeModifier, items: [Self.item(modifier)]) }
        }
        if let region = code.region {
            item.set(.anatomicRegion) { item in
                item = Self.item(region)
                if let modifier = code.regionModifier { item.set(.anatomicRegionModifier, items: [Self.item(modifier)]) }
            }
        }
        item.set(.displayColor, numbers: structure.color.scaledLab)
        return item
    }

    private static func dimension(_ organization: String, _ pointer: DICOMTag, in group: DICOMTag, _ label: String) -> DICOMElements {
        var item = DICOMElements()
        item.set(.dimensionOrganization, organization)
        item.set(.dimensionPointer, pointer: pointer)
        item.set(.dimensionGroup, pointer: group)
        item.set(.dimensionLabel, free: label)
        return item
    }

    private func measures(_ item: inout DICOMElements) {
        let first = reference.slices[0], step = DICOMDecimal.text(reference.geometry.spacing[0])
        item.set(.sliceThickness, first.thickness ?? step)
        item.set(.spacingBetweenSlices, step)
        item.set(.pixelSpacing, first.spacing)
    }

    private func frame(_ segment: Int, slice index: Int, statesOrientation: Bool) -> DICOMElements {
        let slice = reference.slices[index]
        var item = DICOMElements()
        item.set(.derivationImages) { item in
            item.set(.derivationCodes, items: [Self.item(CodedConcept("113076", "DCM", "Segmentation"))])
            item.set(.sourceImages) { item in
                item = Self.reference(slice, frame: true)
                item.set(.spatialLocationsPreserved, "YES")
                item.set(.purposeOfReference, items: [Self.item(CodedConcept("121322", "DCM", "Source image for image processing operation"))])
            }
        }
        item.set(.frameContent) { $0.set(.dimensionValues, segment, index + 1) }
        item.set(.planePosition) { $0.set(.imagePosition, slice.position) }
        if statesOrientation { item.set(.planeOrientation) { $0.set(.imageOrientation, slice.orientation) } }
        item.set(.segmentIdentification) { $0.set(.referencedSegment, segment) }
        return item
    }
}

/// Bits one behind the other, the first in the lowest bit of its byte, filled up to an even number of bytes (PS3.5, 8.1.1 and 8.2).
struct PackedBits {
    private(set) var bytes: [UInt8]
    private var position = 0

    /// - Parameter count: how many bits there will be.
    init(count: Int) {
        let bytes = (count + 7) / 8
        self.bytes = [UInt8](repeating: 0, count: bytes + bytes % 2)
    }

    /// Appends a bit for each voxel: whether it has this label.
    mutating func append(_ voxels: UnsafeBufferPointer<Int16>, equalTo label: Int16) {
        let start = position
        bytes.withUnsafeMutableBufferPointer { bytes in
            var index = 0
            // Up to the next whole byte, then eight at a time, then the rest.
            let head = min(voxels.count, (8 - start % 8) % 8)
            while index < head {
                if voxels[index] == label { bytes[(start + index) / 8] |= 1 << UInt8((start + index) % 8) }
                index += 1
            }
            while index + 8 <= voxels.count {
                var byte: UInt8 = 0
                for bit in 0..<8 where voxels[index + bit] == label { byte |= 1 << UInt8(bit) }
                bytes[(start + index) / 8] = byte
                index += 8
            }
            while index < voxels.count {
                if voxels[index] == label { bytes[(start + index) / 8] |= 1 << UInt8((start + index) % 8) }
                index += 1
            }
        }
        position += voxels.count
    }
}
