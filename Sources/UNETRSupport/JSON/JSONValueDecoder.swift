/// A decoder over `JSONValue` whose errors say what was expected and what is there.
struct JSONValueDecoder: Decoder {
    let value: JSONValue
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy _: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = value else { throw mismatch("an object") }
        return KeyedDecodingContainer(Members<Key>(members: members, decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw mismatch("a list") }
        return Elements(elements: elements, decoder: self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }

    // MARK: Leaves

    func mismatch(_ expected: String) -> DecodingError {
        .typeMismatch(Any.self, .init(codingPath: codingPath, debugDescription: "is \(value.shown), but \(expected) is expected"))
    }

    func whole<Value: FixedWidthInteger>(_: Value.Type) throws -> Value {
        let found: Value? =
            switch value {
            case .integer(let value): Value(exactly: value)
            case .unsigned(let value): Value(exactly: value)
            case .number(let value): Value(exactly: value)
            default: nil
            }
        guard let found else {
            let isPlain = Value.self == Int.self
            throw mismatch("a whole number" + (isPlain ? "" : " from \(Value.min) to \(Value.max)"))
        }
        return found
    }

    func real() throws -> Double {
        switch value {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .number(let value) where value.isFinite: value
        default: throw mismatch("a number")
        }
    }

    func single() throws -> Float {
        let value = Float(try real())
        guard value.isFinite else { throw mismatch("a number of single precision, up to 3.4e38,") }
        return value
    }

    func text() throws -> String { if case .string(let value) = value { value } else { throw mismatch("a text in double quotes") } }
    func bool() throws -> Bool { if case .bool(let value) = value { value } else { throw mismatch("true or false") } }
    var isNull: Bool { if case .null = value { true } else { false } }
}

/// An index or a name on the way to a value.
private struct Step: CodingKey {
    var stringValue: String
    var intValue: Int?
    init(_ index: Int) { (stringValue, intValue) = ("\(index)", index) }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { self.init(intValue) }
}

private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [String: JSONValue]
    let decoder: JSONValueDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }
    var allKeys: [Key] { members.keys.compactMap { Key(stringValue: $0) } }
    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

    private func at(_ key: some CodingKey) throws -> JSONValueDecoder {
        guard let value = members[key.stringValue] else {
            throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "is missing"))
        }
        return JSONValueDecoder(value: value, codingPath: codingPath + [key])
    }

    func decodeNil(forKey key: Key) throws -> Bool { try at(key).isNull }
    func decode(_: Bool.Type, forKey key: Key) throws -> Bool { try at(key).bool() }
    func decode(_: String.Type, forKey key: Key) throws -> String { try at(key).text() }
    func decode(_: Double.Type, forKey key: Key) throws -> Double { try at(key).real() }
    func decode(_: Float.Type, forKey key: Key) throws -> Float { try at(key).single() }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try at(key).whole(type) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try at(key).whole(type) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try at(key).whole(type) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try at(key).whole(type) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try at(key).whole(type) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try at(key).whole(type) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try at(key).whole(type) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try at(key).whole(type) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try at(key).whole(type) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try at(key).whole(type) }
    func decode<Value: Decodable>(_: Value.Type, forKey key: Key) throws -> Value { try Value(from: at(key)) }
    func nestedContainer<Inner: CodingKey>(keyedBy type: Inner.Type, forKey key: Key) throws -> KeyedDecodingContainer<Inner> {
        try at(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try at(key).unkeyedContainer() }
    func superDecoder() throws -> any Decoder { try at(Step(stringValue: "super")!) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try at(key) }
}

private struct Elements: UnkeyedDecodingContainer {
    let elements: [JSONValue]
    let decoder: JSONValueDecoder
    var currentIndex = 0
    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    init(elements: [JSONValue], decoder: JSONValueDecoder) { (self.elements, self.decoder) = (elements, decoder) }

    private mutating func next<Value>(_ body: (JSONValueDecoder) throws -> Value) throws -> Value {
        let path = codingPath + [Step(currentIndex)]
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(Any.self, .init(codingPath: path, debugDescription: "is missing, the list has \(elements.count)"))
        }
        let value = try body(JSONValueDecoder(value: elements[currentIndex], codingPath: path))
        currentIndex += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        let isNull = !isAtEnd && JSONValueDecoder(value: elements[currentIndex], codingPath: []).isNull
        if isNull { currentIndex += 1 }
        return isNull
    }

    mutating func decode(_: Bool.Type) throws -> Bool { try next { try $0.bool() } }
    mutating func decode(_: String.Type) throws -> String { try next { try $0.text() } }
    mutating func decode(_: Double.Type) throws -> Double { try next { try $0.real() } }
    mutating func decode(_: Float.Type) throws -> Float { try next { try $0.single() } }
    mutating func decode(_ type: Int.Type) throws -> Int { try next { try $0.whole(type) } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next { try $0.whole(type) } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next { try $0.whole(type) } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next { try $0.whole(type) } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next { try $0.whole(type) } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next { try $0.whole(type) } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next { try $0.whole(type) } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next { try $0.whole(type) } }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next { try $0.whole(type) } }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next { try $0.whole(type) } }
    mutating func decode<Value: Decodable>(_: Value.Type) throws -> Value { try next { try Value(from: $0) } }
    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try next { try $0.container(keyedBy: type) }
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next { try $0.unkeyedContainer() } }
    mutating func superDecoder() throws -> any Decoder { try next { $0 } }
}

private struct Single: SingleValueDecodingContainer {
    let decoder: JSONValueDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool { decoder.isNull }
    func decode(_: Bool.Type) throws -> Bool { try decoder.bool() }
    func decode(_: String.Type) throws -> String { try decoder.text() }
    func decode(_: Double.Type) throws -> Double { try decoder.real() }
    func decode(_: Float.Type) throws -> Float { try decoder.single() }
    func decode(_ type: Int.Type) throws -> Int { try decoder.whole(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try decoder.whole(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try decoder.whole(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try decoder.whole(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try decoder.whole(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try decoder.whole(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.whole(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try decoder.whole(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try decoder.whole(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.whole(type) }
    func decode<Value: Decodable>(_: Value.Type) throws -> Value { try Value(from: decoder) }
}
