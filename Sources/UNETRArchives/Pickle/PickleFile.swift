public import Foundation

/// Reading plain pickle files, such as nnU-Net's `plans.pkl`, without running them.
public enum PickleFile {
    /// The value of the pickle at the start of a file.
    ///
    /// - Throws: `ArchiveError` with the position of what is wrong, `FileError` when the file cannot be opened.
    public static func read(_ url: URL) throws -> PickleValue {
        let file = try MappedFile(url)
        do {
            let (item, graph, _) = try PickleMachine.run(file.bytes, budget: ReadingBudget(fileBytes: file.count))
            guard let storage = graph.storages.first else { return try PickleResolver.resolve(item, graph) }
            throw ArchiveError.Problem.missingStorage(key: storage.key)
        } catch let problem as ArchiveError.Problem {
            throw ArchiveError(path: url.path, problem: problem)
        }
    }
}
