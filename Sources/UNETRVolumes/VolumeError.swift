/// Why a volume's file cannot be read or written, or why volumes do not fit together.
public enum VolumeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no such file, or it cannot be opened.
    case cannotOpen(path: String, reason: String)
    /// The file cannot be made or filled: no room left, no permission.
    case cannotWrite(path: String, reason: String)
    /// The file's name does not end in a way that says how its contents are laid out.
    case unknownExtension(path: String, allowed: [String])
    /// A header without its image, or the other way round.
    case missingPartner(path: String, looked: [String])
    /// The first bytes are not those of the format that the name stands for.
    case notOfFormat(path: String, format: String, expected: String, found: String)
    /// A field of the header holds something that cannot be used.
    case badHeader(path: String, field: String, value: String, rule: String)
    /// Voxels that are not real numbers (color, complex), or wider than this program computes with.
    case unsupportedVoxels(path: String, type: String)
    /// Something that the format allows and this program does not read.
    case unsupported(path: String, what: String, expected: String)
    /// The header promises more voxels than the file can hold.
    case tooLarge(path: String, declaredBytes: Int, offset: Int, fileBytes: Int, compressed: Bool)
    /// The file ends too early.
    case truncated(path: String, expectedBytes: Int, gotBytes: Int)
    /// The compressed bytes are damaged.
    case damaged(path: String, reason: String)
    /// Voxels in text with a word that is not a number.
    case notANumber(path: String, text: String)
    /// A label map with something other than a whole number from −32768 to 32767.
    case notALabel(path: String, value: Double, channel: Int, index: [Int])
    /// Voxels that do not belong to the header they should be written with.
    case geometryDiffers(path: String, difference: String)
    /// A volume that the format has no room for.
    case cannotHold(path: String, format: String, what: String)
    /// The channel of that number does not lie on the grid of the first.
    case channelsDiffer(index: Int, difference: String)

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .cannotOpen(let path, let reason):
            "\(path): cannot be opened (\(reason)); check that the file is there and may be read."
        case .cannotWrite(let path, let reason):
            "\(path): cannot be written (\(reason)); make room or name another place."
        case .unknownExtension(let path, let allowed):
            "\(path): the name must end in \(allowed.joined(separator: ", ")) so that its format is known; rename the file."
        case .missingPartner(let path, let looked):
            "\(path): its other half is missing; expected one of \(looked.joined(separator: ", ")) in the same folder."
        case .notOfFormat(let path, let format, let expected, let found):
            "\(path): not a \(format) file; expected \(expected), got \(found)."
        case .badHeader(let path, let field, let value, let rule):
            "\(path): header field \(field) is \(value), but \(rule); write the file again with the program it came from."
        case .unsupportedVoxels(let path, let type):
            "\(path): its voxels are \(type); only real integers and floats of up to 64 bits can be read; convert the file first."
        case .unsupported(let path, let what, let expected):
            "\(path): \(what) cannot be read, expected \(expected); convert the file first."
        case .tooLarge(let path, let declared, let offset, let bytes, let compressed):
            "\(path): the header promises \(declared) bytes of voxels from byte \(offset) on, but a \(compressed ? "compressed file" : "file") of "
                + "\(bytes) bytes cannot hold them; the file is cut off or its header is wrong."
        case .truncated(let path, let expected, let got):
            "\(path): ends after \(got) of \(expected) bytes; copy or download it again."
        case .damaged(let path, let reason):
            "\(path): the gzip data is damaged (\(reason)); copy or download it again."
        case .notANumber(let path, let text):
            "\(path): '\(text)' stands where a voxel's number is expected; write the file again with the program it came from."
        case .notALabel(let path, let value, let channel, let index):
            "\(path): a label map must hold whole numbers from -32768 to 32767, got \(value) at voxel (i, j, k) = "
                + "(\(index.map(String.init).joined(separator: ", ")))\(channel > 0 ? ", channel \(channel)" : "")."
        case .geometryDiffers(let path, let difference):
            "\(path): the voxels do not lie where the scan's header says: \(difference); write them with the header of their own scan."
        case .cannotHold(let path, let format, let what):
            "\(path): \(format) has no room for \(what)."
        case .channelsDiffer(let index, let difference):
            "Channel file \(index + 1) does not lie on the grid of the first: \(difference); resample it to the first one's grid."
        }
    }
}
