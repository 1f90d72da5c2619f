import Foundation
import UNETRSupport

/// A DICOM object as a file (PS3.10, 7).
enum DICOMObjectFile {
    /// Identifies this program as the writer; made once at random.
    static let implementation = "2.25.44218009993124117167381363829571674828"

    /// The pixels of an object, which come last.
    struct Pixels {
        /// How many bytes they are.
        var count: Int
        /// Hands them over, part by part.
        var write: ((_ part: [UInt8]) throws -> Void) throws -> Void

        init(count: Int, _ write: @escaping ((_ part: [UInt8]) throws -> Void) throws -> Void) {
            self.count = count
            self.write = write
        }

        /// Pixels that are there already.
        init(_ bytes: [UInt8]) { self.init(count: bytes.count) { try $0(bytes) } }
    }

    /// Writes a data set with the header that a file has, atomically.
    ///
    /// It is explicit and little-endian; where a value is too long for that, as contours can be, it is implicit and little-endian, which
    /// every reader of DICOM knows, too.
    /// - Parameters:
    ///   - pixels: nil: there are none.
    /// - Throws: `FileError`, and what handing over the pixels throws.
    static func write(_ elements: DICOMElements, class sopClass: String, instance: String, pixels: Pixels? = nil, to url: URL) throws {
        let isImplicit = elements.needsLongLengths
        var meta = DICOMElements()
        meta.set(.metaVersion, bytes: [0, 1])
        meta.set(.mediaClass, sopClass)
        meta.set(.mediaInstance, instance)
        meta.set(.transferSyntax, isImplicit ? "1.2.840.10008.1.2" : "1.2.840.10008.1.2.1")
        meta.set(.implementationClass, implementation)
        meta.set(.implementationVersion, "UNETRPP")
        let metaBytes = meta.encoded()
        var length = DICOMElements()
        length.set(.metaLength, metaBytes.count)
        let head = [UInt8](repeating: 0, count: 128) + Array("DICM".utf8) + length.encoded() + metaBytes
        let body = elements.encoded(isImplicit ? .implicit : .explicit)
        try AtomicFile.write(to: url) { temporary in
            let file = try OutputFile(temporary)
            try file.write(head)
            try file.write(body)
            if let pixels {
                var element = DICOMElements()
                element.set(.pixels, bytes: [])
                var start = element.encoded(isImplicit ? .implicit : .explicit)
                let length = UInt32(clamping: pixels.count + pixels.count % 2)
                withUnsafeBytes(of: length.littleEndian) { start.replaceSubrange(start.count - 4..<start.count, with: $0) }
                try file.write(start)
                try pixels.write { try file.write($0) }
                if !pixels.count.isMultiple(of: 2) { try file.write([0]) }
            }
            try file.flush()
        }
    }

    /// The bytes that the pixels of an object can have: a length has 32 bits, of which the largest value means something else.
    static let mostPixelBytes = Int(UInt32.max) - 1
}
