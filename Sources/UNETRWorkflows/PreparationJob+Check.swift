import Foundation
public import UNETRPreparation

extension PreparationJob.Summary {
    /// Cases that are ready for use.
    public var ready: Int { prepared.count + alreadyThere.count }

    /// Makes sure that all of a job's cases are ready.
    ///
    /// - Throws: `WorkflowError.unwritableCases`, `WorkflowError.unusableCases`; `CancellationError` where the job was stopped.
    public func check(_ job: PreparationJob) throws {
        if failed.contains(where: \.isOfOutput) {
            throw WorkflowError.unwritableCases(folder: job.folder.path, ready: ready, of: job.cases.count)
        }
        if wasCancelled { throw CancellationError() }
        if !failed.isEmpty { throw WorkflowError.unusableCases(names: failed.map(\.name), of: job.cases.count) }
    }
}
