import Foundation
import GRDB

/// A scan under the name that an annotator's program gave it.
struct ImageRecord: Codable, Equatable, Sendable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "image"

    var owner: String
    var name: String
    /// The scan's identifier.
    var scan: String
}

/// A mask that an annotator saved: a row, and the file `labels/FILE`.
struct LabelRecord: Codable, Equatable, Sendable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "label"

    var owner: String
    /// The name of its image.
    var image: String
    /// Which of several masks it is, such as "final".
    var tag: String
    var file: String
    /// What the program told with it, JSON.
    var parameters: String
    var bytes: Int
    var created: Date
}

extension Store {
    func file(of label: LabelRecord) -> URL { folder.appending(path: "labels/\(label.file)") }

    func images(of owner: String) throws -> [ImageRecord] {
        try database.read { try ImageRecord.filter(Column("owner") == owner).order(Column("name")).fetchAll($0) }
    }

    func labels(of owner: String) throws -> [LabelRecord] {
        try database.read { try LabelRecord.filter(Column("owner") == owner).order(Column("image"), Column("tag")).fetchAll($0) }
    }

    func image(_ name: String, of owner: String) throws -> ScanRecord? {
        try database.read { database in
            guard let image = try ImageRecord.fetchOne(database, key: ["owner": owner, "name": name]) else { return nil }
            return try ScanRecord.fetchOne(database, key: image.scan)
        }
    }

    func label(_ image: String, tag: String, of owner: String) throws -> LabelRecord? {
        try database.read { try LabelRecord.fetchOne($0, key: ["owner": owner, "image": image, "tag": tag]) }
    }

    /// Gives a scan a name, under which it stays until it is removed. One that had the name is forgotten.
    func name(_ scan: ScanRecord, _ name: String) throws {
        let earlier = try image(name, of: scan.owner)
        try database.write { database in
            var scan = scan
            scan.expires = .distantFuture
            try scan.update(database)
            try ImageRecord(owner: scan.owner, name: name, scan: scan.id).save(database)
            // Kept no longer than any other scan.
            if var earlier, earlier.id != scan.id {
                earlier.expires = Date()
                try earlier.update(database)
            }
        }
    }

    /// Puts a label in the place of one of the same tag.
    func save(_ label: LabelRecord) throws {
        let earlier = try self.label(label.image, tag: label.tag, of: label.owner)
        try database.write { try label.save($0) }
        if let earlier { try? FileManager.default.removeItem(at: file(of: earlier)) }
    }

    /// Forgets an image and its labels.
    func removeImage(_ name: String, of owner: String) throws {
        let labels = try labels(of: owner).filter { $0.image == name }
        try database.write { database in
            let image = try ImageRecord.fetchOne(database, key: ["owner": owner, "name": name])
            try database.execute(sql: "UPDATE scan SET expires = ? WHERE id = ?", arguments: [Date(), image?.scan])
            _ = try image?.delete(database)
            for label in labels { try label.delete(database) }
        }
        for label in labels { try? FileManager.default.removeItem(at: file(of: label)) }
    }
}
