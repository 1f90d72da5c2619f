/// The one way from numbers in files, flags and settings to sizes: nothing here traps, whatever the number.

extension FixedWidthInteger {
    /// The nearest integer to `value`; nil if it is not a number or lies outside the type's range.
    public init?<Source: BinaryFloatingPoint>(rounding value: Source, _ rule: FloatingPointRoundingRule = .toNearestOrAwayFromZero) {
        self.init(exactly: value.rounded(rule))
    }

    /// The nearest integer to `value` that the type has; nil only for what is not a number.
    public init?<Source: BinaryFloatingPoint>(clampingRounded value: Source, _ rule: FloatingPointRoundingRule = .toNearestOrAwayFromZero) {
        if value.isNaN { return nil }
        self = Self(rounding: value, rule) ?? (value < 0 ? .min : .max)
    }

    /// The sum, or nil beyond the type's range.
    public func adding(checked other: Self) -> Self? {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? nil : sum
    }

    /// The product, or nil beyond the type's range.
    public func multiplied(checked other: Self) -> Self? {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? nil : product
    }
}

extension Sequence where Element: FixedWidthInteger {
    /// The product of all, or nil as soon as it leaves the type's range; 1 for none.
    public func checkedProduct() -> Element? {
        var product: Element = 1
        for factor in self {
            guard let next = product.multiplied(checked: factor) else { return nil }
            product = next
        }
        return product
    }

    /// The product of all, or the type's largest value where it would be larger: for counts that are compared with a limit.
    ///
    /// The factors must not be negative.
    public func saturatingProduct() -> Element { contains(0) ? 0 : checkedProduct() ?? .max }

    /// The sum of all, or the type's largest value where it would be larger; the terms must not be negative.
    public func saturatingSum() -> Element { checkedSum() ?? .max }

    /// The sum of all, or nil as soon as it leaves the type's range; 0 for none.
    public func checkedSum() -> Element? {
        var sum: Element = 0
        for term in self {
            guard let next = sum.adding(checked: term) else { return nil }
            sum = next
        }
        return sum
    }
}
