import Testing
import UNETREvaluation
import UNETRSupport

struct EvaluationErrorTests {
    private static let sentences: [(EvaluationError, String)] = [
        (
            .shapesDiffer(case: "a", prediction: [1, 2, 3], reference: [1, 2, 4]),
            "a: the prediction has 1×2×3 voxels [D, H, W] but the reference 1×2×4; resample the prediction to the reference, or check that both "
                + "are of the same scan."
        ),
        (
            .geometriesDiffer(case: "a", difference: "the spacing is 2"),
            "a: prediction and reference do not lie on the same grid: the spacing is 2. Resample the prediction to the reference, or correct the "
                + "header that is wrong."
        ),
        (.severalChannels(file: "/f", channels: 3), "/f: holds 3 channels, but a label map has one; pass the labels, not the probabilities."),
        (
            .tooManyLabels(case: "a", count: 3000, limit: 2048),
            "a: prediction and reference hold 3000 different labels (at most 2048 are expected): is one of them a scan?"
        ),
        (
            .undeclaredLabels(file: "/f", labels: [7], declared: [1, 2]),
            "/f: holds labels that are not declared: 7 (declared: 1, 2). Declare them, or name the classes to score."
        ),
        (
            .undeclaredLabels(file: "/f", labels: Array(1...14), declared: []),
            "/f: holds labels that are not declared: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, … (14 in all) (declared: ). Declare them, or name the "
                + "classes to score."
        ),
        (
            .noCaseInCommon(predictions: "/p", references: "/r"),
            "No case of /p has the same name as one of /r; a prediction CASE.nii.gz is scored against the reference CASE.nii.gz."
        ),
        (
            .unmatched(predictions: ["a"], references: ["b", "c"]),
            "Not every case has its counterpart; predictions without reference: a; references without prediction: b, c. Complete the folders, or "
                + "score only the matched cases."
        ),
        (.duplicateCase(case: "a", folder: "/p"), "/p: holds more than one file for the case a; keep one."),
        (.missing(path: "/p"), "/p: there is no such file or folder."),
        (.unreadable(path: "/p", problem: "is a named pipe"), "/p: is a named pipe"),
        (.noClasses, "There is no class to score: prediction and reference hold only background. Name the classes."),
        (
            .noGrid(case: "a"),
            "a: prediction and reference are DICOM objects, and the series that they are about lies beside neither; give the scans, or write the masks as "
                + "label maps."
        ),
        (.badTolerance(-1), "The tolerance -1.0 mm of the normalized surface Dice is not a number of at least 0."),
        (.unusableGeometry(case: "a", problem: "the affine is singular"), "a: distances cannot be computed: the affine is singular."),
        (.probabilities(case: "a", problem: "3 channels"), "a: the probabilities cannot be used: 3 channels."),
        (
            .noProbabilities(cases: ["a", "b"], folder: "/p"), "/p: holds no probabilities for a, b; expected CASE.nii.gz with one channel a label."
        ),
        (.notComparable("they have no class in common"), "The two results cannot be compared: they have no class in common."),
    ]

    @Test(arguments: sentences)
    func `Each error is a sentence with its values and what to do`(_ error: EvaluationError, _ sentence: String) {
        #expect("\(error)" == sentence)
    }
}
