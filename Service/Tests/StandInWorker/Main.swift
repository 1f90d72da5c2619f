import Foundation
import UNETRSupport
import UNETRVolumes
import UNETRWork

/// A worker that needs no model: voxels above 100 are "high", those above 50 "low". The scan's first voxel tells how it behaves.
@main
struct StandInWorker {
    /// What the first voxel of a scan asks for.
    private enum Behavior: Float {
        /// Twenty steps of 100 ms.
        case slow = -1000
        /// Ends by SIGKILL in the middle.
        case crash = -2000
        case fail = -3000
        /// Goes on until it is canceled.
        case endless = -4000
    }

    static func main() throws {
        let words = CommandLine.arguments
        guard let place = words.firstIndex(of: "--models"), words.count > place + 1 else { exit(64) }
        let models = URL(fileURLWithPath: words[place + 1])
        guard !FileManager.default.fileExists(atPath: models.appending(path: "broken").path) else { exit(70) }
        let state = State(),
            description = ModelDescription(
                name: "threshold", title: "Threshold", architecture: "none", channels: [.init(name: "CT")],
                labels: labels.descriptions, regions: false, spacing: [1, 1, 1], patch: [8, 8, 8], license: "none", digest: String(repeating: "ab", count: 32))
        say(.ready(worker: WorkerDescription(version: "1.2.3", device: "cpu", models: [description])))
        Thread.detachNewThread {
            while true {
                let order = state.next()
                log(order.job, in: models)
                do { try segment(order, state) } catch { say(.failed(job: order.job, cause: .scan, reason: "\(order.scans[0]): \(error)")) }
            }
        }
        while let line = readLine() {
            switch try WorkerLine.decode(WorkerRequest.self, from: Data(line.utf8)) {
            case .segment(let order): state.add(order)
            case .cancel(let job): state.cancel(job)
            }
        }
        PartialFiles.removeAll()
        _exit(0)
    }

    private static let labels = LabelSet(definitions: [
        .init(name: "background", value: 0), .init(name: "low", value: 1, color: "#ff0000"), .init(name: "high", value: 2, color: "#00ff00"),
    ])

    private static func segment(_ order: SegmentationOrder, _ state: State) throws {
        say(.begun(job: order.job))
        say(.loading(job: order.job, model: order.model))
        say(.warm(models: [order.model]))
        var url = URL(fileURLWithPath: order.scans[0])
        if let series = order.series.first {
            let study = try DICOMStudy(contentsOf: url)
            url = study.url(of: try study.series(series))
        }
        let scan = try VolumeFile.readScan(url), behavior = Behavior(rawValue: scan.voxels[0])
        if behavior == .fail { throw CocoaError(.fileReadCorruptFile) }
        let steps = behavior == .endless ? Int.max : behavior == nil ? 2 : 20
        for step in 1...steps {
            if state.isCanceled(order.job) { return say(.canceled(job: order.job)) }
            if behavior == .crash, step == 10 { kill(getpid(), SIGKILL) }
            if behavior != nil { Thread.sleep(forTimeInterval: 0.1) }
            say(.progress(job: order.job, done: min(step, 20), total: behavior == nil ? 2 : 20))
        }
        let mask = LabelMap(geometry: scan.geometry, voxels: scan.voxels.map { $0 > 100 ? 2 : $0 > 50 ? 1 : 0 })
        try VolumeFile.write(labels: mask, named: labels, like: VolumeFile.readHeader(url), to: URL(fileURLWithPath: order.mask))
        try AtomicFile.write(JSONText.encode(StructureReport(mask, labels: labels), .line), to: URL(fileURLWithPath: order.statistics))
        say(.done(job: order.job, seconds: 0.1, networkSeconds: 0))
    }

    /// Notes each order that is begun, so that a test sees what was done twice.
    private static func log(_ job: String, in models: URL) {
        let file = models.appending(path: "orders.log").path, descriptor = open(file, O_WRONLY | O_APPEND | O_CREAT, 0o600)
        _ = "\(job)\n".withCString { write(descriptor, $0, strlen($0)) }
        close(descriptor)
    }

    private static func say(_ event: WorkerEvent) {
        State.output.withLock { if let line = try? WorkerLine.encode(event) { FileHandle.standardOutput.write(line) } }
    }
}

private final class State: @unchecked Sendable {
    static let output = NSLock()
    private let condition = NSCondition()
    private var orders: [SegmentationOrder] = []
    private var canceled: Set<String> = []

    func add(_ order: SegmentationOrder) {
        condition.withLock {
            orders.append(order)
            condition.signal()
        }
    }

    func next() -> SegmentationOrder {
        condition.withLock {
            while orders.isEmpty { condition.wait() }
            return orders.removeFirst()
        }
    }

    func cancel(_ job: String) { condition.withLock { _ = canceled.insert(job) } }
    func isCanceled(_ job: String) -> Bool { condition.withLock { canceled.contains(job) } }
}
