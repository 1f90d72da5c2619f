import Foundation
import GRDB

/// How a training is asked for.
struct TrainingWish: Codable, Equatable, Sendable {
    var epochs = 50
    /// Steps in an epoch.
    var iterations = 25
    var learningRate = 1e-3
    /// Whether some of the scans are kept for validation.
    var validates = true
}

enum TrainingState: String, Codable, Sendable, DatabaseValueConvertible { case running, done, failed, stopped }

/// A training that somebody started: a row, and while it is under way the folder `training/ID`. What comes out of it is `models/NAME.unetrpp`.
struct TrainingRecord: Codable, Equatable, Sendable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "training"

    var id: String
    /// Who may use the new model.
    var owner: String
    /// The model it starts from.
    var model: String
    /// The new model's name, which nothing else has.
    var name: String
    /// What people call the new model.
    var title: String
    var wish: TrainingWish
    var state: TrainingState
    /// How often it was begun.
    var attempts: Int
    /// Epochs that are done.
    var epoch: Int
    /// Mean Dice of the last validation, and the best of all.
    var dice: Double?
    var best: Double?
    /// The last lines for people.
    var log: [String]
    /// Why it failed.
    var reason: String?
    var created: Date
    var ended: Date?

    private static let mostLines = 200

    mutating func add(_ line: String) { log = (log + [line]).suffix(Self.mostLines) }

    /// The name of the next version of a model: "liver" becomes "liver-v2", and that "liver-v3".
    static func nextName(after model: String, taken: Set<String>) -> String {
        let stem = model.replacing(/-v[0-9]{1,6}$/, with: "")
        return sequence(first: 2) { $0 + 1 }.lazy.map { "\(stem)-v\($0)" }.first { !taken.contains($0) } ?? model
    }
}

extension Store {
    /// The training that is under way; there is one at most.
    func runningTraining() throws -> TrainingRecord? {
        try database.read { try TrainingRecord.filter(Column("state") == TrainingState.running).fetchOne($0) }
    }

    /// An owner's training that was started last.
    func lastTraining(of owner: String) throws -> TrainingRecord? {
        try database.read { try TrainingRecord.filter(Column("owner") == owner).order(Column("created").desc).fetchOne($0) }
    }

    /// Names that trainings gave.
    func trainedNames() throws -> Set<String> { try database.read { try Set(String.fetchAll($0, sql: "SELECT name FROM training")) } }

    /// Models that others trained.
    func models(foreignTo owner: String) throws -> Set<String> {
        try database.read { try Set(String.fetchAll($0, sql: "SELECT name FROM training WHERE owner <> ?", arguments: [owner])) }
    }

    func insert(_ training: TrainingRecord) throws { try database.write { try training.insert($0) } }

    @discardableResult
    func update(training id: String, _ change: (inout TrainingRecord) -> Void) throws -> TrainingRecord? {
        try database.write { database in
            guard var training = try TrainingRecord.fetchOne(database, key: id) else { return nil }
            change(&training)
            try training.update(database)
            return training
        }
    }
}
