import Testing
import UNETRTorch
import UNETRTraining
import UNETRWorkflows

struct WorkflowErrorTests {
    private static let sentences: [(WorkflowError, String)] = [
        (
            .contradictsRun(path: "/r", own: "trains unetr", asked: .network(name: "nnunet")),
            "/r: the run trains unetr, so it cannot go on with the network nnunet; a run goes on with what it was started with: leave that out, or choose "
                + "another folder"
        ),
        (
            .contradictsRun(path: "/r", own: "starts from new weights", asked: .initialWeights(path: "/w")),
            "/r: the run starts from new weights, so it cannot go on with the first weights /w; a run goes on with what it was started with: leave that "
                + "out, or choose another folder"
        ),
        (
            .budgetAndEpochs(budget: .time(seconds: 7200), settings: "/s.json"),
            "the number of epochs follows from the budget 2h, so it cannot be given in /s.json; leave one of them out"
        ),
        (
            .budgetAndEpochs(budget: .voxels(500_000_000), settings: nil),
            "the number of epochs follows from the budget 500M-voxels, so it cannot be given beside it; leave one of them out"
        ),
        (.unusableCases(names: ["a"], of: 3), "1 of 3 cases cannot be used: a; repair them or take them out of the data set"),
        (.missingScans(run: "/r", missing: ["a"], places: ["/x"]), "1 scans that /r kept for validation are not in /x: a"),
        (.noFolderForRecords(path: "/m.nii"), "/m.nii is one mask; a cohort that is done in parts or goes on later needs a folder for its masks"),
        (
            .unreadableRecord(path: "/r.json", problem: "the field case is missing"),
            "/r.json: the field case is missing; remove the file to have the case segmented anew"
        ),
        (.noRecords(folder: "/m/records"), "/m/records holds no records of a cohort"),
        (.madeOtherwise(mask: "/m.nii", by: .anotherModel), "/m.nii is already there, made by another model; choose another folder, or have it replaced"),
        (.madeOtherwise(mask: "/m.nii", by: .otherOptions), "/m.nii is already there, made with other options; choose another folder, or have it replaced"),
        (.unknownCases(list: "/l", names: ["a", "b"]), "/l names 2 cases that are not among the scans: a, b"),
        (.unknownCases(list: "/l", names: ["a", "b", "c", "d", "e", "f"]), "/l names 6 cases that are not among the scans: a, b, c, d, e, …"),
        (.badList(path: "/l", problem: "the list is empty"), "/l: the list is empty; expected one case a line, or a table with a column named case"),
        (.taskAmongModels(task: "total"), "total is made of several models already, so it cannot be averaged with others; name it alone"),
    ]

    @Test(arguments: sentences)
    func `Each error is a sentence with its values and what to do`(_ error: WorkflowError, _ sentence: String) { #expect("\(error)" == sentence) }

    @Test func `What is asked of precision follows the device, but for what is said`() {
        #expect(Precision.allCases.map(\.rawValue) == ["auto", "float32", "bfloat16", "float16"])
        for device in [Device.cpu, .cuda(0), .mps] {
            #expect(
                Precision.float32.mixed(on: device) == nil && Precision.bfloat16.mixed(on: device) == .bfloat16
                    && Precision.float16.mixed(on: device) == .float16)
        }
        #expect(Precision.automatic.mixed(on: .cuda(1)) == .bfloat16 && [nil, DType.bfloat16].contains(Precision.automatic.mixed(on: .cpu)))
    }
}
