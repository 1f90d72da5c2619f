public import Foundation
import UNETRSupport

extension NIfTI {
    /// Writes a label map, as uint8 if its labels are 0…255, else as int16.
    ///
    /// With the header of the scan it was made from, the file has that scan's affine, spacing, sform and qform with their codes, and
    /// units, bit for bit, and its format (NIfTI-1 or NIfTI-2). Without one it is NIfTI-1 with an sform. The name must end in `.nii`
    /// or `.nii.gz`; the file appears only when it is complete.
    ///
    /// - Throws: `NIfTIError.geometryDiffers` if the labels do not lie on the header's grid; `NIfTIError`, `FileError`.
    public static func write(labels: LabelMap, like header: NIfTIHeader? = nil, to url: URL) throws {
        let fitsByte = labels.voxels.allSatisfy { 0...255 ~= $0 }
        let header = try outputHeader(labels, like: header, datatype: fitsByte ? .uint8 : .int16, path: url.path)
        try write(header, count: labels.voxels.count, to: url) { range in
            labels.voxels.withUnsafeBufferPointer { voxels in
                fitsByte ? bytes(range) { UInt8(truncatingIfNeeded: voxels[$0]) } : bytes(range) { voxels[$0].littleEndian }
            }
        }
    }

    /// Writes a scan as float32, without scaling; otherwise as `write(labels:like:to:)`.
    ///
    /// - Throws: `NIfTIError`, `FileError`
    public static func write(scan: Scan, like header: NIfTIHeader? = nil, to url: URL) throws {
        let header = try outputHeader(scan, like: header, datatype: .float32, path: url.path)
        try write(header, count: scan.voxels.count, to: url) { range in
            scan.voxels.withUnsafeBufferPointer { voxels in bytes(range) { voxels[$0].bitPattern.littleEndian } }
        }
    }

    private static func outputHeader<Scalar>(
        _ volume: Volume<Scalar>, like header: NIfTIHeader?, datatype: NIfTIDatatype, path: String
    ) throws -> NIfTIHeader {
        try outputHeader(volume.geometry, channels: volume.channels, like: header, datatype: datatype, path: path)
    }

    static func outputHeader(
        _ geometry: Geometry, channels: Int, like header: NIfTIHeader?, datatype: NIfTIDatatype, path: String
    ) throws -> NIfTIHeader {
        guard geometry.size.count == 3, geometry.count > 0 else {
            throw NIfTIError.cannotHold(path: path, what: "a volume of size \(geometry.size)")
        }
        guard let header else { return NIfTIHeader(geometry: geometry, channels: channels, datatype: datatype) }
        if let difference = geometry.difference(from: header.geometry) {
            throw NIfTIError.geometryDiffers(path: path, difference: difference)
        }
        return header.describing(datatype, channels: channels)
    }

    private static func bytes<Stored: FixedWidthInteger>(_ range: Range<Int>, _ value: (Int) -> Stored) -> [UInt8] {
        let width = MemoryLayout<Stored>.size
        return [UInt8](unsafeUninitializedCapacity: range.count * width) { buffer, count in
            let stored = UnsafeMutableRawPointer(buffer.baseAddress!).bindMemory(to: Stored.self, capacity: range.count)
            for index in range { stored[index - range.lowerBound] = value(index) }
            count = range.count * width
        }
    }

    /// Writes header and voxels, asking `part` for the bytes of a range of voxels at a time.
    private static func write(
        _ header: NIfTIHeader, count: Int, to url: URL, part: (Range<Int>) -> [UInt8]
    ) throws {
        let name = url.lastPathComponent.lowercased()
        guard name.hasSuffix(".nii") || name.hasSuffix(".nii.gz") else {
            throw NIfTIError.unknownExtension(path: url.path, allowed: [".nii", ".nii.gz"])
        }
        try AtomicFile.write(to: url) { temporary in
            let writer = try GzipWriter(path: temporary.path, compress: name.hasSuffix(".gz"), shownAs: url.path)
            try header.encoded().withUnsafeBytes(writer.write)
            let chunk = 1 << 16
            for start in stride(from: 0, to: count, by: chunk) {
                try part(start..<min(count, start + chunk)).withUnsafeBytes(writer.write)
            }
            try writer.finish()
        }
    }
}
