import ArgumentParser
import Foundation
import UNETRVolumes

/// In which forms masks are written.
struct MaskFormOptions: ParsableArguments {
    @Option(
        help:
            "Forms of the mask, separated by commas: \(MaskForm.allCases.map(\.rawValue).joined(separator: ", ")). Without it, that of the output's name, else that of the scan: of DICOM dicom-seg."
    )
    var outputFormat: String?

    @Option(help: "Seed for the identifiers of DICOM objects: equal masks make equal objects. Without it they are new each time.")
    var seed: UInt64?

    /// The forms, each once.
    var forms: [MaskForm] { (try? parsed()) ?? [] }

    func validate() throws { _ = try parsed() }

    private func parsed() throws -> [MaskForm] {
        var forms: [MaskForm] = []
        for part in (outputFormat ?? "").split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces) }) {
            guard let form = MaskForm(rawValue: part.lowercased()) else {
                throw ValidationError("'\(part)' is no form of a mask; expected \(MaskForm.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            if !forms.contains(form) { forms.append(form) }
        }
        return forms
    }
}
