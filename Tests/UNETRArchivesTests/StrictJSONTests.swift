import Testing

@testable import UNETRArchives

/// The reader of headers: every value, every escape, and the byte at which a text goes wrong.
struct StrictJSONTests {
    private func read(_ text: String) throws(StrictJSON.Problem) -> StrictJSON {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { bytes -> Result<StrictJSON, StrictJSON.Problem> in
            do throws(StrictJSON.Problem) { return .success(try StrictJSON(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// The value as text with keys in the order of the file, numbers as they stand there.
    private static func shown(_ value: StrictJSON) -> String {
        switch value {
        case .object(let members): "{\(members.map { "\($0.key):\(shown($0.value))" }.joined(separator: ","))}"
        case .array(let elements): "[\(elements.map(shown).joined(separator: ","))]"
        case .string(let text): "“\(text)”"
        case .number(let text): text
        case .bool(let value): "\(value)"
        case .null: "null"
        }
    }

    @Test(arguments: [
        ("{}", "{}"), (" [ ] ", "[]"), ("[true,false,null]", "[true,false,null]"), ("[0,-0,10,-12.50,1e5,1E-05,2.5e+10]", "[0,-0,10,-12.50,1e5,1E-05,2.5e+10]"),
        ("123456789012345678901234567890", "123456789012345678901234567890"), (#"{"b":1,"a":{"":[]}}"#, "{b:1,a:{:[]}}"), ("\t\r\n 1 \n", "1"),
        (#""\"\\\/\b\f\n\r\t""#, "“\"\\/\u{8}\u{C}\n\r\t”"), (#""\u0041\u00e9\u20AC""#, "“Aé€”"), (#""\ud83d\ude00\uD83D\uDE00""#, "“😀😀”"),
        (#""\ud800\udc00\udbff\udfff""#, "“\u{10000}\u{10FFFF}”"), (#""\u0000""#, "“\0”"), ("\"é😀\u{7F}\"", "“é😀\u{7F}”"),
    ])
    func `Values are read as they stand`(_ text: String, _ expected: String) throws {
        #expect(Self.shown(try read(text)) == expected)
    }

    @Test(arguments: [
        (#""\ud83d""#, "half a surrogate pair"), (#""\ud83dx""#, "half a surrogate pair"), (#""\ud83d\n""#, "half a surrogate pair"),
        (#""\ud83d\u0041""#, "half a surrogate pair"), (#""\ud83d\ud83d""#, "half a surrogate pair"), (#""\ude00""#, "half a surrogate pair"),
        (#""\u12""#, "four hexadecimal digits are expected"), (#""\u00g0""#, "four hexadecimal digits are expected"),
        (#""\ud83d\u""#, "four hexadecimal digits are expected"), (#""\a""#, "an unknown escape in text"), (#""\"#, "the text ends within a string"),
        (#"""#, "the text ends within a string"), ("\"\n\"", "a control character in text"), ("01", "a number with a leading zero"),
        ("-01", "a number with a leading zero"), ("1.", "a digit is expected after the point"), ("1.e5", "a digit is expected after the point"),
        ("1e", "a digit is expected in the exponent"), ("1e+", "a digit is expected in the exponent"), ("-", "a value is expected"),
        ("+1", "a value is expected"),
        (".5", "a value is expected"), ("tru", "a value is expected"), ("nul", "a value is expected"), ("NaN", "a value is expected"),
        ("", "the text ends where a value should stand"), ("[", "the text ends where a value should stand"),
        ("1 2", "text after the end of the value"), ("[] ]", "text after the end of the value"),
    ])
    func `A text that is no JSON is told with its fault`(_ text: String, _ fault: String) throws {
        let problem = #expect(throws: StrictJSON.Problem.self) { try read(text) }
        guard case .syntax(let found, let byte) = problem else {
            Issue.record("\(text): \(String(describing: problem))")
            return
        }
        #expect(found == fault && (0...text.utf8.count).contains(byte))
    }

    @Test(arguments: [
        (#"{"a":1,"a":2}"#, "a"), (#"{"a":1,"\u0061":2}"#, "a"), (#"[{"x":{"y":1,"z":2,"y":3}}]"#, "y"), (#"{"":1,"":1}"#, ""),
    ])
    func `A key given twice is told`(_ text: String, _ key: String) {
        #expect(throws: StrictJSON.Problem.duplicateKey(key)) { try read(text) }
    }

    @Test func `A value stands at most 32 levels deep`() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(try Self.shown(read(nested(33))) == nested(33))
        #expect(throws: StrictJSON.Problem.syntax("nesting deeper than 32", byte: 33)) { try read(nested(34)) }
    }
}
