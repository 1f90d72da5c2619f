public import UNETRTraining

/// Why a workflow cannot do what it was asked.
public enum WorkflowError: Error, Equatable, CustomStringConvertible, Sendable {
    /// What a run was asked to go on with and does not have.
    public enum Contradiction: Equatable, Sendable {
        /// Another plan was asked for.
        case plan(path: String)
        /// Another network was asked for.
        case network(name: String)
        /// Other initial weights were asked for.
        case initialWeights(path: String)
        /// Another model to tune was asked for.
        case model(path: String)
        /// Another value of a setting was asked for.
        case setting(name: String, value: String)
    }

    /// In which way a mask that is there differs from the one that would be made.
    public enum MadeBy: Equatable, Sendable {
        /// By another model.
        case anotherModel
        /// By the same model with other options.
        case otherOptions
    }

    /// A run was asked to go on otherwise than it was started.
    case contradictsRun(path: String, own: String, asked: Contradiction)
    /// A model of several networks, where one is to be tuned.
    case severalNetworks(path: String, count: Int)
    /// A plan with another network than the model that is to be tuned.
    case otherNetwork(plan: String, found: String, model: String)
    /// A budget beside a number of epochs, in a file of settings or for this run.
    case budgetAndEpochs(budget: TrainingBudget, settings: String?)
    /// Cases that cannot be prepared, of so many.
    case unusableCases(names: [String], of: Int)
    /// A folder that prepared cases cannot be written to.
    case unwritableCases(folder: String, ready: Int, of: Int)
    /// Scans that a run kept for validation and that are not among those given.
    case missingScans(run: String, missing: [String], places: [String])
    /// One file is named for the masks of several scans.
    case oneMaskForScans(path: String, scans: Int)
    /// The mask would replace its scan.
    case maskOverScan(path: String)
    /// A scan that is to be compared with its expert's labels and has none.
    case unlabeledScan(name: String, folder: String)
    /// A cohort that is done in parts, or goes on later, needs a folder for its masks and what is noted about them.
    case noFolderForRecords(path: String)
    /// A record of a case that cannot be read.
    case unreadableRecord(path: String, problem: String)
    /// A folder without records.
    case noRecords(folder: String)
    /// A mask of this scan is there, made by another model or with other options.
    case madeOtherwise(mask: String, by: MadeBy)
    /// Scans that a list names and that are not there.
    case unknownCases(list: String, names: [String])
    /// A list without a case, or that is none.
    case badList(path: String, problem: String)
    /// Kinds of files of a BIDS data set were named, and the scans are none, or more than one.
    case noBIDSFolder(paths: [String])
    /// Neither a model nor a training run was named.
    case noModel
    /// A task was named among other models.
    case taskAmongModels(task: String)
    /// Probabilities that are right and certain everywhere.
    case nothingToCalibrate(folder: String)
    /// A locator was named for a task or for models of several plans.
    case locatorForSeveral(locator: String)
    /// What was named as a locator is made of several models.
    case severalLocators(path: String)
    /// A mask with a value that the model does not know.
    case unknownLabel(case: String, value: Int, known: [Int])

    /// One sentence: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .contradictsRun(let path, let own, let asked):
            "\(path): the run \(own), so it cannot go on with \(asked.text); a run goes on with what it was started with: leave that out, "
                + "or choose another folder"
        case .severalNetworks(let path, let count):
            "\(path) has \(count) networks, and one is tuned at a time; choose one of its folds"
        case .otherNetwork(let plan, let found, let model):
            "the plan \(plan) is for \(found), but the model that is tuned is \(model); leave the plan out, or take one for that network"
        case .budgetAndEpochs(let budget, let settings):
            "the number of epochs follows from the budget \(budget), so it cannot be given \(settings.map { "in \($0)" } ?? "beside it"); leave one of them out"
        case .unusableCases(let names, let count):
            "\(names.count) of \(count) cases cannot be used: \(names.joined(separator: ", ")); repair them or take them out of the data set"
        case .unwritableCases(let folder, let ready, let count):
            "\(folder) cannot take the prepared cases; make room there, or let this user write there. \(Self.progress(ready, count))"
        case .missingScans(let run, let missing, let places):
            "\(missing.count) scans that \(run) kept for validation are not in \(places.joined(separator: ", ")): "
                + missing.prefix(5).joined(separator: ", ") + (missing.count > 5 ? ", …" : "")
        case .oneMaskForScans(let path, let scans):
            "\(path) is one file, but there are \(scans) scans; name a folder"
        case .maskOverScan(let path):
            "the mask would overwrite the scan \(path); choose another place for it"
        case .unlabeledScan(let name, let folder):
            "the scan \(name) has no labels in \(folder), so its mask cannot be compared; add its label file, or leave the scan out"
        case .unknownLabel(let name, let value, let known):
            "the mask of \(name) has the value \(value); the model knows \(known.map(String.init).joined(separator: ", "))"
        case .nothingToCalibrate(let folder):
            "the probabilities in \(folder) are right and certain in every voxel, so nothing can be learned from them; take those of scans that the model was not trained on"
        case .taskAmongModels(let task): "\(task) is made of several models already, so it cannot be averaged with others; name it alone"
        case .locatorForSeveral(let locator):
            "\(locator) finds a region for one model or the folds of one, not for several of different plans; name one model, or no locator"
        case .severalLocators(let path): "\(path) is made of models of several plans; a locator is one model"
        case .noFolderForRecords(let path):
            "\(path) is one mask; a cohort that is done in parts or goes on later needs a folder for its masks"
        case .unreadableRecord(let path, let problem):
            "\(path): \(problem); remove the file to have the case segmented anew"
        case .noRecords(let folder):
            "\(folder) holds no records of a cohort"
        case .madeOtherwise(let mask, let way):
            "\(mask) is already there, made \(way == .anotherModel ? "by another model" : "with other options"); choose another folder, or have it replaced"
        case .unknownCases(let list, let names):
            "\(list) names \(names.count) cases that are not among the scans: \(names.prefix(5).joined(separator: ", "))\(names.count > 5 ? ", …" : "")"
        case .badList(let path, let problem):
            "\(path): \(problem); expected one case a line, or a table with a column named case"
        case .noBIDSFolder(let paths):
            "\(paths.joined(separator: ", ")): suffixes choose among the files of one BIDS data set, a folder with dataset_description.json and "
                + "sub-01/anat/sub-01_T1w.nii.gz; name such a folder, or no suffixes"
        case .noModel:
            "no model was named, and no training run that has one"
        }
    }

    /// How far a preparation came.
    public static func progress(_ ready: Int, _ count: Int) -> String {
        "\(ready) of \(count) cases are prepared, and the same command goes on from there"
    }
}

extension WorkflowError.Contradiction {
    fileprivate var text: String {
        switch self {
        case .plan(let path): "the plan \(path)"
        case .network(let name): "the network \(name)"
        case .initialWeights(let path): "the first weights \(path)"
        case .model(let path): "the model \(path)"
        case .setting(let name, let value): "\(name) \(value)"
        }
    }
}
