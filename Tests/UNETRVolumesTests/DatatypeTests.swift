import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

/// Every type of voxel in both byte orders, at the ends of its range, in every format that can hold it.
@Suite struct DatatypeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var type: VoxelType
        /// The bits of each voxel, and the numbers they are.
        var bits: [UInt64]
        var values: [Double]

        init(_ type: VoxelType, _ bits: [UInt64], _ values: [Double]) { (self.type, self.bits, self.values) = (type, bits, values) }

        var testDescription: String { type.rawValue }

        func bytes(_ order: ByteOrder) -> [UInt8] {
            bits.flatMap { bits in
                let little = (0..<type.byteCount).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
                return order == .little ? little : little.reversed()
            }
        }
    }

    static let cases = [
        Case(.int8, [0x80, 0xFF, 0, 0x7F], [-128, -1, 0, 127]), Case(.uint8, [0, 1, 0x80, 0xFF], [0, 1, 128, 255]),
        Case(.int16, [0x8000, 0xFFFF, 0x0102, 0x7FFF], [-32768, -1, 258, 32767]), Case(.uint16, [0, 0x0102, 0x8000, 0xFFFF], [0, 258, 32768, 65535]),
        Case(.int32, [0x8000_0000, 0xFFFF_FFFF, 0x0102_0304, 0x7FFF_FFFF], [-0x1p31, -1, 16_909_060, 0x1p31 - 1]),
        Case(.uint32, [0, 0x0102_0304, 0x8000_0000, 0xFFFF_FFFF], [0, 16_909_060, 0x1p31, 0x1p32 - 1]),
        // Rounded to the nearest double, as NumPy rounds them.
        Case(.int64, [0x8000_0000_0000_0000, .max, 0x0102_0304_0506_0708, 0x7FFF_FFFF_FFFF_FFFF], [-0x1p63, -1, 72_623_859_790_382_848, 0x1p63]),
        Case(.uint64, [0, 0x0102_0304_0506_0708, 0x8000_0000_0000_0000, .max], [0, 72_623_859_790_382_848, 0x1p63, 0x1p64]),
        Case(.float32, [0xC2F7_0000, 0x0000_0001, 0x7F7F_FFFF, 0x3DCC_CCCD], [-123.5, 0x1p-149, 0x1.fffffep127, 0.100000001490116119384765625]),
        Case(
            .float64, [0xC05E_E000_0000_0000, 0x0000_0000_0000_0001, 0x7FEF_FFFF_FFFF_FFFF, 0x3FB9_9999_9999_999A],
            [-123.5, 0x0.0000000000001p-1022, 0x1.fffffffffffffp1023, 0.1]),
    ]

    /// The header of a volume of 4 × 1 × 1 voxels, built byte by byte.
    private func niftiHeader(_ version: NIfTIHeader.Version, _ order: ByteOrder, _ type: NIfTIDatatype) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: version.rawValue + 4)
        func set(_ offset: Int, _ value: UInt64, _ width: Int) {
            for index in 0..<width { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (order == .little ? index : width - 1 - index))) }
        }
        func setNumber(_ offset: Int, _ value: Double) {
            if version == .one { set(offset, UInt64(Float(value).bitPattern), 4) } else { set(offset, value.bitPattern, 8) }
        }
        set(0, UInt64(version.rawValue), 4)
        let isOne = version == .one, width = isOne ? 2 : 8
        for (axis, length) in [3, 4, 1, 1, 1, 1, 1, 1].enumerated() { set((isOne ? 40 : 16) + width * axis, UInt64(length), width) }
        set(isOne ? 70 : 12, UInt64(type.rawValue), 2)
        set(isOne ? 72 : 14, UInt64(8 * type.byteCount), 2)
        for axis in 0..<8 { setNumber((isOne ? 76 : 104) + (isOne ? 4 : 8) * axis, Double(axis + 1)) }
        if isOne { setNumber(108, 352) } else { set(168, 544, 8) }
        for row in 0..<3 { setNumber((isOne ? 280 : 400) + (isOne ? 16 : 32) * row + (isOne ? 4 : 8) * row, Double(row + 2)) }
        set(isOne ? 254 : 348, 1, isOne ? 2 : 4)
        let magic = Array((isOne ? "n+1" : "n+2").utf8)
        bytes.replaceSubrange((isOne ? 344 : 4)..<(isOne ? 347 : 7), with: magic)
        return bytes
    }

    private func expectValues(_ found: Volume<Double>, _ expected: Case, _ name: String) {
        #expect(found.geometry.size == [1, 1, 4], "\(name)")
        #expect(found.voxels.map(\.bitPattern) == expected.values.map(\.bitPattern), "\(name): \(found.voxels)")
    }

    @Test(arguments: cases) func `NIfTI of both versions and byte orders`(_ voxels: Case) throws {
        let type = NIfTIDatatype(voxels.type)
        #expect(type.byteCount == voxels.type.byteCount && type.voxelType == voxels.type && type.name == voxels.type.rawValue)
        try Fixtures.withTemporaryFolder { folder in
            for version in [NIfTIHeader.Version.one, .two] {
                for order in [ByteOrder.little, .big] {
                    let url = folder.appending(path: "\(version.rawValue)\(order).nii"), name = "\(version) \(order)"
                    try Data(niftiHeader(version, order, type) + voxels.bytes(order)).write(to: url)
                    let header = try NIfTI.readHeader(url)
                    #expect(header.version == version && header.byteOrder == order && header.datatype == type, "\(name)")
                    #expect(header.affine == [[2, 0, 0, 0], [0, 3, 0, 0], [0, 0, 4, 0], [0, 0, 0, 1]] && header.zooms == [2, 3, 4], "\(name)")
                    expectValues(try NIfTI.readValues(url), voxels, name)
                    #expect(try NIfTI.readScan(url).voxels.map(\.bitPattern) == voxels.values.map { Float($0).bitPattern }, "\(name)")
                }
            }
        }
    }

    @Test(arguments: cases) func `NRRD under every name of the type`(_ voxels: Case) throws {
        let names: [VoxelType: [String]] = [
            .int8: ["signed char", "int8", "int8_t"], .uint8: ["uchar", "unsigned char", "uint8", "uint8_t"],
            .int16: ["short", "short int", "signed short", "signed short int", "int16", "int16_t"],
            .uint16: ["ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"], .int32: ["int", "signed int", "int32", "int32_t"],
            .uint32: ["uint", "unsigned int", "uint32", "uint32_t"],
            .int64: ["longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"],
            .uint64: ["ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"], .float32: ["float"], .float64: ["double"],
        ]
        try Fixtures.withTemporaryFolder { folder in
            for name in try #require(names[voxels.type]) {
                for order in [ByteOrder.little, .big] {
                    let url = folder.appending(path: "\(name) \(order).nrrd")
                    let header = "NRRD0001\ntype: \(name)\ndimension: 3\nsizes: 4 1 1\nspacings: 2 3 4\nendian: \(order)\nencoding: raw\n\n"
                    try Data(Array(header.utf8) + voxels.bytes(order)).write(to: url)
                    expectValues(try VolumeFile.readValues(url), voxels, "\(name) \(order)")
                    #expect(try VolumeFile.readHeader(url).geometry.spacing == [4, 3, 2])
                }
            }
        }
    }

    @Test(arguments: cases) func `MetaImage under every name of the type`(_ voxels: Case) throws {
        let names: [VoxelType: [String]] = [
            .int8: ["MET_CHAR"], .uint8: ["MET_UCHAR"], .int16: ["MET_SHORT"], .uint16: ["MET_USHORT"], .int32: ["MET_INT", "MET_LONG"],
            .uint32: ["MET_UINT", "MET_ULONG"], .int64: ["MET_LONG_LONG"], .uint64: ["MET_ULONG_LONG"], .float32: ["MET_FLOAT"], .float64: ["MET_DOUBLE"],
        ]
        try Fixtures.withTemporaryFolder { folder in
            for name in try #require(names[voxels.type]) {
                for (order, flag) in [(ByteOrder.little, "False"), (.big, "True"), (.big, "1"), (.little, "f")] {
                    let url = folder.appending(path: "\(name)\(flag).mha")
                    let header = "NDims = 3\nBinaryDataByteOrderMSB = \(flag)\nDimSize = 4 1 1\nElementType = \(name)\nElementDataFile = LOCAL\n"
                    try Data(Array(header.utf8) + voxels.bytes(order)).write(to: url)
                    expectValues(try VolumeFile.readValues(url), voxels, "\(name) \(flag)")
                }
            }
        }
    }

    @Test(
        arguments: [
            ([0, 1, 254, 255], VoxelType.uint8), ([0, 1, 254, 256], .int16), ([-1, 0, 1, 2], .int16), ([-32768, 0, 0, 32767], .int16),
            ([0, 0, 0, 32768], .float32), ([-32769, 0, 0, 0], .float32), ([0, 0, 0.5, 1], .float32), ([0, .nan, 1, 2], .float32),
            ([0, 0, .infinity, 0], .float32), ([-0.0, 0, 0, 0], .uint8), ([1e30, 0, 0, 0], .float32),
        ] as [([Float], VoxelType)])
    func `Whole numbers are written in as few bits as hold them, others as single precision, and come back as they were`(_ values: [Float], _ type: VoxelType)
        throws
    {
        let geometry = Geometry(size: [1, 1, 4], affine: [[-2, 0, 0, 1], [0, 3, 0, -2], [0, 0, 4, 7], [0, 0, 0, 1]], spacing: [4, 3, 2])
        let scan = Scan(geometry: geometry, voxels: values)
        #expect(VolumeContents(inFewestBits: scan).type == type)
        try Fixtures.withTemporaryFolder { folder in
            let source = folder.appending(path: "source.nii")
            try VolumeFile.write(scan: scan, to: source)
            for name in ["a.nii", "a.nii.gz", "a.nrrd", "a.nhdr", "a.mha", "a.mhd"] {
                let url = folder.appending(path: name)
                try VolumeFile.convert(source, to: url)
                let copy = try VolumeFile.readScan(url)
                // An integer has no negative zero.
                let expected = type == .float32 ? values.map(\.bitPattern) : values.map { ($0 + 0).bitPattern }
                #expect(copy.voxels.map(\.bitPattern) == expected && copy.geometry.isApproximatelyEqual(to: geometry, tolerance: 1e-12), "\(name)")
                let header = try VolumeFile.readHeader(url)
                let stored = (header as? NIfTIHeader)?.datatype.voxelType ?? (header as? NRRDHeader)?.type ?? (header as? MetaImageHeader)?.type
                #expect(stored == type, "\(name)")
            }
        }
    }
}
