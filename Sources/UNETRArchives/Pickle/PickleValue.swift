/// A value read from a Python pickle, without Python and without running anything.
///
/// What the reader does not know (an instance of some class, the result of some function) is an `object`: its name and the parts
/// that were stored with it, never called.
public enum PickleValue: Sendable {
    /// Python's `None`.
    case none
    /// A truth value.
    case bool(Bool)
    /// An integer of up to 64 bits.
    case int(Int)
    /// An integer beyond `Int`, in decimal digits.
    case bigInt(String)
    /// A floating-point number.
    case double(Double)
    /// A Python `str`, or a Python 2 `str` that is valid UTF-8.
    case string(String)
    /// Bytes, not copied from the file.
    indirect case bytes(StoredBytes)
    /// A tuple.
    case tuple([PickleValue])
    /// A list.
    case list([PickleValue])
    /// A set, in the order of the file.
    case set([PickleValue])
    /// A dictionary, in the order of the file.
    case dictionary(PickleDictionary)
    /// A tensor or NumPy array.
    indirect case tensor(StoredTensor)
    /// A NumPy array, in C order whatever its order was.
    indirect case array(StoredArray)
    /// A NumPy scalar: an array of shape [].
    indirect case scalar(StoredArray)
    /// An object of any other class, as data.
    indirect case object(PickleObject)
}

/// A Python object that is named and kept, not built: a class or function, an instance, or a call that was not made.
public struct PickleObject: Sendable {
    /// The Python module and name of the class or function.
    public var module: String
    /// The class, with its module: `collections.OrderedDict`.
    public var name: String
    /// What the class or function was to be called with; nil for the class or function itself.
    public var arguments: [PickleValue]?
    /// What was to become the object's attributes.
    public var state: PickleValue?
    /// What was to be appended to the object.
    public var elements: [PickleValue]
    /// What was to be set on the object by key.
    public var entries: PickleDictionary
}

/// A Python dictionary: its pairs in order, found by text or integer keys.
public struct PickleDictionary: Sendable {
    /// The pairs in the order of the file; of two equal text or integer keys the later value stands at the earlier place.
    public private(set) var pairs: [(key: PickleValue, value: PickleValue)] = []
    /// Attributes that were set on the dictionary object, such as a state dictionary's `_metadata`.
    public var attributes: [(name: String, value: PickleValue)] = []
    private var places: [Key: Int] = [:]

    private enum Key: Hashable {
        case text(String)
        case integer(Int)
    }

    /// An empty dictionary.
    public init() {}

    /// A dictionary of these pairs, in their order.
    public init(_ pairs: [(key: PickleValue, value: PickleValue)]) {
        for (key, value) in pairs { set(key, value) }
    }

    /// The value of a text key.
    public subscript(key: String) -> PickleValue? { places[.text(key)].map { pairs[$0].value } }

    /// The value of an integer key.
    public subscript(key: Int) -> PickleValue? { places[.integer(key)].map { pairs[$0].value } }

    mutating func set(_ key: PickleValue, _ value: PickleValue) {
        let place: Key? = if let text = key.stringValue { .text(text) } else { key.intValue.map { .integer($0) } }
        if let place {
            if let known = places[place] {
                pairs[known].value = value
                return
            }
            places[place] = pairs.count
        }
        pairs.append((key, value))
    }
}

extension PickleValue {
    /// The value under a text key of a dictionary.
    public subscript(key: String) -> PickleValue? { dictionary?[key] }

    /// The value under an integer key of a dictionary, or the element of that index of a list or tuple.
    public subscript(index: Int) -> PickleValue? {
        if let dictionary { return dictionary[index] }
        guard let elements, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The dictionary, if it is one.
    public var dictionary: PickleDictionary? {
        if case .dictionary(let dictionary) = self { dictionary } else { nil }
    }

    /// The elements of a list, tuple or set.
    public var elements: [PickleValue]? {
        switch self {
        case .list(let elements), .tuple(let elements), .set(let elements): elements
        default: nil
        }
    }

    /// The text, if it is text.
    public var stringValue: String? {
        if case .string(let string) = self { string } else { nil }
    }

    /// The truth value, if it is one.
    public var boolValue: Bool? {
        switch self {
        case .bool(let bool): bool
        case .scalar(let scalar) where scalar.scalarType == .bool: scalar.ints()[0] != 0
        default: nil
        }
    }

    /// An integer, or a NumPy integer scalar.
    public var intValue: Int? {
        switch self {
        case .int(let int): int
        case .scalar(let scalar) where !scalar.scalarType.isFloatingPoint && scalar.scalarType != .bool: scalar.ints()[0]
        default: nil
        }
    }

    /// A number, or a NumPy scalar.
    public var doubleValue: Double? {
        switch self {
        case .double(let double): double
        case .int(let int): Double(int)
        case .scalar(let scalar): scalar.doubles()[0]
        default: nil
        }
    }

    /// A NumPy array or scalar.
    public var array: StoredArray? {
        switch self {
        case .array(let array), .scalar(let array): array
        default: nil
        }
    }

    /// The tensor, if it is one.
    public var tensor: StoredTensor? {
        if case .tensor(let tensor) = self { tensor } else { nil }
    }

    /// The object, if it is one.
    public var object: PickleObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// The numbers of a list or tuple of numbers, or of a NumPy array in C order.
    public var doubles: [Double]? {
        if let array { return array.doubles() }
        guard let elements else { return nil }
        let numbers = elements.compactMap(\.doubleValue)
        return numbers.count == elements.count ? numbers : nil
    }

    /// The integers of a list or tuple of integers, or of a NumPy array of integers in C order.
    public var ints: [Int]? {
        if let array { return array.scalarType.isFloatingPoint ? nil : array.ints() }
        guard let elements else { return nil }
        let numbers = elements.compactMap(\.intValue)
        return numbers.count == elements.count ? numbers : nil
    }

    /// Whether it is Python's `None`.
    public var isNone: Bool {
        if case .none = self { true } else { false }
    }
}
