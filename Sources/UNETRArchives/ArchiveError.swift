/// A pickle, zip or PyTorch file that cannot be read or written: which file, where in it, and what is wrong.
public struct ArchiveError: Error, Equatable, Sendable, CustomStringConvertible {
    public var path: String
    public var problem: Problem

    public init(path: String, problem: Problem) {
        self.path = path
        self.problem = problem
    }

    public enum Problem: Error, Equatable, Sendable, CustomStringConvertible {
        /// Something wrong in a pickle whose instruction starts at this byte (of the file, or of the record inside a zip file).
        case pickle(PickleProblem, byte: Int)
        case zip(ZipProblem)
        case tooDeep(Int)
        /// More memory would be needed than the file's size warrants.
        case tooCostly
        case notPyTorch
        case tarForm
        case noPickleRecord
        case unknownByteOrder(String)
        case unknownLegacyProtocol(String)
        case badStorageList(byte: Int)
        case missingStorage(key: String)
        case shortStorage(key: String, expected: Int, got: Int)
        case unknownStorageType(key: String, type: String)
        case notAStateDictionary(String)
        case expandedTensor(shape: [Int], storageBytes: Int)
        case cannotWrite(String)

        public var description: String { sentence }
    }

    public var description: String { "\(path): \(problem.sentence)" }
}

extension ArchiveError.Problem {
    var sentence: String {
        switch self {
        case .pickle(let problem, let byte):
            "broken pickle at byte \(byte): \(problem.sentence)"
        case .zip(let problem): problem.sentence
        case .tooDeep(let limit):
            "its values are nested deeper than \(limit)"
        case .tooCostly: PickleProblem.tooMuchData.sentence
        case .notPyTorch:
            "not a PyTorch file: neither the zip form nor the older form of torch.save"
        case .tarForm:
            "a PyTorch file of the tar form, written before version 0.1.10 (2017); load and save it again with a newer PyTorch"
        case .noPickleRecord:
            "a zip file, but not one of PyTorch: it has no record NAME/data.pkl"
        case .unknownByteOrder(let text):
            "its byteorder record says “\(text)”; known are little and big"
        case .unknownLegacyProtocol(let text):
            "a PyTorch file of the older form with protocol version \(text); known is 1001"
        case .badStorageList(let byte):
            "the list of storages before byte \(byte) is not a list of keys"
        case .missingStorage(let key):
            "it names a storage “\(key)” whose bytes are not in the file"
        case .shortStorage(let key, let expected, let got):
            "the storage “\(key)” should have \(expected) bytes, but the file has \(got) for it: cut short, or it lies"
        case .unknownStorageType(let key, let type):
            "the storage “\(key)” is of the type \(type), whose size is not known"
        case .notAStateDictionary(let reason):
            "no state dictionary: \(reason)"
        case .expandedTensor(let shape, let storageBytes):
            "a tensor of shape \(shape) repeats a storage of only \(storageBytes) bytes; such tensors are not filled out"
        case .cannotWrite(let reason):
            "cannot be written: \(reason)"
        }
    }
}

/// What can be wrong with a pickle.
public enum PickleProblem: Error, Equatable, Sendable {
    case truncated(needed: Int, left: Int)
    case unknownOpcode(UInt8)
    case refusedOpcode(String)
    case unknownProtocol(Int)
    case emptyStack
    case noMark
    case missingMemo(Int)
    case badText(String)
    case negativeLength(Int)
    case longInteger(bytes: Int)
    case tooManyObjects(Int)
    case tooMuchData
    case wrongTarget(String)
    case badArguments(String, String)
    case shapeOverflow([Int])
    case tensorBeyondStorage(shape: [Int], strides: [Int], offset: Int, storageCount: Int)

    var sentence: String {
        switch self {
        case .truncated(let needed, let left): "\(needed) more bytes are needed, but \(left) are left: the file is cut short"
        case .unknownOpcode(let code): "unknown instruction \(code)"
        case .refusedOpcode(let name): "the instruction \(name) is not supported"
        case .unknownProtocol(let version): "protocol \(version) is not known; known are 0 to 5"
        case .emptyStack: "an instruction needs a value that is not there"
        case .noMark: "an instruction needs a mark that is not there"
        case .missingMemo(let index): "the value number \(index) is fetched before it was kept"
        case .badText(let text): "“\(text)” is not what should stand here"
        case .negativeLength(let length): "a length of \(length)"
        case .longInteger(let bytes): "an integer of \(bytes) bytes; up to \(PickleCursor.longestInteger) are read"
        case .tooManyObjects(let limit): "more than \(limit) objects"
        case .tooMuchData: "reading it would take far more memory than a file of its size needs; it is damaged, or made to do harm"
        case .wrongTarget(let what): "\(what) on a value that has none"
        case .badArguments(let name, let reason): "\(name) with arguments that do not fit: \(reason)"
        case .shapeOverflow(let shape): "the shape \(shape) has a negative size or more elements than can be counted"
        case .tensorBeyondStorage(let shape, let strides, let offset, let count):
            "a tensor of shape \(shape), strides \(strides) and offset \(offset) leaves its storage of \(count) elements"
        }
    }
}

/// What can be wrong with a zip file.
public enum ZipProblem: Error, Equatable, Sendable {
    case noDirectory
    case badDirectory(String)
    case badRecord(String, String)
    case wrongChecksum(String)

    var sentence: String {
        switch self {
        case .noDirectory: "a zip file without its directory at the end: cut short, or not a zip file"
        case .badDirectory(let reason): "its zip directory is broken: \(reason)"
        case .badRecord(let name, let reason): "the record “\(name)” cannot be read: \(reason)"
        case .wrongChecksum(let name): "the record “\(name)” is damaged: its bytes do not have the checksum that was written with them"
        }
    }
}
