import Foundation
import Testing
import UNETRSupport

struct JSONTextTests {
    private enum Kind: String, Decodable { case plain, fancy }

    private struct Part: Decodable {
        var kind: Kind?
        var sizes: [[Int]]?
        var names: [String: Int]?
        var small: Int16?
    }

    private struct Document: Decodable {
        var epochs: Int
        var seed: UInt64
        var rate: Double
        var name: String
        var isOn: Bool
        var part: Part?
    }

    /// The sentence about a document that is in order but for one field.
    private func sentence(_ field: String, _ value: String) throws -> String {
        var fields = ["epochs": "3", "seed": "7", "rate": "0.5", "name": "\"x\"", "isOn": "true"]
        fields[field] = value
        let text = "{" + fields.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
        return try #require(throws: JSONProblem.self) { try JSONText.decode(Document.self, from: Data(text.utf8)) }.sentence
    }

    @Test(arguments: [
        ("epochs", "2.5", "epochs is 2.5, but a whole number is expected"),
        ("epochs", "1e30", "epochs is 1e+30, but a whole number is expected"),
        ("epochs", "\"three\"", "epochs is \"three\", but a whole number is expected"),
        ("epochs", "null", "epochs is null, but a whole number is expected"),
        ("seed", "-1", "seed is -1, but a whole number from 0 to 18446744073709551615 is expected"),
        ("seed", "18446744073709551616", "but a whole number from 0 to 18446744073709551615 is expected"),
        ("rate", "true", "rate is true, but a number is expected"),
        ("rate", "1e999", "rate is a number beyond 10³⁰⁸, but a number is expected"),
        ("name", "[1, 2]", "name is a list of 2, but a text in double quotes is expected"),
        ("isOn", "0", "isOn is 0, but true or false is expected"),
        ("part", "5", "part is 5, but an object is expected"),
        ("part", #"{"kind": "odd"}"#, "part.kind is \"odd\", which is not one of the words that may stand there"),
        ("part", #"{"sizes": [[1, 2], [3, 4.5]]}"#, "part.sizes[1][1] is 4.5, but a whole number is expected"),
        ("part", #"{"sizes": [1]}"#, "part.sizes[0] is 1, but a list is expected"),
        ("part", #"{"names": {"a": "b"}}"#, "part.names.a is \"b\", but a whole number is expected"),
        ("part", #"{"small": 40000}"#, "part.small is 40000, but a whole number from -32768 to 32767 is expected"),
    ])
    func `What is wrong names the field, what stands there and what should`(_ field: String, _ value: String, _ expected: String) throws {
        #expect(try sentence(field, value).hasSuffix(expected))
    }

    @Test func `A missing field, and what is no JSON, are said as such`() throws {
        func problem(_ text: String) throws -> String {
            try #require(throws: JSONProblem.self) { try JSONText.decode(Document.self, from: Data(text.utf8)) }.sentence
        }
        #expect(try problem(#"{"seed": 1, "rate": 1, "name": "", "isOn": true}"#) == "the field epochs is missing")
        #expect(try problem("[1, 2]") == "the file is a list of 2, but an object is expected")
        for text in ["", "epochs = 3", #"{"epochs": 3"#] { #expect(try problem(text).hasPrefix("the file is not JSON")) }
        let good = try JSONText.decode(
            Document.self, from: Data(#"{"epochs": 3.0, "seed": 18446744073709551615, "rate": 1, "name": "", "isOn": true}"#.utf8))
        #expect(good.epochs == 3 && good.seed == .max)
    }

    @Test func `Each style sorts the keys; only the plain line escapes slashes`() throws {
        func text(_ style: JSONText.Style) throws -> String { String(decoding: try JSONText.encode(["b": "x/y", "a": "é"], style), as: UTF8.self) }
        #expect(try text(.file) == "{\n  \"a\" : \"é\",\n  \"b\" : \"x/y\"\n}")
        #expect(try text(.line) == #"{"a":"é","b":"x/y"}"#)
        #expect(try text(.plainLine) == #"{"a":"é","b":"x\/y"}"#)
        #expect(throws: EncodingError.self) { try JSONText.encode([Double.infinity]) }
    }

    @Test func `Any value is kept exactly, and what it is can be asked for`() throws {
        let text = #"{"a":[1,2.5,-3],"b":{"c":null,"d":true},"e":18446744073709551615,"f":"x","g":[1,2]}"#
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        #expect(
            value == [
                "a": [1, 2.5, -3], "b": .object(["c": .null, "d": true]), "e": .unsigned(.max), "f": "x", "g": [1, 2],
            ])
        #expect(String(decoding: try JSONText.encode(value, .line), as: UTF8.self) == text)
        #expect(value["a"]?.doubles == [1, 2.5, -3] && value["a"]?.ints == nil && value["g"]?.ints == [1, 2])
        #expect(value["e"]?.double == 18446744073709551615 && value["e"]?.int == nil)
        #expect(value["f"]?.string == "x" && value["f"]?["x"] == nil && value["b"]?.object?.count == 2 && value["b"]?.array == nil)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(JSONValue.self, from: Data("[1e999]".utf8)) }
    }
}
