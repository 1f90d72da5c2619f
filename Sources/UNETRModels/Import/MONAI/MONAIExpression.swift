import UNETRSupport

/// What stands behind the `$` of a bundle's configuration, which to MONAI is Python. Nothing is evaluated: a few forms are recognized as data,
/// and every other is not understood.
///
/// Understood are literals (`[1.5, 1.5, 2.0]`, `'model.pt'`, `True`), references (`@name`, `@name#part`), references moved to a device
/// (`@network_def.to(@device)`), texts put together with `+`, and a choice between two of these (`… if @flag else …`).
indirect enum MONAIExpression: Equatable {
    case literal(JSONValue)
    case reference(String)
    case joined([MONAIExpression])
    case choice(condition: MONAIExpression, MONAIExpression, otherwise: MONAIExpression)

    /// The expression of a text without its `$`; nil for every form but those.
    init?(_ text: String) {
        var reader = Reader(rest: Substring(text))
        guard let expression = reader.expression(), reader.isAtEnd else { return nil }
        self = expression
    }

    private struct Reader {
        var rest: Substring
        private var depth = 0

        init(rest: Substring) { self.rest = rest }

        var isAtEnd: Bool {
            mutating get {
                skipBlanks()
                return rest.isEmpty
            }
        }

        private mutating func skipBlanks() { rest = rest.drop { $0 == " " || $0 == "\n" || $0 == "\t" } }

        private mutating func take(_ text: String) -> Bool {
            skipBlanks()
            guard rest.hasPrefix(text) else { return false }
            rest.removeFirst(text.count)
            return true
        }

        /// A word that no letter follows.
        private mutating func take(word: String) -> Bool {
            skipBlanks()
            guard rest.hasPrefix(word), !(rest.dropFirst(word.count).first.map(Self.belongsToName) ?? false) else { return false }
            rest.removeFirst(word.count)
            return true
        }

        mutating func expression() -> MONAIExpression? {
            depth += 1
            defer { depth -= 1 }
            guard depth <= 32, let first = sum() else { return nil }
            guard take(word: "if") else { return first }
            guard let condition = sum(), take(word: "else"), let otherwise = expression() else { return nil }
            return .choice(condition: condition, first, otherwise: otherwise)
        }

        private mutating func sum() -> MONAIExpression? {
            guard let first = term() else { return nil }
            var terms = [first]
            while take("+") {
                guard let next = term() else { return nil }
                terms.append(next)
            }
            return terms.count == 1 ? first : .joined(terms)
        }

        private mutating func term() -> MONAIExpression? {
            if take("@") { return reference() }
            return literal().map(MONAIExpression.literal)
        }

        private mutating func reference() -> MONAIExpression? {
            guard let name = name() else { return nil }
            guard rest.hasPrefix(".") else { return .reference(name) }
            // Where tensors lie is the engine's matter.
            guard take(".to(@"), self.name() != nil, take(")") else { return nil }
            return .reference(name)
        }

        private mutating func name() -> String? {
            let name = rest.prefix { Self.belongsToName($0) || $0 == "#" || $0 == ":" }
            rest = rest.dropFirst(name.count)
            return name.isEmpty ? nil : String(name)
        }

        private static func belongsToName(_ character: Character) -> Bool {
            character.isASCII && (character.isLetter || character.isNumber || character == "_")
        }

        private mutating func literal() -> JSONValue? {
            if take("[") { return list(end: "]") }
            if take("(") { return list(end: ")") }
            for quote: Character in ["'", "\""] where take(String(quote)) { return text(quote) }
            for (word, value) in [("True", JSONValue.bool(true)), ("False", .bool(false)), ("None", .null)] where take(word: word) { return value }
            return number()
        }

        private mutating func list(end: String) -> JSONValue? {
            depth += 1
            defer { depth -= 1 }
            guard depth <= 32 else { return nil }
            var values: [JSONValue] = []
            while !take(end) {
                guard let value = literal() else { return nil }
                values.append(value)
                guard take(",") || rest.drop(while: { $0 == " " }).hasPrefix(end) else { return nil }
            }
            // A value in parentheses is no list; which of the two is meant needs no guess.
            return end == ")" && values.count < 2 ? nil : .array(values)
        }

        private mutating func text(_ quote: Character) -> JSONValue? {
            guard let end = rest.firstIndex(of: quote) else { return nil }
            let text = rest[..<end]
            rest = rest[rest.index(after: end)...]
            return text.contains("\\") ? nil : .string(String(text))
        }

        private mutating func number() -> JSONValue? {
            skipBlanks()
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-" || $0 == "e" || $0 == "E") }
            rest = rest.dropFirst(digits.count)
            if let whole = Int(digits) { return .integer(whole) }
            guard let number = Double(digits), number.isFinite else { return nil }
            return .number(number)
        }
    }
}
