/// A setting that no network can have.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible, Sendable {
    public var field: String
    public var value: String
    public var rule: String

    public init(field: String, value: String, rule: String) {
        self.field = field
        self.value = value
        self.rule = rule
    }

    public var description: String { "configuration field '\(field)' is \(value); the rule is: \(rule)" }
}
