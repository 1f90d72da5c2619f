import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

@Suite struct DICOMParserTests {
    private func read(_ file: DICOMFileBytes) throws -> Scan { try read(file.bytes) }

    private func read(_ bytes: [UInt8]) throws -> Scan {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "image")
            try Data(bytes).write(to: url)
            return try VolumeFile.readScan(url)
        }
    }

    private func refusal(_ file: DICOMFileBytes) -> String {
        let error = #expect(throws: DICOMError.self) { try read(file) }
        return error?.description ?? ""
    }

    private let plain: [Float] = (0..<12).map { Float($0) }

    @Test func `A plain file is read, also deflated and without preamble`() throws {
        var file = DICOMFileBytes()
        #expect(try read(file).voxels == plain)
        #expect(try read(Array(file.bytes.dropFirst(132))).voxels == plain)
        #expect(try read(file.dataSet).voxels == plain)
        file.transferSyntax = "1.2.840.10008.1.2.1.99"
        #expect(try read(file.head + DICOMFileBytes.deflated(file.dataSet)).voxels == plain)
    }

    @Test(arguments: [1, 64, 100, 20_000])
    func `Sequences that nobody needs are passed over, however deep`(depth: Int) throws {
        var file = DICOMFileBytes()
        let open = DICOMFileBytes.openSequence() + DICOMFileBytes.openItem, close = DICOMFileBytes.mark(0xE00D) + DICOMFileBytes.mark(0xE0DD)
        file.elements[0x0009_1001] = (0..<depth).flatMap { _ in open } + (0..<depth).flatMap { _ in close }
        #expect(try read(file).voxels == plain)
        file.elements[0x0009_1001]!.removeLast(8)
        #expect(throws: DICOMError.self) { try read(file) }
    }

    @Test(arguments: [1, 64, 100, 20_000])
    func `Sequences that are needed are entered to a limit and passed over below it`(depth: Int) throws {
        var file = DICOMFileBytes()
        let open = DICOMFileBytes.openSequence(0x5200).enumerated().map { $0.offset == 2 ? 0x29 : $0.offset == 3 ? 0x92 : $0.element } + DICOMFileBytes.openItem
        let close = DICOMFileBytes.mark(0xE00D) + DICOMFileBytes.mark(0xE0DD)
        file.elements[0x5200_9229] = (0..<depth).flatMap { _ in open } + (0..<depth).flatMap { _ in close }
        #expect(try read(file).voxels == plain)
    }

    @Test func `Bits below the highest count, as many as are stored, and their first is the sign`() throws {
        var file = DICOMFileBytes()
        file.set(0x0028, 0x0101, "US", short: 12)
        file.set(0x0028, 0x0102, "US", short: 11)
        file.setPixels([0x07FF, 0x0800, 0x0FFF, 0x7FFF, -1, 5, 0, 0, 0, 0, 0, 0])
        #expect(Array(try read(file).voxels.prefix(6)) == [2047, -2048, -1, -1, -1, 5])
        file.set(0x0028, 0x0102, "US", short: 15)
        file.setPixels([0x7FF0, Int16(bitPattern: 0x8000), -1, 0x0050, 0x005F, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(try read(file).voxels.prefix(5)) == [2047, -2048, -1, 5, 5])
        file.set(0x0028, 0x0103, "US", short: 0)
        #expect(Array(try read(file).voxels.prefix(5)) == [2047, 2048, 4095, 5, 5])
    }

    @Test func `Floating-point pixels are read`() throws {
        var file = DICOMFileBytes()
        file.remove(0x7FE0, 0x0010)
        file.set(0x0028, 0x0100, "US", short: 32)
        file.set(0x7FE0, 0x0008, "OF", bytes: (0..<12).flatMap { DICOMFileBytes.little((Float($0) / 3).bitPattern) })
        #expect(try read(file).voxels == (0..<12).map { Float($0) / 3 })
        file.remove(0x7FE0, 0x0008)
        file.set(0x0028, 0x0100, "US", short: 64)
        file.set(0x7FE0, 0x0009, "OD", bytes: (0..<12).flatMap { DICOMFileBytes.little((Double($0) / 3).bitPattern) })
        #expect(try values(of: file) == (0..<12).map { Double($0) / 3 })
    }

    private func values(of file: DICOMFileBytes) throws -> [Double] {
        try Fixtures.withTemporaryFolder { try VolumeFile.readValues(file.write("image", in: $0)).voxels }
    }

    @Test func `Numbers that cannot be are refused with the element that holds them`() throws {
        func changed(_ change: (inout DICOMFileBytes) -> Void) -> String {
            var file = DICOMFileBytes()
            change(&file)
            return refusal(file)
        }
        #expect(changed { $0.set(0x0028, 0x0010, "US", short: 0) }.contains("it has 0 × 4 pixels"))
        #expect(changed { $0.set(0x0028, 0x0010, "US", short: 65535) }.contains("PixelData (7fe0,0010) should have 524280 bytes, there are 24"))
        #expect(changed { $0.set(0x0028, 0x0008, "IS", "2147483647") }.contains("should have 51539607528 bytes"))
        #expect(changed { $0.set(0x0028, 0x0008, "IS", "-3") }.contains("NumberOfFrames (0028,0008) is -3"))
        #expect(changed { $0.set(0x0028, 0x0008, "IS", "99999999999999999999") }.contains("must be a whole number"))
        #expect(changed { $0.set(0x0028, 0x0101, "US", short: 40) }.contains("40 bits of a pixel count"))
        #expect(changed { $0.set(0x0028, 0x0100, "US", short: 24) }.contains("pixels of 24 bits cannot be read, expected 8, 16, 32"))
        #expect(changed { $0.set(0x0028, 0x0030, "DS", "nan\\1") }.contains("PixelSpacing (0028,0030) is 'nan\\1', but it must be numbers"))
        #expect(changed { $0.set(0x0028, 0x0030, "DS", "0x1p2\\1") }.contains("must be numbers"))
        #expect(changed { $0.set(0x0028, 0x0030, "DS", "1e999\\1") }.contains("must be numbers"))
        #expect(changed { $0.set(0x0028, 0x0030, "DS", "0\\1") }.contains("it must be from 0.0001 to 1000.0 mm"))
        #expect(changed { $0.set(0x0020, 0x0037, "DS", "1\\0\\0\\0\\0.5\\0") }.contains("not at right angles or not of length 1"))
        #expect(changed { $0.set(0x0020, 0x0032, "DS", "1\\2\\1e300") }.contains("beyond all bounds"))
        #expect(changed { $0.set(0x0028, 0x1053, "DS", "0") }.contains("RescaleSlope (0028,1053) is 0"))
        #expect(changed { $0.transferSyntax = "1.2.840.10008.1.2.4.100" }.contains("the transfer syntax 1.2.840.10008.1.2.4.100 cannot be read"))
        #expect(changed { $0.transferSyntax = "1.2.840.10008.1.2.5" }.contains("its pixels stand in one piece"))
    }

    @Test func `Nothing of the patient is in a summary or a sentence`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2, 6], in: folder)
            let study = try DICOMStudy(contentsOf: folder)
            #expect(!"\(study)".contains("Secret"))
            #expect(!"\(study.series[0].summary) \(study.series[0].problem!)".contains("Secret"))
        }
    }

    @Test func `Every byte of a header may be wrong, and every length too short`() throws {
        // A changed byte may still give a file; then it has as many voxels as its header says.
        let source = DICOMFileBytes().bytes
        try Fixtures.withTemporaryFolder { folder in
            var refused = 0
            func attempt(_ bytes: [UInt8], _ name: String) throws {
                let url = folder.appending(path: name)
                try Data(bytes).write(to: url)
                do {
                    let scan = try VolumeFile.readScan(url)
                    #expect(scan.voxels.count == scan.geometry.count)
                } catch is DICOMError { refused += 1 } catch is VolumeError { refused += 1 } catch is MemoryError { refused += 1 }
            }
            for place in 128..<source.count {
                for mask: UInt8 in [0x01, 0x80, 0xFF] {
                    var bytes = source
                    bytes[place] ^= mask
                    try attempt(bytes, "\(place) \(mask)")
                }
            }
            for count in stride(from: 0, to: source.count, by: 3) { try attempt(Array(source.prefix(count)), "cut \(count)") }
            #expect(refused > 300)
        }
    }
}
