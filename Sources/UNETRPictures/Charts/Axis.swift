import Foundation
import UNETRSupport

/// How the values of an axis are spread along it.
public enum AxisScale: Sendable { case linear, logarithmic }

/// One axis of a chart: what it spans and where its ticks are.
struct Axis {
    let scale: AxisScale
    private(set) var low: Double
    private(set) var high: Double
    private(set) var ticks: [(value: Double, text: String)] = []

    /// An axis for the finite values given (only the positive ones count on a logarithmic scale), widened to whole ticks.
    ///
    /// - Parameters:
    ///   - range: what the axis spans at the least.
    ///   - fits: whether the axis ends at its outermost values instead of whole ticks.
    ///   - wholeNumbers: whether ticks may stand only at whole numbers.
    init(
        _ values: [Double], scale: AxisScale = .linear, including range: ClosedRange<Double>? = nil, ticks count: Int = 5,
        fits: Bool = false, wholeNumbers: Bool = false
    ) {
        self.scale = scale
        let ends = range.map { [$0.lowerBound, $0.upperBound] } ?? []
        let usable = (values + ends).filter { $0.isFinite && abs($0) < 1e100 && (scale == .linear || $0 > 1e-300) }
        low = usable.min() ?? (scale == .linear ? 0 : 1)
        high = usable.max() ?? 1
        switch scale {
        case .linear: layOutLinear(count, fits: fits, wholeNumbers: wholeNumbers)
        case .logarithmic: layOutLogarithmic()
        }
    }

    /// Where a value lies, 0 at the low end and 1 at the high end; nil if it has no place.
    func position(_ value: Double) -> Double? {
        guard value.isFinite else { return nil }
        switch scale {
        case .linear: return (value - low) / (high - low)
        case .logarithmic: return value > 0 ? log(value / low) / log(high / low) : nil
        }
    }

    private mutating func layOutLinear(_ count: Int, fits: Bool, wholeNumbers: Bool) {
        // Spans below 1e-290 have no steps that a `Double` can state.
        if high - low <= max(1e-12 * max(abs(low), abs(high)), 1e-290) {
            let room = abs(low) < 1e-280 ? 1 : abs(low) * 0.1
            (low, high) = wholeNumbers ? (low - 1, high + 1) : (low - room, high + room)
        }
        var step = Self.niceStep((high - low) / Double(count))
        if wholeNumbers { step = max(1, step.rounded()) }
        if !fits {
            low = (low / step + 1e-9).rounded(.down) * step
            high = (high / step - 1e-9).rounded(.up) * step
        }
        let decimals = max(0, Int(clampingRounded: -log10(step) - 1e-9, .up) ?? 0)
        // Without ticks where they have no number: the ends are not finite or lie too close together.
        guard let first = Int(rounding: low / step - 1e-9, .up), let last = Int(rounding: high / step + 1e-9, .down) else { return }
        ticks = first > last || last - first > 1000 ? [] : (first...last).map { (Double($0) * step, Self.text(Double($0) * step, decimals: decimals)) }
    }

    private mutating func layOutLogarithmic() {
        if high / low < 1.5 { (low, high) = (low / 1.5, high * 1.5) }
        guard let bottom = Int(rounding: log10(low), .down), let top = Int(rounding: log10(high), .up) else { return }
        let decades = top - bottom
        let factors: [Double] = decades <= 2 ? [1, 2, 5] : [1]
        let stride = max(1, decades / 6)
        for exponent in Swift.stride(from: bottom, through: top, by: stride) {
            for factor in factors {
                let value = factor * pow(10, Double(exponent))
                ticks.append((value, Self.power(factor, exponent)))
            }
        }
        // Widened to the nearest tick on each side.
        low = ticks.last { $0.value <= low * (1 + 1e-9) }?.value ?? low
        high = ticks.first { $0.value >= high * (1 - 1e-9) }?.value ?? high
        ticks = ticks.filter { $0.value >= low * (1 - 1e-9) && $0.value <= high * (1 + 1e-9) }
    }

    /// Of 1, 2, 5 and 10 times a power of ten the one whose ratio to `rough` is nearest to 1.
    private static func niceStep(_ rough: Double) -> Double {
        let power = pow(10, floor(log10(rough)))
        return [1, 2, 5, 10].map { $0 * power }.min { abs(log($0 / rough)) < abs(log($1 / rough)) }!
    }

    /// A number with so many decimals; very large and very small ones as powers of ten.
    static func text(_ value: Double, decimals: Int) -> String {
        if value != 0, abs(value) >= 1e6 || decimals > 5 {
            return String(format: "%.3g", value)
        }
        let shown = String(format: "%.\(decimals)f", value)
        return shown.hasPrefix("-") && !shown.contains(where: { "123456789".contains($0) }) ? String(shown.dropFirst()) : shown
    }

    /// A number in three digits, or four before the point, for a legend.
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "inf" : "-inf" }
        if value == 0 { return "0" }
        let shown = String(format: abs(value) >= 1000 ? "%#.4g" : "%#.3g", value)
        return shown.hasSuffix(".") ? String(shown.dropLast()) : shown
    }

    private static func power(_ factor: Double, _ exponent: Int) -> String {
        if (-3...4).contains(exponent) { return text(factor * pow(10, Double(exponent)), decimals: max(0, -exponent)) }
        return "\(Int(factor))e\(exponent)"
    }
}
