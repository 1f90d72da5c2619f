extension DICOMImage {
    /// The intensities of a frame, row by row, of its bytes in the file.
    ///
    /// - Parameter index: of `frames`.
    /// - Throws: `DICOMProblem` for bytes that cannot be unpacked.
    func intensities(of index: Int, _ bytes: [UInt8]) throws -> [Double] {
        let frame = frames[index]
        var stored = try pixels.codec.unpack(bytes, pixels, frame: numbers[index])
        guard stored.count >= pixels.bytesPerFrame else {
            throw DICOMProblem.truncated(what: "the pixels of frame \(numbers[index] + 1)", expected: pixels.bytesPerFrame, found: stored.count)
        }
        if pixels.swapsBytes { for place in stride(from: 1, to: stored.count, by: 2) { stored.swapAt(place - 1, place) } }
        return stored.withUnsafeBytes { pixels.intensities($0, slope: frame.slope, intercept: frame.intercept) }
    }
}

extension DICOMPixels {
    /// `stored × slope + intercept` in double precision, of the bytes of one frame, which must be there.
    func intensities(_ bytes: UnsafeRawBufferPointer, slope: Double, intercept: Double) -> [Double] {
        switch (number, bytesPerPixel) {
        case (.float32, _): values(bytes, UInt32.self, slope, intercept) { Double(Float(bitPattern: $0)) }
        case (.float64, _): values(bytes, UInt64.self, slope, intercept) { Double(bitPattern: $0) }
        case (.integer, 1): integers(bytes, UInt8.self, slope, intercept)
        case (.integer, 2): integers(bytes, UInt16.self, slope, intercept)
        case (.integer, _): integers(bytes, UInt32.self, slope, intercept)
        }
    }

    /// Of each number only the bits below `highBit` count, as many as are stored; their highest is the sign (PS3.5, 8.1.1).
    private func integers<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _: Bits.Type, _ slope: Double, _ intercept: Double
    ) -> [Double] {
        let left = Bits.bitWidth - 1 - highBit, right = Bits.bitWidth - bitsStored
        if isSigned {
            // The shift to the right of a signed number repeats the sign.
            return values(bytes, Bits.self, slope, intercept) { bits in
                switch Bits.bitWidth {
                case 8: Double(Int8(truncatingIfNeeded: bits << left) >> right)
                case 16: Double(Int16(truncatingIfNeeded: bits << left) >> right)
                default: Double(Int32(truncatingIfNeeded: bits << left) >> right)
                }
            }
        }
        return values(bytes, Bits.self, slope, intercept) { Double(($0 << left) >> right) }
    }

    @inline(__always)
    private func values<Bits: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _: Bits.Type, _ slope: Double, _ intercept: Double, _ value: (Bits) -> Double
    ) -> [Double] {
        let count = pixelsPerFrame, width = Bits.bitWidth / 8, isBig = isBigEndian
        return [Double](unsafeUninitializedCapacity: count) { out, initialized in
            for index in 0..<count {
                let bits = bytes.loadUnaligned(fromByteOffset: index * width, as: Bits.self)
                out[index] = value(isBig ? Bits(bigEndian: bits) : Bits(littleEndian: bits)) * slope + intercept
            }
            initialized = count
        }
    }
}
