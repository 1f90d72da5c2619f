public import UNETRModels
import UNETRPreparation
public import UNETRSupport

extension Quantizer {
    /// What happens while a model is made ready for 8 bits; the last event is `finished`.
    public enum Event: Sendable {
        /// Ranges are measured on this scan, the so-many-th.
        case calibrated(scan: String, done: Int, of: Int)
        /// Its masks in float32 and in 8 bits are compared.
        case compared(scan: String, done: Int, of: Int)
        /// Ranges and report; nothing is saved yet.
        case finished(Quantization)
    }

    /// Measures the ranges on every scan, then compares the masks of every scan.
    ///
    /// - Throws: what `calibrate` and `compare` throw; `CancellationError` where it is stopped, which it can be after each scan.
    public func job() -> LongJob<Event> {
        LongJob { report in
            func counted(_ event: @escaping (String, Int, Int) -> Event) -> (DatasetCase) throws -> Void {
                var done = 0
                return { scan in
                    try Cancellation.check()
                    done += 1
                    try report(event(scan.name, done, scans.count))
                }
            }
            var quantization = try calibrate(counted { .calibrated(scan: $0, done: $1, of: $2) })
            quantization.report = try compare(quantization, counted { .compared(scan: $0, done: $1, of: $2) })
            try report(.finished(quantization))
        }
    }
}
