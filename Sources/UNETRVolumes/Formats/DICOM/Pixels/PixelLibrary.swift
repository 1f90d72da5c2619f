import CImageCodecs

/// A library that unpacks compressed pixels of DICOM files, as this machine has it.
public struct PixelLibrary: Equatable, Encodable, Sendable {
    /// What it is called.
    public let name: String
    /// The kinds of pixels it is for.
    public let pixels: [String]
    /// Its version, where it says one.
    public let version: String?
    /// Its file; nil: there is none that can be used, and such pixels cannot be read.
    public let path: String?

    private init(_ name: String, _ pixels: [String], status: Int32, version: UnsafePointer<CChar>?, path: UnsafePointer<CChar>?) {
        (self.name, self.pixels) = (name, pixels)
        self.version = status == CIC_OK ? version.map { String(cString: $0) } : nil
        self.path = status == CIC_OK ? path.map { String(cString: $0) } : nil
    }

    /// Those that are known, of which this machine may have some.
    public static var all: [PixelLibrary] {
        let (openjpeg, charls, turbojpeg) = (cic_openjpeg_open(), cic_charls_open(), cic_turbojpeg_open())
        let hasBlocks = openjpeg != CIC_OK || PixelCodec.isFrom2Point5(String(cString: cic_openjpeg_version()))
        let has12Bits = turbojpeg != CIC_OK || cic_turbojpeg_has_12_bits() != 0
        return [
            PixelLibrary(
                "OpenJPEG", ["JPEG 2000"] + (hasBlocks ? ["HTJ2K"] : []), status: openjpeg,
                version: openjpeg == CIC_OK ? cic_openjpeg_version() : nil, path: cic_openjpeg_path()),
            PixelLibrary("CharLS", ["JPEG-LS"], status: charls, version: cic_charls_version(), path: cic_charls_path()),
            PixelLibrary(
                "libjpeg-turbo", ["JPEG of 8 bits"] + (has12Bits ? ["JPEG of 12 bits"] : []), status: turbojpeg, version: nil, path: cic_turbojpeg_path()),
        ]
    }
}
