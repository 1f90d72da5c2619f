import Foundation
import NetworkTestSupport
import TestSupport
import Testing
import UNETRArchitectures
import UNETRArchives
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// `dataset`, `plan`, `prepare` and `restore` on tiny data.
struct PreparationCommandTests {
    @Test func `The report on a data set counts its cases and names what must be mended; its status says whether`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder, cases: 5)
            func report() throws -> (status: Int32, json: JSONValue) {
                let result = try CommandLineTool.run(["dataset", "check", dataset.path, "--json"])
                return (result.status, try JSONText.decode(from: Data(result.output.utf8)))
            }
            let sound = try report()
            #expect(sound.status == 0 && sound.json["findings"]?.array?.filter { $0["severity"]?.string == "error" }.isEmpty == true, "\(sound.json)")
            // A mask whose header lies beside its scan's: an error that can be repaired.
            let file = dataset.appending(path: "labels/case_3.nii.gz")
            var labels = try NIfTI.readLabels(file)
            labels.geometry.affine[0][3] += 40
            try NIfTI.write(labels: labels, to: file)
            let shifted = try report()
            #expect(shifted.status == 1)
            #expect(try CommandLineTool.run(["dataset", "check", dataset.path]).output.contains("case_3"))
            _ = try CommandLineTool.run(["dataset", "check", dataset.path, "--repair"])
            #expect(try report().status == 0)
            let scan = try NIfTI.readHeader(dataset.appending(path: "images/case_3.nii.gz"))
            #expect(try NIfTI.readHeader(file).affine == scan.affine && NIfTI.readLabels(file).voxels == labels.voxels)
        }
    }

    @Test func `A plan follows the data and what is asked for; the same data give the same plan`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder, cases: 3)
            func plan(_ name: String, _ words: [String]) throws -> Plan {
                let file = folder.appending(path: name)
                #expect(try CommandLineTool.succeed(["plan", dataset.path, "-o", file.path] + words) == file.path + "\n")
                return try Plan(contentsOf: file)
            }
            let small = try plan("a.json", ["--feature-size", "4", "--memory", "1G"])
            #expect(small.targetSpacing == [1, 1, 1] && small.labels.foregroundValues == [1] && small.channelNames.count == 1)
            #expect(small.normalization.map(\.scheme) == [.zScore])
            let again = try plan("b.json", ["--feature-size", "4", "--memory", "1G"])
            #expect(again == small)
            #expect(try Data(contentsOf: folder.appending(path: "a.json")) == Data(contentsOf: folder.appending(path: "b.json")))
            #expect(try plan("c.json", ["--network", "unetr"]).preparationDigest == small.preparationDigest)
            // What the planner gives for a fingerprint stands in NNUNetV2PlannerTests.
            let residual = try plan("e.json", ["--planner", "resenc-m"])
            let fingerprint = try Fingerprint(of: Dataset(contentsOf: dataset)) { _ in }
            let expected = try NNUNetV2Planner(.residualM).plan(
                .fullResolution, fingerprint, labels: Dataset(contentsOf: dataset).labels, dataset: small.dataset)
            #expect(residual.patchSize == expected.patchSize && residual.batchSize == expected.batchSize && residual.network == expected.network)
            #expect(residual.network?.architecture == .nnUNetResidual && residual.inference == expected.inference && residual.labels == expected.labels)
            #expect(residual.targetSpacing == [1, 1, 1] && residual.compatibility == .nnUNetV2 && residual.normalization == expected.normalization)
            let slices = try plan("f.json", ["--planner", "nnunet", "--configuration", "2d"])
            #expect(slices.isTwoDimensional && slices.patchSize.depth == 1 && slices.inference.mirrorAxes == [1, 2])
            for (words, sentence) in [
                (["--planner", "resenc-m", "--network", "unetr"], "--planner resenc-m chooses the network and its settings; leave out --network"),
                (["--planner", "medium"], "The value 'medium' is invalid for '--planner <planner>'"),
                (["--configuration", "3d_lowres"], "--configuration needs --planner"),
                (["--planner", "nnunet", "--configuration", "3d_lowres"], "has no configuration 3d_lowres"),
                (["--import", "--preset", "acdc"], "--import takes a plan over as it is, for its own network or that of --network; leave out --preset"),
                (["--import", "--memory", "8G"], "leave out --memory without --network"),
                (["--preset", "brain"], "--preset 'brain' is unknown; expected one of synapse, "),
                (["--memory", "much"], "--memory is 'much'; expected a size"),
                (["--feature-size", "0"], "--feature-size is 0; expected 1 to 512"),
            ] {
                try CommandLineTool.fail(["plan", dataset.path, "-o", folder.appending(path: "d.json").path] + words, saying: [sentence])
            }
        }
    }

    @Test func `Prepared labels, restored, are the expert's`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder, cases: 1)
            let plan = folder.appending(path: "plan.json"), prepared = folder.appending(path: "prepared")
            try TinyModel.plan().write(to: plan)
            let prepare = ["prepare", dataset.path, "--plan", plan.path, "-o", prepared.path]
            try CommandLineTool.succeed(prepare)
            let size = try CaseProperties(contentsOf: prepared.appending(path: "case_0.json")).size
            let labels = try SafetensorsFile(contentsOf: prepared.appending(path: "case_0.safetensors")).array("labels").ints()
            // Certain of the expert's label in every voxel.
            let probabilities: [Float] = labels.map { $0 == 1 ? 0 : 1 } + labels.map { $0 == 1 ? 1 : 0 }
            let file = folder.appending(path: "p.safetensors"), mask = folder.appending(path: "mask.nii.gz")
            try Safetensors.write([("p", StoredArray(probabilities, shape: [2] + size))], to: file)
            let restore = ["restore", file.path, prepared.appending(path: "case_0.json").path, "--plan", plan.path, "-o", mask.path]
            try CommandLineTool.succeed(restore)
            let (found, expert) = (try NIfTI.readLabels(mask), TinyModel.ball(0).labels)
            #expect(found.voxels == expert.voxels && found.geometry.size == expert.geometry.size && found.geometry.affine == expert.geometry.affine)
            try CommandLineTool.fail(restore, saying: ["mask.nii.gz is already there; --force replaces it"])

            try Safetensors.write([("p", StoredArray([Float](repeating: 0, count: 8), shape: [2, 1, 2, 2]))], to: file)
            try CommandLineTool.fail(
                restore + ["--force"], saying: ["holds float32 [2, 1, 2, 2], expected is float32 [2, \(size.map(String.init).joined(separator: ", "))]"])
            try Safetensors.write([("p", StoredArray([Float(0)], shape: [1])), ("q", StoredArray([Float(0)], shape: [1]))], to: file)
            try CommandLineTool.fail(restore + ["--force"], saying: ["p.safetensors holds 2 arrays; one is expected"])
        }
    }

    @Test func `A preparation that was done is not done again, unless that is asked for`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let dataset = try TinyData.dataset(in: folder, cases: 2)
            let plan = folder.appending(path: "plan.json"), prepared = folder.appending(path: "prepared")
            try TinyModel.plan().write(to: plan)
            let prepare = ["prepare", dataset.path, "--plan", plan.path, "-o", prepared.path]
            func number() throws -> Int? {
                try FileManager.default.attributesOfItem(atPath: prepared.appending(path: "case_1.safetensors").path)[.systemFileNumber] as? Int
            }
            #expect(try CommandLineTool.run(prepare).errors.contains("Preparing: 2/2"))
            let (first, bytes) = (try number(), try Data(contentsOf: prepared.appending(path: "case_1.safetensors")))
            try CommandLineTool.succeed(prepare)
            #expect(try number() == first)
            try CommandLineTool.succeed(prepare + ["--force"])
            #expect(try number() != first && Data(contentsOf: prepared.appending(path: "case_1.safetensors")) == bytes)
            // A scan that cannot be used is named, with the others prepared.
            try Data("x".utf8).write(to: dataset.appending(path: "images/case_0.nii.gz"))
            let result = try CommandLineTool.run(prepare + ["--force"])
            #expect(result.status == 1 && result.errors.contains("1 of 2 cases cannot be used: case_0; repair them or take them out of the data set"))
        }
    }
}
