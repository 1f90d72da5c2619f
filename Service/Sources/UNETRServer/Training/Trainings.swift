import Foundation
import HTTPTypes
import Logging
import ServiceLifecycle
import UNETRSupport
import UNETRWork

/// Trainings on saved labels: one at a time, in a worker of its own, so that jobs go on meanwhile. One that the server's end interrupts goes on at the next start.
actor Trainings: Service {
    private let settings: WorkerPool.Settings
    private let store: Store
    private let board: JobBoard
    private let pool: WorkerPool
    /// The scan as NIfTI.
    private let image: @Sendable (ScanRecord) async throws -> URL
    private let logger: Logger
    private let started: AsyncStream<Void>
    private let startedContinuation: AsyncStream<Void>.Continuation
    private var worker: WorkerProcess?
    private var isStopped = false
    private var isEnding = false

    init(
        _ settings: WorkerPool.Settings, store: Store, board: JobBoard, pool: WorkerPool, logger: Logger,
        image: @escaping @Sendable (ScanRecord) async throws -> URL
    ) {
        (self.settings, self.store, self.board, self.pool, self.logger, self.image) = (settings, store, board, pool, logger, image)
        (started, startedContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: For clients

    /// Starts a training on an owner's finished labels.
    ///
    /// - Throws: `APIError` where there is one under way, or nothing to train on.
    func start(_ model: ModelDescription, _ wish: TrainingWish, for owner: String) async throws -> TrainingRecord {
        let taken = await pool.names
        guard try store.runningTraining() == nil else {
            throw APIError(.tooManyRequests, "training", "a training is under way; ask again when it has ended", retryAfter: 60)
        }
        guard model.channels.count >= 1, !(try cases(of: owner, model)).isEmpty else {
            throw APIError(.unprocessableContent, "no_labels", "no label is saved as \(MONAILabelRoutes.finalTag), so there is nothing to train on")
        }
        let name = TrainingRecord.nextName(after: model.name, taken: taken.union(try store.trainedNames()))
        let version = name.split(separator: "-").last?.dropFirst() ?? ""
        let record = TrainingRecord(
            id: Identifier.new(), owner: owner, model: model.name, name: name,
            title: "\(model.title.replacing(/, version [0-9]+$/, with: "")), version \(version)",
            wish: wish, state: .running, attempts: 0, epoch: 0, log: [], created: Date())
        try store.insert(record)
        startedContinuation.yield()
        return record
    }

    /// Stops an owner's training.
    /// - Returns: the training; nil where none is under way.
    func stop(for owner: String) throws -> TrainingRecord? {
        guard let running = try store.runningTraining(), running.owner == owner else { return nil }
        isStopped = true
        worker?.kill()
        return try store.update(training: running.id) { training in
            (training.state, training.ended) = (.stopped, Date())
            training.add("stopped")
        }
    }

    // MARK: The work

    func run() async throws {
        await withGracefulShutdownHandler {
            // What the last server left.
            startedContinuation.yield()
            for await _ in started {
                while !isEnding, let record = try? store.runningTraining() { await train(record) }
            }
        } onGracefulShutdown: {
            Task { await self.end() }
        }
        try? await gracefulShutdown()
    }

    private func end() {
        isEnding = true
        startedContinuation.finish()
        worker?.kill()
    }

    private func train(_ record: TrainingRecord) async {
        isStopped = false
        // At the start nobody has looked at them yet.
        while await !pool.knowsModels, !isEnding { try? await Task.sleep(for: .milliseconds(100)) }
        guard !isEnding else { return }
        let folder = store.folder(ofTraining: record.id)
        do {
            guard record.attempts < 3 else { throw APIError(.internalServerError, "interrupted", "it was interrupted three times") }
            try store.update(training: record.id) { $0.attempts += 1 }
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let outcome = await perform(try await order(for: record, folder), record.id)
            if isEnding {
                // It did nothing wrong, and goes on at the next start.
                try store.update(training: record.id) { $0.attempts -= 1 }
                return
            }
            if let reason = outcome, !isStopped { throw APIError(.internalServerError, "failed", reason) }
            if !isStopped {
                try store.update(training: record.id) { training in
                    (training.state, training.ended) = (.done, Date())
                    training.add("the new model is \(record.name)")
                }
                logger.notice("training \(record.id): done, the new model is \(record.name)")
                await board.renew()
            }
        } catch {
            let reason = "\(error)".replacingOccurrences(of: store.folder.path + "/", with: "")
            logger.error("training \(record.id): \(reason)")
            // Without a note the same would be tried for ever.
            _ = try? store.update(training: record.id) { training in
                (training.state, training.ended, training.reason) = (.failed, Date(), reason)
                training.add(reason)
            }
        }
        try? FileManager.default.removeItem(at: folder)
    }

    /// - Returns: why there is no new model; nil: there is.
    private func perform(_ order: TrainingOrder, _ id: String) async -> String? {
        guard !isStopped, !isEnding else { return "stopped" }
        let worker: WorkerProcess
        do {
            worker = try WorkerProcess.start(program: settings.program, arguments: settings.words(settings.devices[0]), logger: logger) {}
            self.worker = worker
            try worker.send(.train(order: order))
        } catch { return "its worker cannot be started: \(FileError.reason(error))" }
        defer {
            worker.closeInput()
            self.worker = nil
        }
        let prefix = store.folder.path + "/"
        for await event in worker.events {
            switch event {
            case .note(order.job, let text):
                let text = text.replacingOccurrences(of: prefix, with: "")
                _ = try? store.update(training: id) { $0.add(text) }
            case .epoch(order.job, let done, _, let dice):
                _ = try? store.update(training: id) { training in
                    training.epoch = done
                    if let dice { (training.dice, training.best) = (dice, max(dice, training.best ?? 0)) }
                }
            case .trained(order.job): return nil
            case .failed(order.job, _, let reason): return reason
            case .canceled(order.job): return "stopped"
            default: break
            }
        }
        return "the program that trains ended unexpectedly (\(worker.ending)); it may need more memory than there is"
    }

    private func order(for record: TrainingRecord, _ folder: URL) async throws -> TrainingOrder {
        guard let model = try await pool.model(record.model, of: record.owner) else { throw APIError.notFound("model") }
        var cases: [TrainingOrder.Case] = []
        for (index, item) in try self.cases(of: record.owner, model).enumerated() {
            // A number keeps names apart, and a bar at the end those that look like a channel.
            let stem = FileName.stem(item.label.image).replacing(/_[0-9]{4}$/) { $0.output + "_" }
            cases.append(
                TrainingOrder.Case(
                    name: "\(index + 1)-\(stem)", image: try await image(item.scan).path, label: store.file(of: item.label).path, values: item.values))
        }
        let wish = record.wish
        return TrainingOrder(
            job: record.id, model: record.model, cases: cases, folder: folder.path, bundle: store.models.appending(path: "\(record.name).unetrpp").path,
            title: record.title, epochs: wish.epochs, iterations: wish.iterations, learningRate: wish.learningRate,
            validates: wish.validates && cases.count >= Self.leastForValidation)
    }

    /// A fifth is kept for validation, which has to be one scan at least.
    private static let leastForValidation = 5

    private typealias LabeledScan = (label: LabelRecord, scan: ScanRecord, values: [Int: Int])

    /// The owner's finished labels, and what their values become where their names tell which structure each is.
    private func cases(of owner: String, _ model: ModelDescription) throws -> [LabeledScan] {
        try store.labels(of: owner).filter { $0.tag == MONAILabelRoutes.finalTag }.compactMap { label in
            guard let scan = try store.image(label.image, of: owner) else { return nil }
            return (label, scan, try label.values(in: model))
        }
    }
}

extension LabelRecord {
    private struct Parameters: Decodable {
        struct Structure: Decodable {
            var name: String
            var idx: Int
        }

        var structures: [Structure]?

        private enum CodingKeys: String, CodingKey { case structures = "label_info" }
    }

    /// The model's value for each value of the mask, as the names that were saved with it say; empty where none were.
    ///
    /// - Throws: `APIError` for a structure that the model does not know.
    func values(in model: ModelDescription) throws -> [Int: Int] {
        // Regions have no value of their own.
        guard !model.regions, let parameters: Parameters = try? JSONText.decode(from: Data(self.parameters.utf8)) else { return [:] }
        return try (parameters.structures ?? []).reduce(into: [:]) { values, structure in
            guard let known = model.labels.first(where: { $0.name.lowercased() == structure.name.lowercased() }) else {
                throw APIError(
                    .unprocessableContent, "no_structure", field: "label_info",
                    "the label of \(image) has the structure \(structure.name), and the model knows \(model.labels.map(\.name).joined(separator: ", "))")
            }
            values[structure.idx] = known.value
        }
    }
}
