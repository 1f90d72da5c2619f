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
        let folders = zip(words, words.dropFirst()).filter { $0.0 == "--models" }.map { URL(fileURLWithPath: $0.1) }
        guard let models = folders.first else { exit(64) }
        guard !FileManager.default.fileExists(atPath: models.appending(path: "broken").path) else { exit(70) }
        let state = State()
        say(.ready(worker: WorkerDescription(version: "1.2.3", device: "cpu", models: [description("threshold")] + (try trained(folders)))))
        Thread.detachNewThread {
            while true {
                let request = state.next()
                do {
                    switch request {
                    case .segment(let order):
                        log(order.job, in: models)
                        try segment(order, state)
                    case .score(let order): try score(order, state)
                    case .train(let order): try train(order, state)
                    case .cancel: break
                    }
                } catch { say(.failed(job: request.job, cause: .scan, reason: "\(request.scan): \(error)")) }
            }
        }
        while let line = readLine() {
            let request = try WorkerLine.decode(WorkerRequest.self, from: Data(line.utf8))
            if case .cancel(let job) = request { state.cancel(job) } else { state.add(request) }
        }
        PartialFiles.removeAll()
        _exit(0)
    }

    private static func description(_ name: String) -> ModelDescription {
        ModelDescription(
            name: name, title: name.capitalized, architecture: "none", channels: [.init(name: "CT")], labels: labels.descriptions, regions: false,
            spacing: [1, 1, 1], patch: [8, 8, 8], license: "none", digest: String(repeating: name == "threshold" ? "ab" : "cd", count: 32))
    }

    private static func trained(_ folders: [URL]) throws -> [ModelDescription] {
        try folders.flatMap { try FileManager.default.contentsOfDirectory(atPath: $0.path).sorted() }.filter { $0.hasSuffix(".unetrpp") }
            .map { description(String($0.dropLast(".unetrpp".count))) }
    }

    /// The largest voxel as a share of 200.
    private static func score(_ order: ScoringOrder, _ state: State) throws {
        say(.begun(job: order.job))
        let scan = try VolumeFile.readScan(URL(fileURLWithPath: order.scans[0])), behavior = Behavior(rawValue: scan.voxels[0])
        if behavior == .fail { throw CocoaError(.fileReadCorruptFile) }
        if behavior == .crash { kill(getpid(), SIGKILL) }
        while behavior == .endless {
            if state.isCanceled(order.job) { return say(.canceled(job: order.job)) }
            Thread.sleep(forTimeInterval: 0.02)
        }
        say(.scored(job: order.job, uncertainty: Double(scan.voxels.max() ?? 0) / 200))
    }

    /// The bundle holds the order. A thousand epochs and more never end; a learning rate of 1 is too much.
    private static func train(_ order: TrainingOrder, _ state: State) throws {
        say(.begun(job: order.job))
        say(.note(job: order.job, text: "\(order.cases.count) labeled scans in \(order.folder)"))
        if order.learningRate == 1 { throw CocoaError(.coderInvalidValue) }
        for epoch in 1...order.epochs {
            say(.epoch(job: order.job, done: epoch, total: order.epochs, dice: 0.5))
            repeat { Thread.sleep(forTimeInterval: 0.02) } while order.epochs >= 1000
        }
        try AtomicFile.makeFolder(URL(fileURLWithPath: order.bundle))
        try AtomicFile.write(JSONText.encode(order), to: URL(fileURLWithPath: order.bundle).appending(path: "order.json"))
        say(.trained(job: order.job))
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

extension WorkerRequest {
    fileprivate var job: String {
        switch self {
        case .segment(let order): order.job
        case .score(let order): order.job
        case .train(let order): order.job
        case .cancel(let job): job
        }
    }

    fileprivate var scan: String {
        switch self {
        case .segment(let order): order.scans[0]
        case .score(let order): order.scans[0]
        case .train(let order): order.folder
        case .cancel: ""
        }
    }
}

private final class State: @unchecked Sendable {
    static let output = NSLock()
    private let condition = NSCondition()
    private var orders: [WorkerRequest] = []
    private var canceled: Set<String> = []

    func add(_ order: WorkerRequest) {
        condition.withLock {
            orders.append(order)
            condition.signal()
        }
    }

    func next() -> WorkerRequest {
        condition.withLock {
            while orders.isEmpty { condition.wait() }
            return orders.removeFirst()
        }
    }

    func cancel(_ job: String) { condition.withLock { _ = canceled.insert(job) } }
    func isCanceled(_ job: String) -> Bool { condition.withLock { canceled.contains(job) } }
}
