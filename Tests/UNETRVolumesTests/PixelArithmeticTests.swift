import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

/// Run-length coded pixels against an encoder, and slices of a tilted gantry against pixels moved by hand.
struct PixelArithmeticTests {
    /// PS3.5, annex G: segments of the pixels' bytes, the highest first, as literal and repeated runs; now and then a byte that says nothing.
    private func encoded(_ bytes: [UInt8], step: Int, seed: String) -> [UInt8] {
        let rule = ParityRule(seed)
        var segments: [[UInt8]] = []
        for weight in (0..<step).reversed() {
            let plane = stride(from: weight, to: bytes.count, by: step).map { bytes[$0] }
            var (packed, position, draw): ([UInt8], Int, Int) = ([], 0, 0)
            while position < plane.count {
                if rule.unit(1000 * weight + draw) < 0.2 { packed.append(128) }
                let same = plane[position...].prefix { $0 == plane[position] }.prefix(128).count
                if same > 1 {
                    packed += [UInt8(bitPattern: Int8(1 - same)), plane[position]]
                    position += same
                } else {
                    let count = min(1 + Int(rule.unit(500 + draw) * 128), plane.count - position)
                    packed += [UInt8(count - 1)] + plane[position..<position + count]
                    position += count
                }
                draw += 1
            }
            segments.append(packed + (packed.count % 2 == 1 ? [0] : []))
        }
        var header = [step], start = 64
        for segment in segments {
            header.append(start)
            start += segment.count
        }
        let numbers = header + [Int](repeating: 0, count: 16 - header.count)
        return numbers.flatMap { number in (0..<4).map { UInt8(number >> (8 * $0) & 0xFF) } } + segments.flatMap { $0 }
    }

    @Test(arguments: [(1, 1), (1, 300), (2, 128), (2, 129), (4, 77)]) func `Run lengths give the pixels back, the lowest byte of each first`(
        step: Int, pixels: Int
    ) throws {
        let rule = ParityRule("pixels \(step) \(pixels)")
        for levels in [1.0, 3, 256] {
            let bytes = (0..<pixels * step).map { UInt8(rule.unit($0 / 5) * levels) }, packed = encoded(bytes, step: step, seed: "runs \(levels)")
            #expect(try RunLength.decode(packed, pixels: pixels, bytesPerPixel: step) == bytes)
            // Cut off anywhere before its last run ends, it is damaged: the padding byte may go.
            for length in stride(from: 0, to: packed.count - 2, by: max(1, packed.count / 40)) {
                #expect(throws: PixelCodecFailure.self) { try RunLength.decode(Array(packed[..<length]), pixels: pixels, bytesPerPixel: step) }
            }
        }
    }

    @Test func `A lie in the header of run lengths is told`() {
        let good = encoded([1, 2, 3, 4], step: 2, seed: "lie")
        func problem(_ change: (inout [UInt8]) -> Void, pixels: Int = 2, step: Int = 2) -> PixelCodecFailure? {
            var bytes = good
            change(&bytes)
            do throws(PixelCodecFailure) { _ = try RunLength.decode(bytes, pixels: pixels, bytesPerPixel: step) } catch { return error }
            return nil
        }
        #expect(problem { _ in } == nil)
        #expect(problem({ $0.removeLast($0.count - 63) }) == .damaged("its header is cut off"))
        #expect(problem({ _ in }, step: 1) == .damaged("it has 2 segments, expected 1"))
        #expect(problem({ $0[0] = 255 }) == .damaged("it has 255 segments, expected 2"))
        #expect(problem({ _ in }, pixels: 1 << 20) == .damaged("it cannot unpack to 2097152 bytes"))
        for (byte, value) in [(4, UInt8(63)), (8, 255), (7, 255), (5, 1)] {
            #expect(problem { $0[byte] = value } == .damaged("a segment lies outside of it"), "\(byte)")
        }
        #expect(problem({ _ in }, pixels: 3) == .damaged("a segment ends too early"))
    }

    private func straight(_ shear: DICOMShear, _ slice: [Double], at index: Int) -> [Double] {
        var out = [Double](repeating: .nan, count: shear.width * shear.height)
        slice.withUnsafeBufferPointer { shear.straighten($0, at: index, into: &out) }
        return out
    }

    @Test func `Slices that are pushed by whole pixels are moved, and the rest is their smallest intensity`() throws {
        let shear = try #require(DICOMShear(columns: 3, rows: 2, degrees: 10, pushes: [[0, 0], [1, -1], [2, 0.9999999]]))
        #expect([shear.width, shear.height] == [5, 4] && shear.start == [0, -1] && shear.offsets == [[0, 1], [1, 0], [2, 2]])
        let slice = [5.0, 6, 7, 8, 9, 4]
        #expect(straight(shear, slice, at: 0) == [4, 4, 4, 4, 4, 5, 6, 7, 4, 4, 8, 9, 4, 4, 4, 4, 4, 4, 4, 4])
        #expect(straight(shear, slice, at: 1) == [4, 5, 6, 7, 4, 4, 8, 9, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4])
        #expect(straight(shear, slice, at: 2) == [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 6, 7, 4, 4, 8, 9, 4])
        // And back: each slice gets its own pixels.
        for index in 0..<3 {
            var back: [Double] = []
            straight(shear, slice, at: index).withUnsafeBufferPointer { shear.tilted($0, at: index) { back.append($0) } }
            #expect(back == slice)
        }
    }

    @Test func `Between pixels intensities are interpolated, where both neighbors are there`() throws {
        // Half a pixel to the right: the pixel at 1 is the mean of the first two.
        let half = try #require(DICOMShear(columns: 3, rows: 1, degrees: 5, pushes: [[0, 0], [0.5, 0]]))
        #expect(half.width == 4 && half.height == 1)
        #expect(straight(half, [2, 4, 8], at: 0) == [2, 4, 8, 2] && straight(half, [2, 4, 8], at: 1) == [2, 3, 6, 2])
        // A quarter down: three quarters of a row and a quarter of the one above it.
        let quarter = try #require(DICOMShear(columns: 1, rows: 3, degrees: 5, pushes: [[0, 0], [0, 0.25]]))
        #expect(straight(quarter, [0, 4, 8], at: 1) == [0, 3, 7, 0])
    }

    @Test func `A push beyond any picture makes no slices`() {
        #expect(DICOMShear(columns: 3, rows: 2, degrees: 10, pushes: [[0, 0], [65535, 0]])?.width == 65538)
        #expect(DICOMShear(columns: 3, rows: 2, degrees: 10, pushes: [[0, 0], [65536, 0]]) == nil)
        #expect(DICOMShear(columns: 3, rows: 2, degrees: 10, pushes: [[0, 0], [0, -1e300]]) == nil)
    }

    @Test func `Every named element is shown with its name and its numbers in four digits`() {
        #expect(DICOMTag.rows.text == "Rows (0028,0010)" && DICOMTag.pixels.text == "PixelData (7fe0,0010)")
        #expect(DICOMTag(0x0009, 0x00AB).text == "(0009,00ab)" && DICOMTag(rawValue: 0xFFFE_E000) == .item && DICOMTag.pixels.group == 0x7FE0)
        #expect(Set(DICOMTag.names.values).count == DICOMTag.names.count && Set(DICOMTag.names.keys).isDisjoint(with: DICOMTag.sequences))
        // What says who the patient is, is not read from images.
        for tag in [DICOMTag.patientName, .patientID, .patientBirthDate, .referringPhysician, .operatorsName] { #expect(DICOMTag.names[tag] == nil) }
    }
}
