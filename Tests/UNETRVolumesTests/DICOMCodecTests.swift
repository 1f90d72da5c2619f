import Foundation
import TestSupport
import Testing
import UNETRArchives
import UNETRSupport

@testable import UNETRVolumes

@Suite struct DICOMCodecTests {
    private static let frame = (rows: 3, columns: 4)

    private func read(_ change: (inout DICOMFileBytes) -> Void) throws -> [Float] {
        try Fixtures.withTemporaryFolder { folder in
            var file = DICOMFileBytes()
            change(&file)
            return try VolumeFile.readScan(file.write("image", in: folder)).voxels
        }
    }

    /// Segments of RLE with their header.
    private func runs(_ segments: [[UInt8]], count: UInt32? = nil) -> [UInt8] {
        var starts: [UInt32] = [], place = 64
        for segment in segments {
            starts.append(UInt32(place))
            place += segment.count
        }
        let header = [count ?? UInt32(segments.count)] + starts + [UInt32](repeating: 0, count: 15 - segments.count)
        return header.flatMap { DICOMFileBytes.little($0) } + segments.flatMap { $0 }
    }

    private static let runLength = "1.2.840.10008.1.2.5", lossless = "1.2.840.10008.1.2.4.57"

    @Test func `RLE is undone, the highest byte first`() throws {
        // Twelve zeros by a run of -11; 0…11 as they are, after a control byte that says nothing.
        let high: [UInt8] = [UInt8(bitPattern: -11), 1], low: [UInt8] = [128, 11] + (0..<12).map { UInt8($0) }
        #expect(try read { $0.setFragments([runs([high, low])], syntax: Self.runLength) } == (0..<12).map { Float(256 + $0) })
    }

    @Test func `Damaged RLE is refused`() throws {
        let good: [UInt8] = [UInt8(bitPattern: -11), 1]
        for bytes in [
            runs([good, [11, 0]]), runs([good]), runs([good, good], count: 4_000_000_000), runs([good, [UInt8(bitPattern: -5), 1]]), runs([good, [5]]),
            [UInt8](repeating: 0, count: 10), runs([good, [128, UInt8(bitPattern: -11)]]),
        ] {
            let error = #expect(throws: DICOMError.self) { try read { $0.setFragments([bytes], syntax: Self.runLength) } }
            #expect(error!.description.contains("the RLE pixels of frame 1 cannot be unpacked"), "\(error!)")
        }
    }

    /// A lossless JPEG of 4 × 3 samples whose differences all have two bits at most, written with one table: codes 0, 10, 110 for 0, 1 and 2 bits.
    private func jpeg(_ samples: [Int], predictor: Int, precision: Int = 8, restartRows: Int? = nil) -> [UInt8] {
        var bits = "", scan: [UInt8] = [], restarts: UInt8 = 0
        func flush() {
            while bits.count % 8 != 0 { bits += "1" }
            for start in stride(from: 0, to: bits.count, by: 8) {
                let byte = UInt8(bits.dropFirst(start).prefix(8), radix: 2)!
                scan += byte == 0xFF ? [0xFF, 0] : [byte]
            }
            bits = ""
        }
        for row in 0..<3 {
            let isFirst = restartRows.map { row % $0 == 0 } ?? (row == 0)
            if isFirst, row > 0 {
                flush()
                scan += [0xFF, 0xD0 + restarts % 8]
                restarts += 1
            }
            for column in 0..<4 {
                let index = 4 * row + column
                let prediction =
                    if column == 0 { isFirst ? 1 << (precision - 1) : samples[index - 4] } else if isFirst { samples[index - 1] } else {
                        predict(predictor, samples[index - 1], samples[index - 4], samples[index - 5])
                    }
                let difference = samples[index] - prediction
                let size = difference == 0 ? 0 : abs(difference) == 1 ? 1 : 2
                precondition(abs(difference) <= 3)
                bits += ["0", "10", "110"][size]
                let value = difference > 0 ? difference : difference + 1 << size - 1
                if size > 0 {
                    let digits = String(value, radix: 2)
                    bits += String(repeating: "0", count: size - digits.count) + digits
                }
            }
        }
        flush()
        let table: [UInt8] = [0xFF, 0xC4, 0, 22, 0, 1, 1, 1] + [UInt8](repeating: 0, count: 13) + [0, 1, 2]
        let frame: [UInt8] = [0xFF, 0xC3, 0, 11, UInt8(precision), 0, 3, 0, 4, 1, 1, 0x11, 0]
        let restart: [UInt8] = restartRows.map { [0xFF, 0xDD, 0, 4, 0, UInt8(4 * $0)] } ?? []
        return [0xFF, 0xD8] + table + frame + restart + [0xFF, 0xDA, 0, 8, 1, 1, 0, UInt8(predictor), 0, 0] + scan + [0xFF, 0xD9]
    }

    private func predict(_ kind: Int, _ a: Int, _ b: Int, _ c: Int) -> Int {
        switch kind {
        case 1: a
        case 2: b
        case 3: c
        case 4: a + b - c
        case 5: a + (b - c) >> 1
        case 6: b + (a - c) >> 1
        default: (a + b) >> 1
        }
    }

    @Test(arguments: 1...7)
    func `Lossless JPEG is undone with each predictor, also with restarts`(predictor: Int) throws {
        let samples = [128, 129, 128, 127, 127, 128, 129, 128, 128, 128, 129, 129]
        for restart in [nil, 1, 2] {
            let bytes = jpeg(samples, predictor: predictor, restartRows: restart)
            #expect(try read { $0.setFragments([bytes], syntax: Self.lossless) } == samples.map { Float($0) }, "\(restart ?? 0)")
        }
    }

    @Test func `A damaged lossless JPEG is refused wherever the damage is`() throws {
        let whole = jpeg([128, 129, 128, 127, 127, 128, 129, 128, 128, 128, 129, 129], predictor: 6, restartRows: 1)
        for count in 0..<whole.count - 4 {
            let error = #expect(throws: DICOMError.self, "\(count)") { try read { $0.setFragments([Array(whole.prefix(count))], syntax: Self.lossless) } }
            if count > 0 { #expect(error!.description.contains("the lossless JPEG pixels of frame 1 cannot be unpacked"), "\(error!)") }
        }
        for place in whole.indices {
            for mask: UInt8 in [1, 0x10, 0xFF] {
                var bytes = whole
                bytes[place] ^= mask
                // Other samples may come out of it, but nothing else may happen.
                do { #expect(try read { $0.setFragments([bytes], syntax: Self.lossless) }.count == 12) } catch is DICOMError {}
            }
        }
    }

    @Test func `Pieces belong to frames by the table, by their number, or by how they begin`() throws {
        let source = MemoryBytes(
            .init(
                [UInt8](repeating: 0, count: 8) + [0xFF, 0xD8, 1, 1] + [UInt8](repeating: 0, count: 8) + [2, 2] + [UInt8](repeating: 0, count: 8) + [
                    0xFF, 0xD8,
                ]))
        let pieces = [8..<12, 20..<22, 30..<32]
        func places(_ count: Int, _ offsets: [Int], _ codec: PixelCodec = .jpegLS) throws -> [[Range<Int>]] {
            try PixelFrames(fragments: pieces, offsets: offsets).places(count: count, codec: codec, source: source)
        }
        #expect(try places(1, []) == [pieces])
        #expect(try places(3, []) == pieces.map { [$0] })
        #expect(try places(2, []) == [[pieces[0], pieces[1]], [pieces[2]]])
        #expect(try places(2, [0, 12]) == [[pieces[0]], [pieces[1], pieces[2]]])
        for (count, offsets) in [(4, []), (2, [0, 13]), (2, [12, 0]), (2, [0, 0]), (2, [12, 22]), (2, [0]), (2, [0, Int.max])] {
            #expect(throws: DICOMProblem.self, "\(count) \(offsets)") { try places(count, offsets) }
        }
        #expect(throws: DICOMProblem.self) { try places(2, [], .runLength) }
    }

    @Test func `An absent library is named with the package that has it`() {
        let problem = DICOMProblem.missingLibrary(codec: "JPEG-LS", library: "CharLS", package: "libcharls2")
        #expect(
            DICOMError(path: "/s", file: "a", problem: problem).description
                == "/s: a: the pixels are JPEG-LS, for which CharLS is needed; install it (on Debian and Ubuntu the package libcharls2).")
        #expect(PixelCodec.isFrom2Point5("2.5.0") && PixelCodec.isFrom2Point5("3.0.0") && !PixelCodec.isFrom2Point5("2.4.9") && !PixelCodec.isFrom2Point5(""))
    }
}
