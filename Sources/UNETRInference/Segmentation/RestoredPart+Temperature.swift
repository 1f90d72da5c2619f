import UNETRPreparation
import UNETRSupport
import UNETRVolumes

extension RestoredPart {
    /// The probabilities with a temperature.
    func tempered(by temperature: Double, areRegions: Bool) -> RestoredPart {
        RestoredPart(box: box, values: Temperature(temperature).applied(to: values, voxels: box.size.voxels, areRegions: areRegions))
    }
}
