/// A pointer that several threads write through, each to elements of its own.
///
/// The promise that no element is touched by two threads is made where the value is made, not checked.
struct SharedPointer<Element>: @unchecked Sendable {
    let base: UnsafeMutablePointer<Element>

    init(_ base: UnsafeMutablePointer<Element>) { self.base = base }
    init(_ buffer: UnsafeMutableBufferPointer<Element>) { base = buffer.baseAddress ?? SharedPointer.nowhere }

    /// For reading only.
    init(_ base: UnsafePointer<Element>) { self.base = UnsafeMutablePointer(mutating: base) }
    init(_ buffer: UnsafeBufferPointer<Element>) {
        base = buffer.baseAddress.map { UnsafeMutablePointer(mutating: $0) } ?? SharedPointer.nowhere
    }

    @inline(__always) static func + (left: Self, right: Int) -> UnsafeMutablePointer<Element> { left.base + right }
    @inline(__always) subscript(index: Int) -> Element {
        get { base[index] }
        nonmutating set { base[index] = newValue }
    }

    /// The address an empty array stands for; nothing is ever read there.
    private static var nowhere: UnsafeMutablePointer<Element> { UnsafeMutablePointer(bitPattern: MemoryLayout<Element>.alignment)! }
}

/// Memory for a volume between two steps, freed when its last user is gone.
final class Scratch: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>

    init(_ count: Int) { base = .allocate(capacity: max(count, 1)) }
    deinit { base.deallocate() }
}
