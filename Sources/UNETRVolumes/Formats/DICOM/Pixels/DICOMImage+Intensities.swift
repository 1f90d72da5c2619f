extension DICOMImage {
    /// Makes the intensities of a frame, row by row, of its bytes in the file.
    ///
    /// - Parameters:
    ///   - index: of `frames`.
    ///   - bytes: the frame's, as the file has them.
    ///   - out: room for all pixels of the frame.
    /// - Throws: `DICOMProblem` for bytes that cannot be unpacked.
    func makeIntensities<Value: BinaryFloatingPoint>(of index: Int, _ bytes: [UInt8], into out: UnsafeMutablePointer<Value>) throws(DICOMProblem) {
        let frame = frames[index]
        var stored = try pixels.codec.unpack(bytes, pixels, frame: numbers[index])
        guard stored.count >= pixels.bytesPerFrame else {
            throw DICOMProblem.truncated(what: "the pixels of frame \(numbers[index] + 1)", expected: pixels.bytesPerFrame, found: stored.count)
        }
        if pixels.swapsBytes { for place in stride(from: 1, to: stored.count, by: 2) { stored.swapAt(place - 1, place) } }
        stored.withUnsafeBytes { pixels.makeIntensities($0, slope: frame.slope, intercept: frame.intercept, into: out) }
    }
}

extension DICOMPixels {
    /// `stored × slope + intercept` in double precision, rounded once, of the bytes of one frame, which must be there.
    func makeIntensities<Value: BinaryFloatingPoint>(_ bytes: UnsafeRawBufferPointer, slope: Double, intercept: Double, into out: UnsafeMutablePointer<Value>) {
        switch (number, bytesPerPixel) {
        case (.float32, _): values(bytes, UInt32.self, slope, intercept, out) { Double(Float(bitPattern: $0)) }
        case (.float64, _): values(bytes, UInt64.self, slope, intercept, out) { Double(bitPattern: $0) }
        case (.integer, 1): integers(bytes, UInt8.self, slope, intercept, out)
        case (.integer, 2): integers(bytes, UInt16.self, slope, intercept, out)
        case (.integer, _): integers(bytes, UInt32.self, slope, intercept, out)
        }
    }

    /// Of each number only the bits below `highBit` count, as many as are stored; their highest is the sign (PS3.5, 8.1.1).
    @inline(__always)
    private func integers<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable, Value: BinaryFloatingPoint>(
        _ bytes: UnsafeRawBufferPointer, _: Bits.Type, _ slope: Double, _ intercept: Double, _ out: UnsafeMutablePointer<Value>
    ) {
        // Within the width of the numbers, so that no shift has to look.
        let left = Bits(Bits.bitWidth - 1 - highBit), right = Bits(Bits.bitWidth - bitsStored)
        if isSigned {
            // The shift to the right of a signed number repeats the sign.
            values(bytes, Bits.self, slope, intercept, out) { bits in
                switch Bits.bitWidth {
                case 8: Double(Int8(truncatingIfNeeded: bits &<< left) &>> Int8(truncatingIfNeeded: right))
                case 16: Double(Int16(truncatingIfNeeded: bits &<< left) &>> Int16(truncatingIfNeeded: right))
                default: Double(Int32(truncatingIfNeeded: bits &<< left) &>> Int32(truncatingIfNeeded: right))
                }
            }
        } else {
            values(bytes, Bits.self, slope, intercept, out) { Double(($0 &<< left) &>> right) }
        }
    }

    @inline(__always)
    private func values<Bits: FixedWidthInteger & BitwiseCopyable, Value: BinaryFloatingPoint>(
        _ bytes: UnsafeRawBufferPointer, _: Bits.Type, _ slope: Double, _ intercept: Double, _ out: UnsafeMutablePointer<Value>, _ value: (Bits) -> Double
    ) {
        let count = pixelsPerFrame, width = Bits.bitWidth / 8
        guard let start = bytes.baseAddress else { return }
        if isBigEndian {
            for index in 0..<count { out[index] = Value(value(Bits(bigEndian: (start + index &* width).loadUnaligned(as: Bits.self))) * slope + intercept) }
        } else {
            for index in 0..<count { out[index] = Value(value(Bits(littleEndian: (start + index &* width).loadUnaligned(as: Bits.self))) * slope + intercept) }
        }
    }
}
