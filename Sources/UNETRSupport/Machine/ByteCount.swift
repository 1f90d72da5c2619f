import Foundation

/// Numbers of bytes as people write them.
public enum ByteCount {
    /// "8G", "900M", "512K" or a number of bytes; nil for anything else.
    public static func parse(_ text: String) -> Int? {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        let upper = text.uppercased().replacingOccurrences(of: "IB", with: "").replacingOccurrences(of: "B", with: "")
        guard let last = upper.last else { return nil }
        let factor = units[last] ?? 1
        guard let number = Double(units[last] == nil ? upper : String(upper.dropLast())), number > 0, number.isFinite else { return nil }
        let bytes = number * Double(factor)
        return (1..<0x1p62).contains(bytes) ? Int(rounding: bytes, .towardZero) : nil
    }
}
