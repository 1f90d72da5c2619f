import Foundation
import UNETRPlusPlus

// The example of the article "Training a model" with several processes, kept here so that it compiles. What the calls do is tested with training.

func trainTogether(_ options: inout TrainingWorkflow.Options) throws {
    if let launch = try Launch.find(in: ProcessInfo.processInfo.environment) {
        options.processes = try TorchProcesses.join(launch, in: options.run, program: "MyProgram 1.0", patience: .seconds(600))
    }
}
