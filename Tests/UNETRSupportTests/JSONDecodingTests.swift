import Foundation
import Testing

@testable import UNETRSupport

/// The walk that finds what is wrong takes what Foundation's decoder takes, with the same values, and says what it does not take.
struct JSONDecodingTests {
    private struct Numbers: Decodable, Equatable {
        var a: Int8, b: Int16, c: Int32, d: Int64, e: UInt, f: UInt8, g: UInt16, h: UInt32, i: UInt64, j: Float, k: Double, l: Int
    }

    private func walk<Value: Decodable>(_ text: String, _: Value.Type = Value.self) throws -> Value {
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        do { return try Value(from: JSONValueDecoder(value: value, codingPath: [])) } catch let error as DecodingError {
            throw JSONProblem(sentence: error.sentence)
        }
    }

    private func sentence<Value: Decodable>(_ text: String, _ type: Value.Type) -> String? {
        #expect(throws: JSONProblem.self) { try walk(text, type) }?.sentence
    }

    private static let smallest =
        #"{"a":-128,"b":-32768,"c":-2147483648,"d":-9223372036854775808,"e":0,"f":0,"g":0,"h":0,"i":0,"j":-1.5,"k":-1e300,"l":-9223372036854775808}"#
    private static let largest =
        #"{"a":127,"b":32767,"c":2147483647,"d":9223372036854775807,"e":18446744073709551615,"f":255,"g":65535,"h":4294967295,"i":18446744073709551615,"j":3e38,"k":5e-324,"l":9223372036854775807}"#

    @Test func `Members hold every kind of number to its ends`() throws {
        for text in [Self.smallest, Self.largest] {
            #expect(try walk(text, Numbers.self) == JSONDecoder().decode(Numbers.self, from: Data(text.utf8)))
        }
        let numbers = try walk(Self.largest, Numbers.self)
        #expect(numbers.a == .max && numbers.c == .max && numbers.e == .max && numbers.h == .max && numbers.j == 3e38 && numbers.k == 0x1p-1074)
    }

    @Test(arguments: [
        ("a", "128", "a whole number from -128 to 127"), ("a", "-129", "a whole number from -128 to 127"),
        ("b", "32768", "a whole number from -32768 to 32767"), ("c", "-2147483649", "a whole number from -2147483648 to 2147483647"),
        ("d", "9223372036854775808", "a whole number from -9223372036854775808 to 9223372036854775807"),
        ("e", "-1", "a whole number from 0 to 18446744073709551615"), ("f", "256", "a whole number from 0 to 255"),
        ("g", "65536", "a whole number from 0 to 65535"), ("h", "4294967296", "a whole number from 0 to 4294967295"),
        ("i", "-1", "a whole number from 0 to 18446744073709551615"), ("l", "9223372036854775808", "a whole number"),
        ("j", "\"1\"", "a number"), ("k", "null", "a number"), ("k", "[]", "a number"),
    ])
    func `One beyond the end of a member's type is told with the ends`(_ field: String, _ value: String, _ expected: String) throws {
        var members = try #require(try JSONDecoder().decode(JSONValue.self, from: Data(Self.largest.utf8)).object)
        members[field] = try JSONDecoder().decode(JSONValue.self, from: Data(value.utf8))
        let text = String(decoding: try JSONEncoder().encode(JSONValue.object(members)), as: UTF8.self)
        let shown = value == "[]" ? "a list of 0" : value
        #expect(sentence(text, Numbers.self) == "\(field) is \(shown), but \(expected) is expected")
    }

    @Test func `A number beyond single precision is told as one`() throws {
        struct Ranges: Decodable { var ranges: [String: ClosedRange<Float>] }
        #expect(try walk(#"{"ranges":{"x":[-1.5,2]}}"#, Ranges.self).ranges == ["x": -1.5...2])
        #expect(
            sentence(#"{"ranges":{"x":[-1,1e39]}}"#, Ranges.self) == "ranges.x[1] is 1e+39, but a number of single precision, up to 3.4e38, is expected")
        #expect(sentence(#"{"ranges":{"x":[1]}}"#, Ranges.self) == "ranges.x[1] is missing, the list has 1")
        #expect(sentence("-1e39", Float.self) == "the file is -1e+39, but a number of single precision, up to 3.4e38, is expected")
    }

    @Test func `Elements of lists are of every kind, and the place of a wrong one is told`() throws {
        #expect(try walk("[true,false]", [Bool].self) == [true, false])
        #expect(try walk(#"["","ü"]"#, [String].self) == ["", "ü"])
        #expect(try walk("[1,2.0]", [Int].self) == [1, 2])
        #expect(
            try walk("[-128,127]", [Int8].self) == [-128, 127] && walk("[-32768]", [Int16].self) == [.min] && walk("[-2147483648]", [Int32].self) == [.min])
        #expect(try walk("[9223372036854775807]", [Int64].self) == [.max] && walk("[18446744073709551615]", [UInt].self) == [.max])
        #expect(try walk("[255]", [UInt8].self) == [255] && walk("[65535]", [UInt16].self) == [65535] && walk("[4294967295]", [UInt32].self) == [.max])
        #expect(try walk("[18446744073709551615,0]", [UInt64].self) == [.max, 0])
        #expect(try walk("[1,-0.5]", [Double].self) == [1, -0.5] && walk("[0.1]", [Float].self) == [0.1])
        #expect(try walk("[1,null,3]", [Int?].self) == [1, nil, 3])
        #expect(try walk("[[1],[],[2,3]]", [[Int]].self) == [[1], [], [2, 3]])
        for (text, problem) in [("[1,true]", "[1] is true"), ("[0,1,256]", "[2] is 256"), ("[-1]", "[0] is -1")] {
            #expect(sentence(text, [UInt8].self)?.hasSuffix("\(problem), but a whole number from 0 to 255 is expected") == true)
        }
        #expect(sentence("[[1],[true]]", [[Double]].self)?.hasSuffix("[1][0] is true, but a number is expected") == true)
    }

    /// A list of parts of several kinds, each taken with a call of its own.
    private struct Mixture: Decodable, Equatable {
        var whole: Int, word: String, inner: [Int], member: Double, isEmpty: Bool, rest: Int?

        enum Keys: String, CodingKey { case member, list, deep, inner }

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            isEmpty = try list.decodeNil()
            whole = try list.decode(Int.self)
            word = try list.decode(String.self)
            var nested = try list.nestedUnkeyedContainer()
            inner = []
            while !nested.isAtEnd { inner.append(try nested.decode(Int.self)) }
            let object = try list.nestedContainer(keyedBy: Keys.self)
            member = try object.nestedContainer(keyedBy: Keys.self, forKey: .deep).decode(Double.self, forKey: .member)
            var last = try object.nestedUnkeyedContainer(forKey: .list)
            #expect(last.currentIndex == 0 && nested.count == inner.count)
            _ = try last.decode(Bool.self)
            rest = try last.decodeNil() ? nil : last.decode(Int.self)
            #expect(last.isAtEnd && object.allKeys.map(\.rawValue).sorted() == ["deep", "list"] && !object.contains(.inner))
        }
    }

    @Test func `Containers within containers are walked as Foundation does`() throws {
        for text in [#"[null,3,"x",[1,2],{"deep":{"member":0.25},"list":[true,null]}]"#, #"[4,"",[],{"deep":{"member":-1},"list":[false,5]}]"#] {
            let found = try walk(text, Mixture.self)
            #expect(try found == JSONDecoder().decode(Mixture.self, from: Data(text.utf8)))
            #expect(found.rest == (found.isEmpty ? nil : 5))
        }
        #expect(sentence(#"[1,"x",[true],{}]"#, Mixture.self)?.hasSuffix("[2][0] is true, but a whole number is expected") == true)
        #expect(sentence(#"[1,"x",[],{"list":[]}]"#, Mixture.self)?.hasSuffix("[3] the field deep is missing") == true)
        #expect(sentence(#"[1,"x",[],{"deep":{"member":1},"list":[true]}]"#, Mixture.self)?.hasSuffix("list[1] is missing, the list has 1") == true)
        #expect(sentence(#"[1,"x",{}]"#, Mixture.self)?.hasSuffix("[2] is an object, but a list is expected") == true)
    }
}
