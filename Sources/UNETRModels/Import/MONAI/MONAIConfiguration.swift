import Foundation
import UNETRSupport

/// `configs/inference.json` of a bundle, its references resolved where they are asked for.
struct MONAIConfiguration {
    /// The file.
    let url: URL
    private let members: [String: JSONValue]

    /// - Throws: `ModelImportError.setting` for what is no JSON object; `FileError`.
    init(_ url: URL) throws {
        self.url = url
        let json = try? JSONDecoder().decode(JSONValue.self, from: try InputFile.contents(of: url, most: 1 << 24))
        guard var members = json?.object else { throw ModelImportError.setting(path: url.path, place: "the file", problem: "it is not a JSON object") }
        // Wherever the bundle lay when it was written, it is the folder that it is in.
        members["bundle_root"] = "."
        self.members = members
    }

    /// Whether the file has something of that name.
    func has(_ name: String) -> Bool { members[name].map { $0 != .null } ?? false }

    /// What stands under a name, its reference followed; nil where nothing does.
    func member(_ name: String) throws -> JSONValue? { try members[name].map { try resolved($0, place: name) } }

    /// Texts that name something else replaced by what they name; lists and objects as they are inside.
    /// - Parameter place: what errors call the value.
    /// - Throws: `ModelImportError.setting` for a reference to nothing or to itself, and for an expression that is not understood.
    func resolved(_ value: JSONValue, place: String) throws -> JSONValue { try resolved(value, place, depth: 0) }

    /// The same, also inside lists.
    func resolvedDeeply(_ value: JSONValue, place: String) throws -> JSONValue {
        let value = try resolved(value, place: place)
        guard let elements = value.array else { return value }
        return .array(try elements.map { try resolvedDeeply($0, place: place) })
    }

    func fail(_ place: String, _ problem: String) -> ModelImportError { .setting(path: url.path, place: place, problem: problem) }

    private func resolved(_ value: JSONValue, _ place: String, depth: Int) throws -> JSONValue {
        guard let text = value.string, let first = text.first, first == "@" || first == "$" || first == "%" else { return value }
        guard depth < 64 else { throw fail(place, "its references lead in a circle (\(text))") }
        let body = String(text.dropFirst())
        if first == "@" { return try resolved(named(body, place, depth), place, depth: depth + 1) }
        guard first == "$", let expression = MONAIExpression(body) else {
            throw fail(place, "\(text) is Python, which is not run, and none of the few forms that are understood as data; put its value there")
        }
        return try self.value(of: expression, place, depth)
    }

    private func value(of expression: MONAIExpression, _ place: String, _ depth: Int) throws -> JSONValue {
        switch expression {
        case .literal(let value): return value
        case .reference(let name): return try resolved(named(name, place, depth), place, depth: depth + 1)
        case .joined(let parts):
            let texts = try parts.map { part in
                guard let text = try value(of: part, place, depth).string else { throw fail(place, "it adds what is not text") }
                return text
            }
            return .string(texts.joined())
        case .choice(let condition, let one, let other):
            guard case .bool(let holds) = try value(of: condition, place, depth) else {
                throw fail(place, "it depends on something that is neither true nor false")
            }
            return try value(of: holds ? one : other, place, depth)
        }
    }

    /// What `name#part#0` names, of which each part may be a reference itself.
    private func named(_ name: String, _ place: String, _ depth: Int) throws -> JSONValue {
        guard depth < 64 else { throw fail(place, "its references lead in a circle (@\(name))") }
        let parts = name.replacing("::", with: "#").split(separator: "#", omittingEmptySubsequences: false).map(String.init)
        var value = JSONValue.object(members)
        for (number, part) in parts.enumerated() {
            if number > 0 { value = try resolved(value, place, depth: depth + 1) }
            let next = value[part] ?? value.array.flatMap { list in Int(part).flatMap { list.indices.contains($0) ? list[$0] : nil } }
            guard let next else { throw fail(place, "it refers to @\(name), which is not there") }
            value = next
        }
        return value
    }
}

/// A component of a bundle, `{"_target_": NAME, …}`: every argument is asked for, and what is left at the end is not known here.
struct MONAIComponent {
    /// The class, without its module and, for a transform of a dictionary, in the form that ends in "d".
    let name: String
    /// The class as it stands there.
    let target: String
    let configuration: MONAIConfiguration
    private let place: String
    private var arguments: [String: JSONValue]

    /// - Parameter place: where it stands, for errors.
    /// - Throws: `ModelImportError.setting` for what is no component.
    init(_ value: JSONValue, of configuration: MONAIConfiguration, place: String) throws {
        guard var arguments = try configuration.resolved(value, place: place).object, let target = arguments.removeValue(forKey: "_target_")?.string
        else { throw configuration.fail(place, "it has no _target_") }
        self.target = target
        self.configuration = configuration
        // Another module than MONAI's own may have anything under such a name.
        let isOwn = !target.contains(".") || target.hasPrefix("monai.")
        var name = isOwn ? String(target.split(separator: ".").last ?? "") : target
        if name.hasSuffix("Dict") { name = name.dropLast(4) + "d" } else if name.count > 2, name.hasSuffix("D") { name = name.dropLast() + "d" }
        self.name = name
        self.place = place == name ? place : "\(place), \(name)"
        arguments["_desc_"] = nil
        arguments["_requires_"] = nil
        self.arguments = arguments
    }

    /// Whether the bundle has it switched off.
    var isDisabled: Bool {
        mutating get throws { try flag("_disabled_") }
    }

    func fail(_ problem: String) -> ModelImportError { configuration.fail(place, problem) }

    /// An argument as it stands, before references are followed.
    mutating func raw(_ key: String) -> JSONValue? { arguments.removeValue(forKey: key) }

    /// An argument; nil where it is missing or None. A list of one element is that element, as MONAI takes either for a single key.
    mutating func value(_ key: String) throws -> JSONValue? {
        guard let value = try list(key) else { return nil }
        guard let elements = value.array, elements.count == 1 else { return value }
        return elements[0] == .null ? nil : elements[0]
    }

    /// An argument that may be a list; nil where it is missing or None.
    mutating func list(_ key: String) throws -> JSONValue? {
        guard let raw = arguments.removeValue(forKey: key) else { return nil }
        let value = try configuration.resolvedDeeply(raw, place: "\(place), \(key)")
        return value == .null ? nil : value
    }

    mutating func flag(_ key: String, default usual: Bool = false) throws -> Bool {
        guard let value = try value(key) else { return usual }
        guard case .bool(let flag) = value else { throw wrong(key, value, "true or false") }
        return flag
    }

    mutating func number(_ key: String) throws -> Double? {
        guard let value = try value(key) else { return nil }
        guard let number = value.double, number.isFinite else { throw wrong(key, value, "a number") }
        return number
    }

    mutating func whole(_ key: String) throws -> Int? {
        guard let value = try value(key) else { return nil }
        guard let number = value.int else { throw wrong(key, value, "a whole number") }
        return number
    }

    mutating func text(_ key: String) throws -> String? {
        guard let value = try value(key) else { return nil }
        guard let text = value.string else { throw wrong(key, value, "text") }
        return text
    }

    /// Three numbers for the axes, for which one may stand.
    mutating func three(_ key: String) throws -> Size3? {
        guard let value = try list(key) else { return nil }
        if let one = value.int { return Size3(one, one, one) }
        guard let three = value.ints.flatMap({ Size3($0) }) else { throw wrong(key, value, "a whole number, or three") }
        return three
    }

    /// Refuses an argument unless it is missing, None, or one of some values.
    mutating func demand(_ key: String, _ allowed: JSONValue...) throws {
        guard let value = try value(key) else { return }
        let isAllowed = allowed.contains { $0 == value || ($0.double != nil && $0.double == value.double) }
        guard isAllowed else {
            throw fail(
                "its \(key) is \(Self.shown(value)), which is not known here"
                    + (allowed.isEmpty ? "" : "; \(allowed.map(Self.shown).joined(separator: " or ")) is"))
        }
    }

    /// Refuses an argument of which only float32 would give the same numbers.
    mutating func demandFloat32(_ key: String = "dtype", also others: String...) throws {
        guard let value = arguments.removeValue(forKey: key), value != .null else { return }
        let values = value.array ?? [value], known = ["float32", "float"] + others
        let isKnown = values.allSatisfy { value in
            guard let name = value.string else { return value == .null }
            let bare = name.hasPrefix("$") ? String(name.dropFirst()) : name
            return known.contains { bare == $0 || bare == "np.\($0)" || bare == "numpy.\($0)" || bare == "torch.\($0)" }
        }
        guard isKnown else { throw fail("its \(key) is \(Self.shown(value)), but computing is done in float32 here") }
    }

    /// Passes over arguments that change nothing in the result.
    mutating func ignore(_ keys: String...) { for key in keys { arguments[key] = nil } }

    /// Refuses what has not been asked for.
    func end() throws {
        guard let key = arguments.keys.sorted().first else { return }
        throw fail("its argument \(key) (\(Self.shown(arguments[key]!))) is not known here")
    }

    func wrong(_ key: String, _ value: JSONValue, _ rule: String) -> ModelImportError { fail("its \(key) is \(Self.shown(value)), expected \(rule)") }

    static func shown(_ value: JSONValue) -> String {
        switch value {
        case .null: "None"
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): "\(number)"
        case .unsigned(let number): "\(number)"
        case .number(let number): "\(number)"
        case .string(let text): text.count > 60 ? "\(text.prefix(60))…" : text
        case .array(let values): values.count > 8 ? "a list of \(values.count)" : "[\(values.map(shown).joined(separator: ", "))]"
        case .object: "an object"
        }
    }
}
