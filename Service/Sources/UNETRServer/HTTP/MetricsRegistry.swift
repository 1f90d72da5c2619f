public import CoreMetrics
import Foundation
import Synchronization

/// What the server and the libraries it uses count and time, in the text form of Prometheus.
///
///     let metrics = MetricsRegistry()
///     MetricsSystem.bootstrap(metrics)                              // for the libraries; once in a program
///     let server = try Server(configuration, logger: logger, metrics: metrics)
public final class MetricsRegistry: Sendable {
    /// A name and its labels, `status="200"`.
    private struct Key: Hashable {
        var name: String
        var labels: String

        init(_ label: String, _ dimensions: [(String, String)]) {
            name = Self.name(label)
            let pairs = dimensions.map { key, value in
                let plain = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
                return "\(Self.name(key))=\"\(plain)\""
            }
            labels = pairs.joined(separator: ",")
        }

        private static func name(_ text: String) -> String {
            let plain = text.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" }
            return String(plain.first?.isNumber == true ? ["_"] + plain : plain)
        }
    }

    private enum Kind: String {
        case counter, gauge, summary
    }

    private let cells = Mutex<[Key: (kind: Kind, cell: Cell)]>([:])

    /// Nothing is counted yet.
    public init() {}

    /// All figures, sorted by their names.
    var text: String {
        let cells = cells.withLock { $0 }
        var text = ""
        for (name, same) in Dictionary(grouping: cells, by: \.key.name).sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(same[0].value.kind.rawValue)\n"
            for (key, (kind, cell)) in same.sorted(by: { $0.key.labels < $1.key.labels }) {
                let labels = key.labels.isEmpty ? "" : "{\(key.labels)}", (sum, count) = cell.value
                if kind == .summary { text += "\(name)_count\(labels) \(count)\n" }
                text += "\(name)\(kind == .summary ? "_sum" : "")\(labels) \(Self.number(sum))\n"
            }
        }
        return text
    }

    static func number(_ value: Double) -> String { value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)" }

    private func cell(_ kind: Kind, _ label: String, _ dimensions: [(String, String)]) -> Cell {
        cells.withLock { cells in
            let key = Key(label, dimensions)
            if let known = cells[key] { return known.cell }
            let cell = Cell(isGauge: kind == .gauge)
            cells[key] = (kind, cell)
            return cell
        }
    }
}

extension MetricsRegistry: MetricsFactory {
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { cell(.counter, label, dimensions) }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        cell(aggregate ? .summary : .gauge, label, dimensions)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { cell(.gauge, label, dimensions) }

    /// In seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { cell(.summary, label, dimensions) }

    // What was counted stays until the program ends.
    public func destroyCounter(_: any CounterHandler) {}
    public func destroyRecorder(_: any RecorderHandler) {}
    public func destroyMeter(_: any MeterHandler) {}
    public func destroyTimer(_: any TimerHandler) {}
}

/// A figure: a sum of what came and how often something came, or of a gauge the last.
private final class Cell: CounterHandler, RecorderHandler, MeterHandler, TimerHandler, Sendable {
    private let isGauge: Bool
    private let state = Mutex((sum: 0.0, count: 0))

    init(isGauge: Bool) { self.isGauge = isGauge }

    var value: (sum: Double, count: Int) { state.withLock { $0 } }

    private func add(_ value: Double) { state.withLock { $0 = ($0.sum + value, $0.count + 1) } }

    func increment(by amount: Int64) { add(Double(amount)) }
    func increment(by amount: Double) { add(amount) }
    func decrement(by amount: Double) { add(-amount) }
    func reset() { state.withLock { $0 = (0, 0) } }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0 = (value, $0.count + 1) } }
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { if isGauge { set(value) } else { add(value) } }
    func recordNanoseconds(_ duration: Int64) { add(Double(duration) / 1e9) }
}
