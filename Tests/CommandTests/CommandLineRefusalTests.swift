import ArgumentParser
import Foundation
import Testing
import UNETRVolumes

@testable import unetrpp

/// Command lines that contradict themselves or ask for what there is not, in this process: nothing is run, and the sentence is whole.
struct CommandLineRefusalTests {
    /// The sentence and the status of a command line that is refused; nil for one that is not.
    private func refusal(_ words: [String]) -> (sentence: String, status: Int32)? {
        do { _ = try UNETRPP.parseAsRoot(words) } catch { return (UNETRPP.message(for: error), UNETRPP.exitCode(for: error).rawValue) }
        return nil
    }

    private func check(_ line: String, _ sentence: String) {
        let found = refusal(line.split(separator: " ").map(String.init))
        #expect(found?.sentence == sentence, "\(line)")
        #expect(found?.status == 64, "\(line)")
    }

    @Test(arguments: [
        ("", "--model is missing: the folder of a model, such as Models/hippocampus.unetrpp"),
        ("--model m --structures 1 --roi 1", "--roi is the earlier name of --structures; give --structures only"),
        ("--model m --step 0", "--step is 0.0; expected 0.01 to 1.0"), ("--model m --step 1.5", "--step is 1.5; expected 0.01 to 1.0"),
        ("--model m --precision half", "--precision is 'half'; expected auto, float32, bfloat16 or float16"),
        ("--model m --output-format nifti,dicom", "'dicom' is no form of a mask; expected nifti, nrrd, mha, dicom-seg, rtstruct"),
        ("--model m --shard x", "--shard: 'x' is no part of a list; expected one such as 0/8, auto or auto/8"),
        ("--model m --shard 8/8", "--shard: there is no part 8/8; parts are counted from 0, so that of 8 the last is 7/8"),
        ("--model m --memory 0", "--memory is '0'; expected a size such as 8G or 900M"),
        ("--model m --memory 3X", "--memory is '3X'; expected a size such as 8G or 900M"),
    ])
    func segment(options: String, sentence: String) { check("segment s -o o \(options)", sentence) }

    @Test func `Threads are bounded by what a machine is better off with`() {
        let cores = Machine.cores, most = max(64, 4 * cores), machine = "(this machine has \(cores) core\(cores == 1 ? "" : "s"))"
        for (number, shown) in [("0", "0"), ("-3", "-3"), ("\(most + 1)", "\(most + 1)")] {
            for line in ["segment s -o o --model m --threads=", "evaluate p r --threads=", "trace d --plan p --prepared f -o t --threads="] {
                check(line + number, "--threads is \(shown); expected 1 to \(most) \(machine)")
            }
        }
        #expect(refusal(["evaluate", "p", "r", "--threads", "\(most)"]) == nil)
    }

    @Test(arguments: [
        ("evaluate p r --benchmark liver", "--benchmark is 'liver'; expected one of synapse, btcv, acdc, brats, lung, hippocampus"),
        ("evaluate p r --worst=-1", "--worst is -1; expected a number of cases"),
        (
            "evaluate p r --definition hd",
            "--definition is 'hd'; expected one of default, medpy, medpy-0.4, monai, surface-distance, simpleitk, metrics-reloaded, unetr++-script"
        ),
        ("evaluate p r --tolerances 1,x", "--tolerances is '1,x'; expected numbers such as 1,2"),
        ("evaluate p r --tolerances=-1", "--tolerances is '-1'; expected numbers such as 1,2"),
        ("evaluate p r --tolerances inf", "--tolerances is 'inf'; expected numbers such as 1,2"),
        ("evaluate p r --classes 1,,2", "--classes is '1,,2'; expected labels such as 1,2 or regions such as 1+2+3=tumor,3"),
        ("evaluate p r --lesions 8", "--lesions is 8; expected 6, 18 or 26"), ("compare a", "1 model to compare; at least 2 are expected"),
        ("compare a b --reference r --names x,y,z", "--names has 3 names for 2 models"),
        ("compare a.json b", "b is not a file evaluation.json; to score predictions, name their references with --reference"),
        ("compare a b --reference r --lesions 7", "--lesions is 7; expected 6, 18 or 26"),
    ])
    func scoring(line: String, sentence: String) { check(line, sentence) }

    @Test(arguments: [
        ("plan d --preset brain", "--preset 'brain' is unknown; expected one of synapse, btcv, acdc, lung, tumor, none"),
        ("plan d --memory much", "--memory is 'much'; expected a size such as 8G or 900M"),
        ("plan d --feature-size 513", "--feature-size is 513; expected 1 to 512"),
        ("plan d --planner nnunet --preset acdc", "--planner nnunet chooses the network and its settings; leave out --preset"),
        ("plan d --planner resenc-l --network unetr", "--planner resenc-l chooses the network and its settings; leave out --network"),
        ("plan d --planner nnunet --feature-size 4", "--planner nnunet chooses the network and its settings; leave out --feature-size"),
        ("plan d --configuration 3d_lowres", "--configuration needs --planner"),
        ("plan d --locator 0", "--locator is 0.0; expected 0.5 to 50.0 mm"), ("plan d --locator nan", "--locator is nan; expected 0.5 to 50.0 mm"),
        ("plan d --locator 4 --planner nnunet", "--locator plans by itself; leave out --planner"),
        ("segment s -o o --model m --region-margin 5", "--region-margin needs --region-from"),
        ("segment s -o o --model m --region-structures a", "--region-structures needs --region-from"),
        ("segment s -o o --model m --region-from l --region-margin 1e9", "--region-margin is 1000000000.0; expected 0.0 to 1000.0 mm"),
        ("plan d --import --planner nnunet", "--import takes a plan over as it is, for its own network or that of --network; leave out --planner"),
        ("plan d --import --feature-size 4", "--import takes a plan over as it is, for its own network or that of --network; leave out --feature-size"),
        ("plan d --import --memory 8G", "--import takes a plan over as it is, for its own network or that of --network; leave out --memory without --network"),
        ("train -o r", "the folder of the data set is missing"), ("train d -o r --plan p --planner nnunet", "--plan names a plan; leave out --planner nnunet"),
        ("train -o r --resume --planner resenc-m", "--resume goes on with the run's plan; leave out --planner resenc-m"),
        ("train d -o r --fold first", "--fold is first; expected 0 to 4, the number of a split in --splits, all or published"),
        ("train d -o r --fold=-1", "--fold is -1; expected 0 to 4, the number of a split in --splits, all or published"),
        ("train d -o r --group a --group-file b", "give --group or --group-file, not both"),
        ("train d -o r --group-column a", "--group-column names a column of --group-file, which is missing"),
        ("train d -o r --splits s --fold all", "--fold all and --splits contradict each other; give the number of a split in the file"),
        ("trace d --plan p --prepared f -o t --steps 0", "--steps is 0; expected 1 to 100000"),
    ])
    func planningAndTraining(line: String, sentence: String) { check(line, sentence) }

    @Test(arguments: [
        ("convert m o --format nnunet --plan p", "--format nnunet writes a bundle as it is; leave out --plan"),
        ("convert m o --format hugging-face --configuration c", "--format hugging-face writes a bundle as it is; leave out --configuration"),
        ("convert m o --format nnunet --card c", "--format nnunet writes a bundle as it is; leave out --card"),
        ("convert m o --format nnunet --dtype float16", "--format nnunet writes a bundle as it is; leave out --dtype"),
        ("convert m o --format nnunet --resample-kernels", "--format nnunet writes a bundle as it is; leave out --resample-kernels"),
        ("export m --format coreml", "--format is 'coreml'; onnx is expected"), ("export m --batch 4097", "--batch is 4097; expected 1 to 4096"),
        ("export m --eight-bits --graph readable", "--eight-bits is for the fast graph of a model bundle"),
        ("export m --eight-bits --configuration c", "--eight-bits is for the fast graph of a model bundle"),
        ("quantize m --calibration s --patches 0", "--patches is 0; expected 1 to 100000"),
        ("quantize m --calibration s --threads 0", "--threads is 0; at least 1 is expected"),
        ("model import m -o o --task total", "--task needs --totalsegmentator"),
        (
            "model import m -o o --totalsegmentator --folds 0",
            "--totalsegmentator takes the models that the task names; leave out the options that choose among models"
        ),
        ("forward -i i -o o", "give either --model, or --configuration together with --weights"),
        ("forward -i i -o o --configuration c", "give either --model, or --configuration together with --weights"),
        ("forward -i i -o o --model m --weights w", "--model brings its own network and weights; leave --configuration and --weights out"),
        ("forward -i i -o o --configuration c --weights w --engine compiled", "--engine compiled needs --model"),
    ])
    func models(line: String, sentence: String) { check(line, sentence) }

    @Test(arguments: [
        ("summary --no-timing", "give one of --preset, --configuration, --model, --network and --all"),
        ("summary --all --preset acdc", "give one of --preset, --configuration, --model, --network and --all"),
        ("summary --preset acdc --picture p.svg", "--picture belongs to --all"), ("summary --all --repetitions 0", "--repetitions is 0; expected 1 to 1000"),
        ("summary --network unetr --model m", "give only one of --preset, --configuration, --model and --network"),
        ("benchmark --channels 1025", "--channels is 1025; expected 1 to 1024"), ("benchmark --classes 1", "--classes is 1; expected 2 to 1024"),
        ("benchmark --augmentation --train", "--augmentation goes with none of --train, --plain and --json"),
        ("benchmark --augmentation --json", "--augmentation goes with none of --train, --plain and --json"),
        ("benchmark --batch 0", "--batch is 0; expected 1 to 4096"), ("benchmark --repetitions 0", "--repetitions is 0; expected 1 to 100000"),
        ("benchmark --eight-bits", "--eight-bits is for --engine compiled"),
        ("benchmark --train --engine auto", "--engine auto cannot train; leave --engine or --train out"),
    ])
    func measuring(line: String, sentence: String) { check(line, sentence) }

    @Test func `An output's name says its form, or is refused with those that there are`() {
        let endings = VolumeFormats.outputEndings.joined(separator: ", ")
        check("restore p c --plan p -o mask.txt", "--output is mask.txt; expected a name that ends in \(endings)")
        check("scan convert s scan.hdr.txt", "the output is scan.hdr.txt; expected a name that ends in \(endings)")
        check(
            "scan convert m mask.dcm --reference s",
            "the output is mask.dcm; expected a name that ends in \(endings), .seg.dcm, .rtstruct.dcm, or --output-format")
        check("scan convert m mask.dcm --reference s --output-format nifti,mha", "one output has one form; name one in --output-format")
        #expect(refusal(["scan", "convert", "m", "mask.dcm", "--reference", "s", "--output-format", "rtstruct"]) == nil)
    }

    @Test(arguments: [
        ("--patch 64x128", "--patch is '64x128'; expected three sizes from 1 to 1024 such as 64x128x128"),
        ("--patch 64x128xa", "--patch is '64x128xa'; expected three sizes from 1 to 1024 such as 64x128x128"),
        ("--patch 0x8x8", "--patch is '0x8x8'; expected three sizes from 1 to 1024 such as 64x128x128"),
        ("--patch 1024x1024x129", "--patch is '1024x1024x129'; its voxels together may be at most 512 × 512 × 512"),
        ("--preset brain", "there is no preset 'brain'; known are "),
    ])
    func `A value that is none is named with its option`(options: String, words: String) {
        let found = refusal(["benchmark"] + options.split(separator: " ").map(String.init))
        #expect(found?.sentence.contains(words) == true && found?.status == 64, "\(found?.sentence ?? "accepted")")
    }

    @Test(arguments: [
        "train d -o r --splits none --fold published", "train d -o r --fold 17 --splits s", "train -o r --resume",
        "evaluate p r --tolerances 0 --classes 1+2=a,3 --lesions 26",
        "plan d --import --network unetr --memory 8G", "compare a.json b.json c.json", "compare a b --reference r --names x,y",
        "segment s -o o --validation-of r",
        "segment s t u -o o --model m --model n --shard 0/1 --step 0.01", "convert m o --format hugging-face", "export m --eight-bits", "plan d --preset none",
        "benchmark --patch 512x512x512", "forward -i i -o o --model m --engine compiled", "summary --all",
    ])
    func `What is in order is accepted`(line: String) {
        let found = refusal(line.split(separator: " ").map(String.init))
        #expect(found == nil, "\(found?.sentence ?? "")")
    }
}
