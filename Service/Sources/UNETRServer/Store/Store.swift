import Foundation
import GRDB
import UNETRSupport

/// Scans, jobs and results on disk: a database, and a folder for each scan and job.
///
/// Files are complete before their row is written, and a row is gone before its files are, so that whatever a crash leaves is a file without a row. Those
/// are removed at the next start.
final class Store: Sendable {
    let folder: URL
    let database: DatabasePool
    /// No other server works in the folder while this one does.
    private let lock: FolderLock
    /// How long scans and ended jobs are kept, in seconds.
    let keep: Double

    private static let subfolders = ["incoming", "scans", "jobs", "labels", "training", "models"]

    /// Opens or makes a store.
    ///
    /// - Throws: `FolderInUse` while another server uses the folder; `FileError`, `DatabaseError`.
    init(folder: URL, keep: Double) throws {
        self.folder = folder
        self.keep = keep
        try PrivateFolder.make(folder)
        _ = try PrivateFolder(folder)
        lock = try FolderLock(folder)
        for name in Self.subfolders { try PrivateFolder.make(folder.appending(path: name)) }
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        // With the write-ahead log a power failure may take back the last changes, never harm the file.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
        database = try DatabasePool(path: folder.appending(path: "store.sqlite").path, configuration: configuration)
        try Self.migrator.migrate(database)
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.create(table: "scan") { table in
                table.primaryKey("id", .text)
                table.column("owner", .text).notNull()
                for name in ["name", "file", "format", "digest"] { table.column(name, .text).notNull() }
                table.column("series", .text)
                for name in ["size", "spacing"] { table.column(name, .jsonText).notNull() }
                table.column("bytes", .integer).notNull()
                table.column("created", .datetime).notNull()
                table.column("expires", .datetime).notNull().indexed()
            }
            try database.create(table: "job") { table in
                table.primaryKey("id", .text)
                table.column("number", .integer).notNull().unique()
                for name in ["owner", "line", "stem", "state"] { table.column(name, .text).notNull() }
                table.column("key", .text).notNull().indexed()
                for name in ["model", "scans", "choices"] { table.column(name, .jsonText).notNull() }
                table.column("attempts", .integer).notNull()
                table.column("errorCode", .text)
                table.column("errorReason", .text)
                table.column("fromStore", .boolean).notNull()
                table.column("created", .datetime).notNull()
                for name in ["started", "ended"] { table.column(name, .datetime) }
                table.column("expires", .datetime).indexed()
            }
        }
        migrator.registerMigration("2") { database in
            // Images and labels under the names that MONAI Label's clients give them.
            try database.create(table: "image") { table in
                table.primaryKey(["owner", "name"])
                table.column("owner", .text).notNull()
                table.column("name", .text).notNull()
                table.column("scan", .text).notNull()
            }
            try database.create(table: "label") { table in
                table.primaryKey(["owner", "image", "tag"])
                for name in ["owner", "image", "tag", "file", "parameters"] { table.column(name, .text).notNull() }
                table.column("bytes", .integer).notNull()
                table.column("created", .datetime).notNull()
            }
        }
        migrator.registerMigration("3") { database in
            // Models whose owners want to know how uncertain they are, and what is known of that; `model` is a name here and a digest there.
            try database.create(table: "scoring") { table in
                table.primaryKey(["owner", "model"])
                for name in ["owner", "model"] { table.column(name, .text).notNull() }
            }
            try database.create(table: "uncertainty") { table in
                table.primaryKey(["scan", "model"])
                for name in ["scan", "model"] { table.column(name, .text).notNull() }
                table.column("value", .double)
            }
            try database.create(table: "training") { table in
                table.primaryKey("id", .text)
                for name in ["owner", "model", "title", "state"] { table.column(name, .text).notNull() }
                table.column("name", .text).notNull().unique()
                for name in ["wish", "log"] { table.column(name, .jsonText).notNull() }
                for name in ["attempts", "epoch"] { table.column(name, .integer).notNull() }
                for name in ["dice", "best"] { table.column(name, .double) }
                table.column("reason", .text)
                table.column("created", .datetime).notNull()
                table.column("ended", .datetime)
            }
            try database.alter(table: "job") { table in
                for name in ["source", "sent"] { table.add(column: name, .jsonText) }
            }
        }
        return migrator
    }

    // MARK: Places

    func incoming() -> URL { folder.appending(path: "incoming/\(Identifier.new())") }
    func folder(ofScan id: String) -> URL { folder.appending(path: "scans/\(id)") }
    func folder(ofJob id: String) -> URL { folder.appending(path: "jobs/\(id)") }
    func file(of scan: ScanRecord) -> URL { folder(ofScan: scan.id).appending(path: scan.file) }
    func folder(ofTraining id: String) -> URL { folder.appending(path: "training/\(id)") }
    /// Models that were trained here.
    var models: URL { folder.appending(path: "models") }
    func mask(of id: String) -> URL { folder(ofJob: id).appending(path: "mask.nii.gz") }
    func statistics(of id: String) -> URL { folder(ofJob: id).appending(path: "statistics.json") }

    /// Bytes of all files, as the disk holds them.
    var usedBytes: Int {
        let keys: Set<URLResourceKey> = [.fileSizeKey, .isRegularFileKey]
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: Array(keys))
        return (files?.compactMap { $0 as? URL } ?? []).reduce(0) { sum, file in
            let values = try? file.resourceValues(forKeys: keys)
            return values?.isRegularFile == true ? sum + (values?.fileSize ?? 0) : sum
        }
    }

    // MARK: Keeping

    /// Puts in order what a crash left: jobs that were under way wait once more, or failed if that was their second time; files without a row go.
    ///
    /// - Returns: the jobs that wait, in their order.
    func recover() throws -> [JobRecord] {
        let now = Date()
        try database.write { database in
            for var job in try JobRecord.filter(Column("state") == JobState.running).fetchAll(database) {
                if job.attempts >= 2 {
                    (job.state, job.ended, job.expires) = (.failed, now, now + keep)
                    (job.errorCode, job.errorReason) = ("interrupted", "the server ended twice while the job was under way")
                } else {
                    (job.state, job.started) = (.queued, nil)
                }
                try job.update(database)
            }
        }
        try removeOrphans()
        return try database.read { try JobRecord.filter(Column("state") == JobState.queued).order(Column("number")).fetchAll($0) }
    }

    private func removeOrphans() throws {
        let known = try database.read { database in
            try Set(
                String.fetchAll(
                    database,
                    sql: "SELECT id FROM scan UNION SELECT id FROM job UNION SELECT file FROM label UNION SELECT id FROM training WHERE state = 'running'"))
        }
        AtomicFile.removeAbandoned(in: models)
        for place in Self.subfolders where place != "models" {
            let folder = folder.appending(path: place)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where !known.contains(name) {
                try FileManager.default.removeItem(at: folder.appending(path: name))
            }
        }
        // Halves of results that a killed worker left.
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "jobs").path) {
            AtomicFile.removeAbandoned(in: folder.appending(path: "jobs/\(name)"))
        }
    }

    /// Removes what has been kept long enough: ended jobs, and scans that no waiting job needs.
    ///
    /// - Returns: the jobs that are gone.
    @discardableResult
    func removeExpired(at now: Date = Date()) throws -> [String] {
        let (jobs, scans) = try database.write { database in
            let jobs = try String.fetchAll(database, sql: "SELECT id FROM job WHERE expires < ?", arguments: [now])
            try JobRecord.filter(keys: jobs).deleteAll(database)
            let needed = try Self.neededScans(database)
            let scans = try String.fetchAll(database, sql: "SELECT id FROM scan WHERE expires < ?", arguments: [now]).filter { !needed.contains($0) }
            try ScanRecord.filter(keys: scans).deleteAll(database)
            for scan in scans { try database.execute(sql: "DELETE FROM image WHERE scan = ?", arguments: [scan]) }
            try database.execute(sql: "DELETE FROM uncertainty WHERE scan NOT IN (SELECT id FROM scan)")
            return (jobs, scans)
        }
        for id in jobs { try? FileManager.default.removeItem(at: folder(ofJob: id)) }
        for id in scans { try? FileManager.default.removeItem(at: folder(ofScan: id)) }
        return jobs
    }

    /// The scans of jobs that wait or are under way.
    private static func neededScans(_ database: Database) throws -> Set<String> {
        Set(try JobRecord.filter([JobState.queued, .running].contains(Column("state"))).fetchAll(database).flatMap(\.scans))
    }
}

// MARK: Scans

extension Store {
    func insert(_ scan: ScanRecord) throws { try database.write { try scan.insert($0) } }

    /// A scan that its owner asks for; nil where there is none, or it is somebody else's.
    func scan(_ id: String, of owner: String) throws -> ScanRecord? {
        guard Identifier.isValid(id) else { return nil }
        return try database.read { try ScanRecord.fetchOne($0, key: id) }.flatMap { $0.owner == owner ? $0 : nil }
    }

    /// A job's scans, in their order; those that are gone are missing.
    func scans(of job: JobRecord) throws -> [ScanRecord] {
        try database.read { database in try job.scans.compactMap { try ScanRecord.fetchOne(database, key: $0) } }
    }

    /// - Returns: false where a job still needs the scan.
    func remove(_ scan: ScanRecord) throws -> Bool {
        let isGone = try database.write { database in
            guard try !Self.neededScans(database).contains(scan.id) else { return false }
            try database.execute(sql: "DELETE FROM image WHERE scan = ?", arguments: [scan.id])
            return try scan.delete(database)
        }
        if isGone { try? FileManager.default.removeItem(at: folder(ofScan: scan.id)) }
        return isGone
    }
}

// MARK: Jobs

extension Store {
    /// A job that its owner asks for; nil where there is none, or it is somebody else's.
    func job(_ id: String, of owner: String) throws -> JobRecord? {
        guard Identifier.isValid(id) else { return nil }
        return try job(id).flatMap { $0.owner == owner ? $0 : nil }
    }

    func job(_ id: String) throws -> JobRecord? { try database.read { try JobRecord.fetchOne($0, key: id) } }

    /// An owner's jobs, the newest first.
    func jobs(of owner: String, limit: Int) throws -> [JobRecord] {
        try database.read { try JobRecord.filter(Column("owner") == owner).order(Column("number").desc).limit(limit).fetchAll($0) }
    }

    /// Writes a new job, and gives it its number.
    func insert(_ job: JobRecord) throws -> JobRecord {
        try database.write { database in
            var job = job
            job.number = try (Int64.fetchOne(database, sql: "SELECT MAX(number) FROM job") ?? 0) + 1
            try job.insert(database)
            return job
        }
    }

    /// Changes a job that is there.
    ///
    /// - Returns: the job as it is now; nil where it is gone.
    @discardableResult
    func update(_ id: String, _ change: (inout JobRecord) -> Void) throws -> JobRecord? {
        try database.write { database in
            guard var job = try JobRecord.fetchOne(database, key: id) else { return nil }
            change(&job)
            try job.update(database)
            return job
        }
    }

    /// - Returns: whether it was there.
    @discardableResult
    func remove(_ job: JobRecord) throws -> Bool {
        let isGone = try database.write { try job.delete($0) }
        if isGone { try? FileManager.default.removeItem(at: folder(ofJob: job.id)) }
        return isGone
    }

    func countJobs() throws -> [JobState: Int] {
        try database.read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT state, COUNT(*) AS count FROM job GROUP BY state")
            return Dictionary(uniqueKeysWithValues: rows.compactMap { row in JobState(rawValue: row["state"]).map { ($0, row["count"]) } })
        }
    }

    /// A job with the same result that is done.
    func doneJob(key: String) throws -> JobRecord? {
        try database.read { database in
            try JobRecord.filter(Column("key") == key && Column("state") == JobState.done).order(Column("number").desc).fetchOne(database)
        }
    }

    /// Lets a job have the files of another, which may go before it does.
    /// - Throws: what the file system says, such as that they are gone.
    func linkResults(of done: JobRecord, to id: String) throws {
        let target = folder(ofJob: id)
        try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
        for name in ["mask.nii.gz", "statistics.json"] {
            let place = target.appending(path: name)
            try? FileManager.default.removeItem(at: place)
            try FileManager.default.linkItem(at: folder(ofJob: done.id).appending(path: name), to: place)
        }
    }
}
