import Testing
import UNETRInference
import UNETRModels

struct InferenceErrorTests {
    private static let quantization: [(QuantizationError, String)] = [
        (.damaged(path: "/q", problem: "ranges is missing."), "/q is damaged (ranges is missing); quantize the model anew"),
        (.version(path: "/q", found: 9), "/q has version 9, expected 1; quantize the model anew"),
        (.foreign(path: "/q"), "/q was made for other weights than those beside it; quantize the model anew"),
        (.processor, "this processor has no instruction for 8-bit products (AVX-512 VNNI, AVX-VNNI or AMX)"),
        (.architecture("x"), "x cannot be computed in 8 bits, because the compiled engine does not take it"),
        (.exists(path: "/m"), "/m is already there; choose another name, or remove it first"),
        (.noScans, "there are no calibration scans; name some scans like those that the model will segment"),
        (
            .nothingToCompare(scans: 3),
            "float32 and 8 bits find no structure in 3 calibration scans, so nothing shows that they agree; calibrate with scans that hold the structures"
        ),
        (
            .disagreement(found: 0.9, limit: 0.995),
            "the masks in 8 bits agree with those of float32 at a mean Dice of 0.9000 only, expected 0.995 or more; nothing was saved. More or other "
                + "calibration scans may help; it can be saved all the same where that is asked for"
        ),
    ]

    @Test(arguments: quantization)
    func `Each error of 8 bits is a sentence with its values`(_ error: QuantizationError, _ sentence: String) {
        #expect("\(error)" == sentence)
    }

    private static let scans: [(ScanCollectionError, String)] = [
        (.missing(path: "/s"), "/s: there is no such file or folder"),
        (
            .seriesNeeded(path: "/s", channels: 2, present: ["3 MR", "4 MR"]),
            "/s: the model takes 2 channels; name the series of each in their order; there are: 3 MR; 4 MR"
        ),
        (.seriesCount(path: "/s", given: 3, channels: 2), "/s: 3 series were named, expected 2, one for each channel of the model"),
        (
            .sameName(name: "a", first: "/x/a.nii", second: "/y/a.nii"),
            "/x/a.nii and /y/a.nii would both become the mask a; rename one, or segment them into different folders"
        ),
    ]

    @Test(arguments: scans)
    func `Each error of named scans is a sentence with its values`(_ error: ScanCollectionError, _ sentence: String) {
        #expect("\(error)" == sentence)
    }

    private static let models: [(ModelError, String)] = [
        (
            .notABundle(path: "/m", problem: "plan.json is missing"),
            "/m is not a model bundle: plan.json is missing. A bundle is a folder (NAME.unetrpp) with model.safetensors and plan.json, which a training "
                + "or a conversion writes"
        )
    ]

    @Test(arguments: models)
    func `Each error of models is a sentence with its values`(_ error: ModelError, _ sentence: String) {
        #expect("\(error)" == sentence)
    }

    private static let segmentation: [(InferenceError, String)] = [
        (
            .channels(scan: "/s", found: 1, expected: 2, names: ["T1", "T2"]),
            "/s has 1 channels, the model expects 2 (T1, T2); give one file a channel, CASE_0000.nii.gz and so on, or one 4-D file"
        ),
        (.nonFinite(scan: "/s", count: 3), "/s holds 3 voxels that are not numbers (NaN or infinite); repair the scan first"),
        (.unknownStructure(name: "x", known: ["a (1)", "b (2)"]), "the model has no structure 'x'; it has a (1), b (2)"),
        (
            .noProbabilities(task: "total"),
            "total is made of several models, each of which knows only its own structures, so there are no probabilities of all"
        ),
    ]

    @Test(arguments: segmentation)
    func `Each error of a segmentation is a sentence with its values`(_ error: InferenceError, _ sentence: String) {
        #expect("\(error)" == sentence)
    }
}
