import Testing
import UNETRPreparation
import UNETRSupport

struct PreparationErrorTests {
    private static let sentences: [(PreparationError, String)] = [
        (.tooFewCases(got: 3, folds: 5), "cannot make 5 folds of 3 labeled cases; add cases or ask for fewer folds"),
        (.duplicateCase("a"), "the case a occurs twice; give every case a name of its own"),
        (.noPublishedSplit(benchmark: "lung"), "lung was published without a split of its own; choose a fold"),
        (.noPublishedSplit(benchmark: nil), "the data set is none of the published benchmarks by its name; name one, or choose a fold"),
        (
            .splitMismatch(benchmark: "acdc", missing: ["a", "b", "c", "d"]),
            "the published split of acdc names 4 cases that the data set lacks: a, b, c and more; rename the cases as the benchmark does, or choose "
                + "a fold"
        ),
        (.notADataset(path: "/d", problem: "it is empty"), "/d is no data set: it is empty"),
        (.missingFile(path: "/f", neededFor: "case a"), "/f does not exist, but case a needs it"),
        (
            .wrongChannelCount(scan: "/s", expected: ["T1", "T2"], got: 1),
            "/s has 1 channel, the plan expects 2 (T1, T2); give one file for each channel, in that order"
        ),
        (
            .sizeMismatch(scan: "/s", expected: [1, 2, 3], got: [3, 2, 1]),
            "/s is 3 × 2 × 1 voxels, but 1 × 2 × 3 are expected; channels and labels of a case must share one grid"
        ),
        (
            .geometryMismatch(scan: "/s", other: "/o", difference: "their origins are 4 mm apart"),
            "/s and /o do not lie on the same grid: their origins are 4 mm apart; resample one onto the other"
        ),
        (.emptyScan(scan: "/s"), "/s holds nothing but zeros; there is nothing to segment"),
        (
            .constantChannel(scan: "/s", channel: "T1", value: 7),
            "/s: channel T1 is 7.0 everywhere; an image without contrast cannot be normalized or segmented"
        ),
        (
            .notColor(scan: "/s", channel: "red", lowest: -1, highest: 300),
            "/s: channel red holds values from -1.0 to 300.0, but the plan takes colors from 0 to 255; give the image the model was made for"
        ),
        (
            .notFinite(scan: "/s", channel: "T1", count: 1),
            "/s: channel T1 holds 1 voxel that are not a finite number (NaN or infinite); replace them before preparing"
        ),
        (
            .invalidSpacing(scan: "/s", spacing: [0, 1, 1]),
            "/s has the voxel spacing [0.0, 1.0, 1.0] mm; each must be a finite number above 0, from 0.0001 to 1000.0"
        ),
        (.singularAffine(scan: "/s"), "/s has an affine whose axes fall together; its header does not say where the voxels lie"),
        (.notThreeDimensional(scan: "/s", size: [1, 5, 5]), "/s has the size 1 × 5 × 5; a scan needs three axes of at least two voxels each"),
        (
            .tooLargeForMemory(
                scan: "/s", size: [9, 9, 9], spacing: [1, 1, 1], target: [0.1, 0.1, 0.1], needed: 3 << 20,
                limit: MemoryLimit(bytes: 2 << 20, reason: "as was asked for")),
            "/s would have 9 × 9 × 9 voxels after resampling from [1.0, 1.0, 1.0] to [0.1, 0.1, 0.1] mm and needs about 3 MB, allowed are 2 MB (as was "
                + "asked for); check its spacing and the plan's targetSpacing, or allow more"
        ),
        (
            .unknownLabel(scan: "/s", value: 7, count: 2, known: [0, 1]),
            "/s holds the label 7 in 2 voxels, but the plan knows only 0, 1; correct the labels or the plan"
        ),
        (
            .wrongProbabilityCount(scan: "/s", expected: 8, got: 4), "/s: 4 network outputs were given, but classes × voxels of the prepared scan are 8"
        ),
        (.brokenCase(path: "/c", problem: "the file is cut off"), "/c: the file is cut off; prepare the case again"),
    ]

    @Test(arguments: sentences)
    func `Each error is a sentence with its values and what to do`(_ error: PreparationError, _ sentence: String) {
        #expect("\(error)" == sentence)
    }

    private static let splitSentences: [(SplitError, String)] = [
        (.rule("(", problem: "it does not end"), "the rule of groups '(' is no regular expression: it does not end"),
        (
            .unmatched(rule: "p[0-9]", names: ["a", "b", "c", "d"]),
            "the rule of groups 'p[0-9]' finds nothing in 4 cases: a, b, c and 1 more; every name must have its group"
        ),
        (.table(path: "/t", problem: "it has no column case"), "/t: it has no column case"),
        (
            .tooFewGroups(groups: 2, cases: 9, folds: 5),
            "cannot make 5 folds of 2 groups, which 9 cases belong to; add patients, correct the groups, or give a split of your own"
        ),
        (.noSuchFold("7", expected: "0 to 4"), "there is no fold 7; expected 0 to 4"),
        (
            .torn(path: "/f", groups: ["p1"]),
            "/f was found with the data set and puts cases of one group on both sides: p1; name the file yourself to use it as it is, or have it "
                + "passed over"
        ),
        (
            .contradiction(what: "fold", asked: "1", recorded: "0"),
            "the run was started with 0 as fold, not 1; leave it out to continue the run, or start another"
        ),
        (.missingCases(names: ["a"]), "the run's split has 1 case that the data set lacks: a"),
    ]

    @Test(arguments: splitSentences)
    func `Each error of a split is a sentence with its values`(_ error: SplitError, _ sentence: String) {
        #expect("\(error)" == sentence)
    }
}
