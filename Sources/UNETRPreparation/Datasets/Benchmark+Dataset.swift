import Foundation
public import UNETRPlanning

extension Benchmark {
    /// The benchmark that a data set is by the name of its folder (`Task02_Synapse`) or its own ("Lung"); nil if the name is another, or
    /// the channels are not the benchmark's.
    public init?(of dataset: Dataset) {
        let names = [TaskName(dataset.folder.lastPathComponent)?.name, dataset.name].compactMap { $0 }
        guard let found = names.lazy.compactMap(Self.init(named:)).first, found.channelCount == dataset.channelNames.count else { return nil }
        self = found
    }
}
