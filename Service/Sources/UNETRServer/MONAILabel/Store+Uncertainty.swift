import Foundation
import GRDB

/// A scan that a model is to be asked about.
struct ScoreWish: Sendable, Equatable {
    /// What the worker calls it.
    var id: String
    var scan: ScanRecord
    /// The model's name and digest.
    var model: String
    var digest: String
}

extension Store {
    /// Images that nobody has finished.
    func openImages(of owner: String) throws -> [ImageRecord] {
        let labeled = Set(try labels(of: owner).filter { $0.tag == MONAILabelRoutes.finalTag }.map(\.image))
        return try images(of: owner).filter { !labeled.contains($0.name) }
    }

    /// Notes that an owner's images are to be scored by a model.
    func wantScores(of model: String, for owner: String) throws {
        try database.write { try $0.execute(sql: "INSERT OR IGNORE INTO scoring (owner, model) VALUES (?, ?)", arguments: [owner, model]) }
    }

    /// The next image without a label and without a score of a model that is wanted.
    ///
    /// - Parameters:
    ///   - digests: of the models there are, by name.
    ///   - passing: scans that are being scored.
    func nextUnscored(_ digests: [String: String], passing: Set<String>) throws -> ScoreWish? {
        try database.read { database in
            for row in try Row.fetchAll(database, sql: "SELECT owner, model FROM scoring ORDER BY owner, model") {
                let owner: String = row["owner"], model: String = row["model"]
                guard let digest = digests[model] else { continue }
                let scans = try ScanRecord.fetchAll(
                    database,
                    sql: """
                        SELECT scan.* FROM image JOIN scan ON scan.id = image.scan WHERE image.owner = ?
                        AND NOT EXISTS (SELECT 1 FROM label WHERE label.owner = image.owner AND label.image = image.name AND label.tag = ?)
                        AND NOT EXISTS (SELECT 1 FROM uncertainty WHERE uncertainty.scan = scan.id AND uncertainty.model = ?) ORDER BY image.name
                        """, arguments: [owner, MONAILabelRoutes.finalTag, digest])
                if let scan = scans.first(where: { !passing.contains($0.id) }) {
                    return ScoreWish(id: Identifier.new(), scan: scan, model: model, digest: digest)
                }
            }
            return nil
        }
    }

    /// Notes a score; nil where the model cannot say one, so that it is not asked again.
    func save(_ value: Double?, for wish: ScoreWish) throws {
        try database.write {
            try $0.execute(
                sql: "INSERT OR REPLACE INTO uncertainty (scan, model, value) VALUES (?, ?, ?)", arguments: [wish.scan.id, wish.digest, value])
        }
    }

    /// The scores of a model, by scan.
    func uncertainties(by digest: String) throws -> [String: Double] {
        try database.read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT scan, value FROM uncertainty WHERE model = ? AND value IS NOT NULL", arguments: [digest])
            return Dictionary(rows.map { ($0["scan"], $0["value"]) }) { first, _ in first }
        }
    }
}
