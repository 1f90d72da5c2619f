/// A setting that no network can have.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The field.
    public var field: String
    /// What it holds.
    public var value: String
    /// What it should hold.
    public var rule: String

    /// A field that breaks a rule.
    public init(field: String, value: String, rule: String) {
        self.field = field
        self.value = value
        self.rule = rule
    }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String { "configuration field '\(field)' is \(value); the rule is: \(rule)" }
}
