public import Foundation
import UNETRPlanning
import UNETRVolumes

/// A folder with the weights of TotalSegmentator: `Dataset291_TotalSegmentator_part1_organs_1559subj` and so on.
public struct TotalSegmentatorFolder: Sendable {
    private let folder: URL

    /// A folder, such as `~/.totalsegmentator/nnunet/results`.
    public init(_ folder: URL) { self.folder = folder }

    /// The tasks that can be imported, by name.
    public static var tasks: [String] { TotalSegmentatorTask.all.map(\.name) }

    /// Imports a task: all its models, with the grid, order and labels of that program.
    ///
    /// - Parameters:
    ///   - name: one of `tasks`; nil: the only one that is there.
    ///   - opener: opens the models.
    /// - Returns: the task, with a bundle for each part.
    /// - Throws: `ModelImportError` if a model is missing, or no task or several are there; what opening a model throws.
    public func task(named name: String? = nil, opener: ModelOpener) throws -> (task: ModelTask, bundles: [ModelBundle], notes: [String]) {
        let present = try models()
        let whole = TotalSegmentatorTask.all.filter { $0.models.allSatisfy { present[$0] != nil } }
        let task: TotalSegmentatorTask
        if let name {
            guard let known = TotalSegmentatorTask.all.first(where: { $0.name == name }) else {
                throw ModelImportError.missing(path: folder.path, what: "task \(name)", present: Self.tasks)
            }
            task = known
        } else {
            guard whole.count <= 1 else { throw ModelImportError.several(path: folder.path, what: "tasks", names: whole.map(\.name)) }
            // The task that most of the models are of says which one is missing.
            let begun = TotalSegmentatorTask.all.filter { $0.models.contains { present[$0] != nil } }
            guard let best = whole.first ?? begun.first else {
                throw ModelImportError.missing(
                    path: folder.path, what: "model of TotalSegmentator (Dataset291_… to Dataset295_…)",
                    present: present.values.map(\.lastPathComponent).sorted())
            }
            task = best
        }
        var bundles: [ModelBundle] = [], notes: [String] = []
        for (index, number) in task.models.enumerated() {
            guard let place = present[number] else {
                throw ModelImportError.missing(
                    path: folder.path, what: "folder Dataset\(number)_… of the task \(task.name)", present: present.values.map(\.lastPathComponent).sorted())
            }
            let opened = try opener.open(place, ModelChoice(folds: ["0"])), plan = opened.bundles[0].plan
            let expected = task.structures[index].count, found = plan.labels.foregroundValues
            guard found == Array(1..<expected + 1), !plan.labels.hasRegions else {
                throw ModelImportError.missing(
                    path: place.path, what: "model of the \(expected) structures of the task \(task.name)", present: ["one of the labels \(found)"])
            }
            let own = plan.labels.foreground.map(\.name)
            if own != task.structures[index] {
                notes.append("\(place.lastPathComponent) names its structures otherwise; the names of the task \(task.name) are used.")
            }
            bundles.append(opened.bundles[0])
        }
        notes.insert(
            "Scans are turned to RAS+ and resampled to \(task.spacing) mm linearly, in whole numbers, as TotalSegmentator does; the mask goes back by the nearest "
                + "voxel. Very large scans, which it cuts in three, are done as a whole.", at: 0)
        let parts = task.models.indices.map { ModelTask.Part(bundle: "part_\($0 + 1).unetrpp", values: task.values(ofModel: $0)) }
        let imported = ModelTask(
            name: "TotalSegmentator \(task.name)", spacing: Array(repeating: task.spacing, count: 3), stepFraction: TotalSegmentatorTask.stepFraction,
            labels: task.labels, parts: parts)
        return (imported, bundles, notes)
    }

    /// Folders of models by the number of their data set.
    private func models() throws -> [Int: URL] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw ModelError.notABundle(path: folder.path, problem: "there is no such folder")
        }
        var found: [Int: URL] = [:]
        for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted() {
            guard let match = name.prefixMatch(of: /Dataset([0-9]{3})_/), let number = Int(match.1) else { continue }
            found[number] = folder.appending(path: name)
        }
        return found
    }
}
