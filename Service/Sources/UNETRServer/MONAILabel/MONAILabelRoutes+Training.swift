import Foundation
import HTTPTypes
import Hummingbird
import UNETRSupport
import UNETRWork

/// Training on saved labels: started, watched, stopped.
extension MONAILabelRoutes {
    var trainingEndpoints: [Endpoint] {
        [
            Endpoint(.get, "/train") { request, context in try trainingStatus(request, context.client.owner) },
            Endpoint(.post, "/train") { request, context in try await train(nil, request, context) },
            Endpoint(.post, "/train/{model}") { request, context in try await train(modelName(context), request, context) },
            Endpoint(.delete, "/train") { _, context in
                guard let stopped = try await trainings.stop(for: context.client.owner) else { throw APIError.notFound("training under way") }
                return .json(Self.view(stopped))
            },
        ]
    }

    /// What a client may set, by the names that its form shows, with what holds otherwise.
    static func trainer(_ model: ModelDescription) -> JSONValue {
        let usual = TrainingWish()
        return .object([
            "description": .string("Trains \(model.title) further on the saved labels"),
            "config": .object([
                "max_epochs": .integer(usual.epochs), "iterations": .integer(usual.iterations), "learning_rate": .number(usual.learningRate),
                "val_split": .number(0.2),
            ]),
        ])
    }

    /// How far the last training is, as the client's bar shows it.
    func trainingFigures(_ owner: String) throws -> JSONValue {
        guard let training = try store.lastTraining(of: owner) else { return .object([:]) }
        var figures: [String: JSONValue] = [
            "epoch": .integer(training.epoch), "total_epochs": .integer(training.wish.epochs),
            "start_ts": .integer(Int(training.created.timeIntervalSince1970)),
        ]
        if let best = training.best { figures["best_metric"] = .number(best) }
        if let ended = training.ended { figures["total_time"] = .string("\(Int(ended.timeIntervalSince(training.created))) s") }
        return .object([training.model: .object(figures)])
    }

    private func trainingStatus(_ request: Request, _ owner: String) throws -> Response {
        let last = try store.lastTraining(of: owner)
        if request.query("check_if_running")?.lowercased() == "true" {
            guard let last, last.state == .running else { throw APIError.notFound("training under way") }
            return .json(Self.view(last))
        }
        guard let last else { throw APIError.notFound("training") }
        return .json(Self.view(last))
    }

    private func train(_ name: String?, _ request: Request, _ context: ServerContext) async throws -> Response {
        let owner = context.client.owner, models = try await pool.models(of: owner), wish = try await wish(request)
        guard let model = name == nil && models.count == 1 ? models[0] : models.first(where: { $0.name == name }) else {
            throw name == nil
                ? APIError(.unprocessableContent, "no_model", field: "model", "there are several models; name one: /train/NAME") : .notFound("model")
        }
        return .json(Self.view(try await trainings.start(model, wish, for: owner)))
    }

    private func wish(_ request: Request) async throws -> TrainingWish {
        let body = try await Upload.receive(request, most: 1 << 16, limits)
        guard !body.isEmpty else { return TrainingWish() }
        guard case .object(let fields)? = try? JSONText.decode(JSONValue.self, from: body) else {
            throw APIError(.unprocessableContent, "bad_body", "the body is no JSON object")
        }
        func number(_ field: String, in range: ClosedRange<Double>) throws -> Double? {
            let number: Double? =
                switch fields[field] {
                case nil, .null: nil
                case .integer(let value): Double(value)
                case .number(let value): value
                // Forms hand over what was typed.
                case .string(let text): Double(text) ?? .nan
                default: .nan
                }
            guard let number else { return nil }
            guard range.contains(number) else {
                throw APIError(.unprocessableContent, "bad_parameter", field: field, "\(field) is not a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        var wish = TrainingWish()
        if let epochs = try number("max_epochs", in: 1...100_000) { wish.epochs = Int(epochs) }
        if let iterations = try number("iterations", in: 1...100_000) { wish.iterations = Int(iterations) }
        if let rate = try number("learning_rate", in: 1e-8...1) { wish.learningRate = rate }
        if let share = try number("val_split", in: 0...1) { wish.validates = share > 0 }
        return wish
    }

    private static func view(_ training: TrainingRecord) -> JSONValue {
        let status =
            switch training.state {
            case .running: "RUNNING"
            case .done: "DONE"
            case .failed: "ERROR"
            case .stopped: "STOPPED"
            }
        var view: [String: JSONValue] = [
            "id": .string(training.id), "status": .string(status), "start_ts": .string(time(training.created)),
            "details": .array(training.log.suffix(20).map { .string($0) }),
            "request": .object([
                "model": .string(training.model), "max_epochs": .integer(training.wish.epochs), "iterations": .integer(training.wish.iterations),
                "learning_rate": .number(training.wish.learningRate),
            ]),
        ]
        if let ended = training.ended { view["end_ts"] = .string(time(ended)) }
        if training.state == .done { view["model"] = .string(training.name) }
        return .object(view)
    }

    private static func time(_ date: Date) -> String {
        date.formatted(
            Date.VerbatimFormatStyle(
                format:
                    "\(year: .defaultDigits)-\(month: .twoDigits)-\(day: .twoDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits)",
                timeZone: .gmt, calendar: Calendar(identifier: .gregorian)))
    }
}
