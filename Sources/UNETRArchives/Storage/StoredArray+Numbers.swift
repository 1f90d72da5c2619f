extension StoredArray {
    /// The elements as `Float`, rounded to the nearest where the type is wider; `bool` gives 0 and 1.
    public func floats() -> [Float] {
        if let whole: [Float] = sharedElements(.float32) { return whole }
        return switch scalarType {
        case .float64: elements { (value: Double) in Float(value) }
        case .float32: copied()
        case .float16: elements { (bits: UInt16) in NarrowFloat.widen(half: bits) }
        case .bfloat16: elements { (bits: UInt16) in NarrowFloat.widen(bfloat16: bits) }
        case .int64: elements { (value: Int64) in Float(value) }
        case .int32: elements { (value: Int32) in Float(value) }
        case .int16: elements { (value: Int16) in Float(value) }
        case .int8: elements { (value: Int8) in Float(value) }
        case .uint64: elements { (value: UInt64) in Float(value) }
        case .uint32: elements { (value: UInt32) in Float(value) }
        case .uint16: elements { (value: UInt16) in Float(value) }
        case .uint8: elements { (value: UInt8) in Float(value) }
        case .bool: elements { (value: UInt8) in value == 0 ? 0 : 1 }
        }
    }

    /// The elements as `Double`; exact but for 64-bit integers beyond 2⁵³.
    public func doubles() -> [Double] {
        if let whole: [Double] = sharedElements(.float64) { return whole }
        return switch scalarType {
        case .float64: copied()
        case .float32: elements { (value: Float) in Double(value) }
        case .float16: elements { (bits: UInt16) in Double(NarrowFloat.widen(half: bits)) }
        case .bfloat16: elements { (bits: UInt16) in Double(NarrowFloat.widen(bfloat16: bits)) }
        case .int64: elements { (value: Int64) in Double(value) }
        case .int32: elements { (value: Int32) in Double(value) }
        case .int16: elements { (value: Int16) in Double(value) }
        case .int8: elements { (value: Int8) in Double(value) }
        case .uint64: elements { (value: UInt64) in Double(value) }
        case .uint32: elements { (value: UInt32) in Double(value) }
        case .uint16: elements { (value: UInt16) in Double(value) }
        case .uint8: elements { (value: UInt8) in Double(value) }
        case .bool: elements { (value: UInt8) in value == 0 ? 0 : 1 }
        }
    }

    /// The elements as `Int`: fractions are cut off, values beyond the range become its end, NaN becomes 0.
    public func ints() -> [Int] {
        switch scalarType {
        case .float64: elements { (value: Double) in Self.integer(value) }
        case .float32: elements { (value: Float) in Self.integer(Double(value)) }
        case .float16: elements { (bits: UInt16) in Self.integer(Double(NarrowFloat.widen(half: bits))) }
        case .bfloat16: elements { (bits: UInt16) in Self.integer(Double(NarrowFloat.widen(bfloat16: bits))) }
        case .int64: elements { (value: Int64) in Int(clamping: value) }
        case .int32: elements { (value: Int32) in Int(value) }
        case .int16: elements { (value: Int16) in Int(value) }
        case .int8: elements { (value: Int8) in Int(value) }
        case .uint64: elements { (value: UInt64) in Int(clamping: value) }
        case .uint32: elements { (value: UInt32) in Int(clamping: value) }
        case .uint16: elements { (value: UInt16) in Int(value) }
        case .uint8: elements { (value: UInt8) in Int(value) }
        case .bool: elements { (value: UInt8) in value == 0 ? 0 : 1 }
        }
    }

    private static func integer(_ value: Double) -> Int {
        if value.isNaN { return 0 }
        return Int(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
    }

    /// Reads each element where it lies (bytes of a file need not be aligned) and transforms it.
    private func elements<Stored: BitwiseCopyable, Number>(_ transform: (Stored) -> Number) -> [Number] {
        withUnsafeBytes { bytes in
            let size = MemoryLayout<Stored>.size
            return [Number](unsafeUninitializedCapacity: count) { numbers, initialized in
                for index in 0..<count {
                    let stored = bytes.loadUnaligned(fromByteOffset: index * size, as: Stored.self)
                    (numbers.baseAddress! + index).initialize(to: transform(stored))
                }
                initialized = count
            }
        }
    }

    /// The elements as they are, in one copy.
    private func copied<Number: BitwiseCopyable>() -> [Number] {
        withUnsafeBytes { bytes in
            [Number](unsafeUninitializedCapacity: count) { numbers, initialized in
                UnsafeMutableRawBufferPointer(numbers).copyMemory(from: bytes)
                initialized = count
            }
        }
    }

    /// The Swift array this value was made from, if it was: then nothing need be copied.
    private func sharedElements<Number: BitwiseCopyable & Sendable>(_ type: ScalarType) -> [Number]? {
        guard scalarType == type, let owner = bytes.owner as? ArrayOwner<Number>, owner.elements.count == count else { return nil }
        return owner.elements
    }
}

/// The two 16-bit floating-point forms, by their bits: Swift's own `Float16` does not exist on Intel Macs.
enum NarrowFloat {
    /// IEEE 754 binary16 to binary32, exactly.
    static func widen(half bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        // As a binary32 pattern the shifted magnitude is too small by 2^112, subnormal numbers included.
        let magnitude = Float(bitPattern: UInt32(bits & 0x7FFF) << 13) * 0x1p112
        let notFinite: UInt32 = bits & 0x7C00 == 0x7C00 ? 0x7F80_0000 : 0
        return Float(bitPattern: magnitude.bitPattern | notFinite | sign)
    }

    /// bfloat16 is the upper half of binary32.
    static func widen(bfloat16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}
