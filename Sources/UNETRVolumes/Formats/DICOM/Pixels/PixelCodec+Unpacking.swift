import CImageCodecs

extension PixelCodec {
    /// The pixels of a frame as they would lie in an uncompressed little-endian file.
    ///
    /// - Throws: `DICOMProblem` for bytes that are no picture of that size.
    func unpack(_ bytes: [UInt8], _ pixels: DICOMPixels, frame: Int) throws(DICOMProblem) -> [UInt8] {
        do throws(PixelCodecFailure) {
            guard self == .none || pixels.number == .integer else { throw PixelCodecFailure.damaged("it holds floating-point numbers") }
            switch self {
            case .none: return bytes
            case .runLength: return try RunLength.decode(bytes, pixels: pixels.pixelsPerFrame, bytesPerPixel: pixels.bytesPerPixel)
            case .losslessJPEG:
                let samples = try LosslessJPEG.decode(bytes, rows: pixels.rows, columns: pixels.columns)
                return try Self.pack(samples, into: pixels)
            case .jpeg2000, .highThroughputJPEG2000: return try openJPEG(bytes, pixels)
            case .jpegLS: return try charLS(bytes, pixels)
            case .jpeg: return try turboJPEG(bytes, pixels)
            }
        } catch {
            switch error {
            case .damaged(let reason): throw .damagedPixels(frame: frame, codec: name, reason: reason)
            case .absent(let library, let package): throw .missingLibrary(codec: name, library: library, package: package)
            }
        }
    }

    /// - Throws: `DICOMProblem.missingLibrary` where this needs a library that is not installed.
    func checkLibrary() throws(DICOMProblem) {
        let (status, library, package): (Int32, String, String) =
            switch self {
            case .none, .runLength, .losslessJPEG: (Int32(CIC_OK), "", "")
            case .jpeg: (cic_turbojpeg_open(), "libjpeg-turbo", "libturbojpeg0")
            case .jpegLS: (cic_charls_open(), "CharLS", "libcharls2")
            case .jpeg2000, .highThroughputJPEG2000: (cic_openjpeg_open(), "OpenJPEG", "libopenjp2-7")
            }
        guard status == Int32(CIC_OK) else { throw .missingLibrary(codec: name, library: library, package: package) }
        if self == .highThroughputJPEG2000, !Self.isFrom2Point5(String(cString: cic_openjpeg_version())) {
            throw .missingLibrary(codec: name, library: "OpenJPEG 2.5 or newer", package: package)
        }
    }

    /// Whether a version of OpenJPEG is 2.5 or newer, which can unpack HTJ2K.
    static func isFrom2Point5(_ version: String) -> Bool {
        let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
        return numbers.count >= 2 && (numbers[0], numbers[1]) >= (2, 5)
    }

    /// Samples in as many bytes as the file's pixels have.
    private static func pack<Sample: FixedWidthInteger>(_ samples: [Sample], into pixels: DICOMPixels) throws(PixelCodecFailure) -> [UInt8] {
        let width = pixels.bytesPerPixel
        let range = -(Int64(1) << (8 * width - 1))..<Int64(1) << (8 * width)
        var bytes = [UInt8](repeating: 0, count: samples.count * width)
        for (index, sample) in samples.enumerated() {
            let value = Int64(sample)
            guard range.contains(value) else { throw .damaged("its samples are wider than \(8 * width) bits") }
            for byte in 0..<width { bytes[index * width + byte] = UInt8(truncatingIfNeeded: value >> Int64(8 * byte)) }
        }
        return bytes
    }

    // MARK: Libraries

    private static func check(_ status: Int32) throws(PixelCodecFailure) {
        if status != Int32(CIC_OK) { throw .damaged(String(cString: cic_message())) }
    }

    private func openJPEG(_ bytes: [UInt8], _ pixels: DICOMPixels) throws(PixelCodecFailure) -> [UInt8] {
        var samples = [Int32](repeating: 0, count: pixels.pixelsPerFrame)
        try Self.check(cic_openjpeg_decode(bytes, bytes.count, UInt32(pixels.columns), UInt32(pixels.rows), &samples))
        return try Self.pack(samples, into: pixels)
    }

    private func charLS(_ bytes: [UInt8], _ pixels: DICOMPixels) throws(PixelCodecFailure) -> [UInt8] {
        var bits: Int32 = 0
        var samples = [UInt16](repeating: 0, count: pixels.pixelsPerFrame)
        let status = samples.withUnsafeMutableBytes { room in
            cic_charls_decode(
                bytes, bytes.count, UInt32(pixels.columns), UInt32(pixels.rows), room.bindMemory(to: UInt8.self).baseAddress, room.count, &bits)
        }
        try Self.check(status)
        guard bits <= 8 else { return try Self.pack(samples, into: pixels) }
        let narrow = samples.withUnsafeBytes { Array($0.prefix(pixels.pixelsPerFrame)) }
        return try Self.pack(narrow, into: pixels)
    }

    private func turboJPEG(_ bytes: [UInt8], _ pixels: DICOMPixels) throws(PixelCodecFailure) -> [UInt8] {
        if pixels.bitsAllocated == 8 {
            var samples = [UInt8](repeating: 0, count: pixels.pixelsPerFrame)
            try Self.check(cic_turbojpeg_decode_8(bytes, bytes.count, UInt32(pixels.columns), UInt32(pixels.rows), &samples))
            return samples
        }
        guard cic_turbojpeg_has_12_bits() != 0 else { throw .absent(library: "libjpeg-turbo 3 or newer (for 12 bits)", package: "libturbojpeg0") }
        var samples = [Int16](repeating: 0, count: pixels.pixelsPerFrame)
        try Self.check(cic_turbojpeg_decode_12(bytes, bytes.count, UInt32(pixels.columns), UInt32(pixels.rows), &samples))
        return try Self.pack(samples, into: pixels)
    }
}
