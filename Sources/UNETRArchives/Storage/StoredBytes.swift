public import UNETRSupport

/// Something that keeps a block of bytes alive and unchanged for as long as it lives.
public protocol ByteOwner: AnyObject, Sendable {
    /// Calls `body` with the whole block. The pointer is valid only during the call.
    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}

/// A run of bytes inside a block that something else owns: a slice of a mapped file, of an array, of a tensor's memory.
///
/// Copying the value or slicing it never copies the bytes.
public struct StoredBytes: ByteRun {
    let owner: any ByteOwner
    let range: Range<Int>

    /// The bytes `range` of `owner`'s block; the range must lie within it.
    public init(owner: any ByteOwner, range: Range<Int>) {
        let size = owner.withUnsafeBytes { $0.count }
        precondition(range.lowerBound >= 0 && range.upperBound <= size, "the range leaves its owner's block")
        self.owner = owner
        self.range = range
    }

    /// The memory of an array, without copying it.
    public init<Element: BitwiseCopyable & Sendable>(_ elements: [Element]) {
        owner = ArrayOwner(elements)
        range = 0..<elements.count * MemoryLayout<Element>.stride
    }

    /// A new block of `count` bytes that `fill` writes.
    public init(count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        let block = HeapBlock(count: count)
        try fill(block.memory)
        owner = block
        range = 0..<count
    }

    /// Number of bytes.
    public var count: Int { range.count }

    /// Calls `body` with the bytes. The pointer is valid only during the call, and not aligned in general.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try owner.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// The bytes `part`, counted from the start of this run, which must hold them.
    public subscript(part: Range<Int>) -> StoredBytes {
        precondition(part.lowerBound >= 0 && part.upperBound <= count, "the slice leaves the bytes")
        return StoredBytes(owner: owner, unchecked: range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
    }

    /// A copy as an array.
    public var array: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    private init(owner: any ByteOwner, unchecked range: Range<Int>) {
        self.owner = owner
        self.range = range
    }
}

/// An array that lends its memory.
final class ArrayOwner<Element: BitwiseCopyable & Sendable>: ByteOwner {
    let elements: [Element]

    init(_ elements: [Element]) { self.elements = elements }

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try elements.withUnsafeBytes(body)
    }
}

/// Memory of its own, written once before it is shared.
private final class HeapBlock: ByteOwner, @unchecked Sendable {
    let memory: UnsafeMutableRawBufferPointer

    init(count: Int) { memory = .allocate(byteCount: count, alignment: 64) }

    deinit { memory.deallocate() }

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(memory))
    }
}

extension String {
    /// The text of UTF-8 bytes; nil when they are not that. (The standard library's own needs macOS 15.)
    init?(exactUTF8 bytes: [UInt8]) {
        self.init(decoding: bytes, as: UTF8.self)
        if !utf8.elementsEqual(bytes) { return nil }  // something was not UTF-8 and has been replaced
    }
}
