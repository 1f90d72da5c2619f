import Foundation
import UNETRSupport

/// A DICOM object as a file (PS3.10, 7).
enum DICOMObjectFile {
    /// Identifies this program as the writer; made once at random.
    static let implementation = "2.25.44218009993124117167381363829571674828"

    /// Writes a data set with the header that a file has, atomically.
    ///
    /// It is explicit and little-endian; where a value is too long for that, as contours can be, it is implicit and little-endian, which
    /// every reader of DICOM knows, too.
    /// - Parameters:
    ///   - pixels: the bytes of the pixels, which come last, already of even length; nil: there are none.
    /// - Throws: `FileError`.
    static func write(_ elements: DICOMElements, class sopClass: String, instance: String, pixels: [UInt8]? = nil, to url: URL) throws {
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
                withUnsafeBytes(of: UInt32(clamping: pixels.count).littleEndian) { start.replaceSubrange(start.count - 4..<start.count, with: $0) }
                try file.write(start)
                try file.write(pixels)
            }
            try file.flush()
        }
    }

    /// The bytes that the pixels of an object can have: a length has 32 bits, of which the largest value means something else.
    static let mostPixelBytes = Int(UInt32.max) - 1
}
