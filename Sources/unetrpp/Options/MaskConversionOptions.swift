import ArgumentParser
import Foundation
import UNETRVolumes
import UNETRWorkflows

/// The conversion of masks and contours of a DICOM series.
struct MaskConversionOptions: ParsableArguments {
    @Option(help: "DICOM series (folder, archive or file) that the mask was made from.", completion: .directory)
    var reference: String?

    @Option(help: "Where the labels are named: a dataset.json, a data set's folder or a model bundle; without it, the mask's own names.", completion: .file())
    var labels: String?

    @Option(help: "What made the mask, for a DICOM object.")
    var algorithm: String?

    @OptionGroup var forms: MaskFormOptions

    func validate(_ output: String) throws {
        let name = URL(fileURLWithPath: output).lastPathComponent
        guard forms.forms.count <= 1 else { throw ValidationError("one output has one form; name one in --output-format") }
        guard forms.forms.first.map({ $0.fits(name) }) ?? (MaskForm.stem(of: name) != nil) else {
            let endings = VolumeFormats.outputEndings + MaskForm.allCases.filter(\.isDICOM).map(\.ending)
            throw ValidationError("the output is \(output); expected a name that ends in \(endings.joined(separator: ", ")), or --output-format")
        }
    }

    func convert(_ input: URL, about reference: URL, to output: URL) throws {
        let file = forms.forms.first.map { MaskFile(output, form: $0) } ?? MaskFile(output)
        let conversion = MaskConversion(
            reference: reference, labels: labels.map { URL(fileURLWithPath: $0) }, algorithm: algorithm,
            version: UNETRPP.configuration.version, seed: forms.seed)
        let result = try conversion.convert(input, to: file)
        for note in result.notes { print("\(note)") }
        guard !result.isEmpty else { throw CommandError("\(input.path): the mask is empty, so nothing was written: DICOM knows no empty object") }
    }
}
