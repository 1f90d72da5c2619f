/// A pickle, zip or PyTorch file that cannot be read or written: which file, where in it, and what is wrong.
public struct ArchiveError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file.
    public var path: String
    /// What is wrong with it.
    public var problem: Problem

    /// An error about the file at `path`.
    public init(path: String, problem: Problem) {
        self.path = path
        self.problem = problem
    }

    /// What can be wrong with a zip archive or a PyTorch file.
    public enum Problem: Error, Equatable, Sendable, CustomStringConvertible {
        /// Something wrong in a pickle whose instruction starts at this byte (of the file, or of the record inside a zip file).
        case pickle(PickleProblem, byte: Int)
        /// The zip container itself is damaged.
        case zip(ZipProblem)
        /// Objects are nested deeper than the limit given here.
        case tooDeep(Int)
        /// More memory would be needed than the file's size warrants.
        case tooCostly
        /// The file is neither a zip archive nor a pickle of PyTorch.
        case notPyTorch
        /// A file of PyTorch before 0.1.10, which was a tar archive.
        case tarForm
        /// The archive has no record `data.pkl`.
        case noPickleRecord
        /// The record `byteorder` names neither `little` nor `big`.
        case unknownByteOrder(String)
        /// A file of the older form with another protocol version.
        case unknownLegacyProtocol(String)
        /// The list of storages of the older form is broken at this byte.
        case badStorageList(byte: Int)
        /// A tensor refers to a storage that the file does not contain.
        case missingStorage(key: String)
        /// A storage has fewer bytes than its tensor needs.
        case shortStorage(key: String, expected: Int, got: Int)
        /// A storage has an element type that is not supported.
        case unknownStorageType(key: String, type: String)
        /// The value found is no dictionary of tensors.
        case notAStateDictionary(String)
        /// A tensor repeats its storage so often that it would be much larger than the file.
        case expandedTensor(shape: [Int], storageBytes: Int)
        /// The value has no form in this kind of file.
        case cannotWrite(String)

        /// One sentence: what is wrong, where, and what to do.
        public var description: String { sentence }
    }

    /// One sentence: what is wrong, where, and what to do.
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
    /// The pickle ends in the middle of an operation.
    case truncated(needed: Int, left: Int)
    /// A byte that is no operation of any pickle protocol.
    case unknownOpcode(UInt8)
    /// An operation that data files have no use for, by its name.
    case refusedOpcode(String)
    /// A protocol version after 5.
    case unknownProtocol(Int)
    /// An operation needs a value, and the stack is empty.
    case emptyStack
    /// An operation needs a mark that was never set.
    case noMark
    /// A reference to a memo entry that was never stored.
    case missingMemo(Int)
    /// Text that is not valid in its encoding.
    case badText(String)
    /// A length below zero.
    case negativeLength(Int)
    /// An integer of more than 64 bits.
    case longInteger(bytes: Int)
    /// More objects than the file's budget allows.
    case tooManyObjects(Int)
    /// More bytes than the file's budget allows.
    case tooMuchData
    /// An operation on a value of the wrong type, such as appending to a number.
    case wrongTarget(String)
    /// Arguments that a known constructor cannot take: its name and what is wrong.
    case badArguments(String, String)
    /// A shape whose element count exceeds 64 bits.
    case shapeOverflow([Int])
    /// A tensor that reaches beyond the end of its storage; all figures in elements.
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
    /// There is no central directory at the end of the file.
    case noDirectory
    /// The central directory contradicts itself or the file.
    case badDirectory(String)
    /// A record is damaged: its name and what is wrong.
    case badRecord(String, String)
    /// The contents of this record do not match its CRC-32.
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
