import ArgumentParser
import Foundation
import UNETRSupport
import UNETRVolumes

struct ScanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Show what a scan is, and convert scans.", subcommands: [Info.self, Convert.self])

    /// The series of a DICOM study that a command means.
    struct SeriesOption: ParsableArguments {
        @Option(help: "Series of a DICOM study, by number or UID.") var series: String?

        /// The URL of a scan, or of one series of it.
        func url(_ path: String) throws -> URL {
            let url = URL(fileURLWithPath: path)
            guard let series else { return url }
            let study = try DICOMStudy(contentsOf: url)
            return study.url(of: try study.series(series))
        }
    }

    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show size, spacing, orientation, intensities and series of a scan.",
            discussion: "A scan is a file (\(VolumeFormats.endings.joined(separator: ", "))) or a DICOM study: a folder, a zip archive or a file.")

        @Argument(help: "Scan.", completion: .file()) var path: String
        @OptionGroup var choice: SeriesOption
        @OptionGroup var memory: MemoryOptions
        @Flag(help: "Print the report as JSON on standard output.") var json = false

        func run() throws {
            memory.apply()
            let report = try ScanReport(of: choice.url(path))
            print(json ? try JSONLine.encode(report, pretty: true) : Self.lines(report).joined(separator: "\n"))
        }

        private static func lines(_ report: ScanReport) -> [String] {
            func list(_ numbers: [Double], _ sign: String) -> String { numbers.map { "\(($0 * 1e4).rounded() / 1e4)" }.joined(separator: sign) }
            var lines = ["\(report.format)\(report.modality.map { ", \($0)" } ?? "")"]
            if let size = report.size { lines.append("size         \(size.map(String.init).joined(separator: " × ")) voxels (i × j × k)") }
            if let channels = report.channels, channels > 1 { lines.append("channels     \(channels)") }
            if let spacing = report.spacing { lines.append("spacing      \(list(spacing, " × ")) mm") }
            if let orientation = report.orientation { lines.append("orientation  \(orientation)") }
            if let range = report.intensities { lines.append("intensities  \(list([range.minimum, range.maximum], " to ")), mean \(list([range.mean], ""))") }
            if !report.series.isEmpty {
                let rows = report.series.map { series in
                    [
                        series.number.map(String.init) ?? "-", series.modality, series.description, "\(series.images)",
                        series.size.map { $0.map(String.init).joined(separator: "×") } ?? "no volume", series.spacing.map { list($0, "×") } ?? "", series.uid,
                    ]
                }
                lines += ["", TextTable.render(head: ["series", "modality", "description", "images", "voxels", "mm", "UID"], rows: rows)]
            }
            return lines + report.warnings.map { "warning: \($0)" }
        }
    }

    struct Convert: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a scan in another format.",
            discussion: """
                Whole numbers are written with 8 or 16 bits if these hold them, everything else as float32. The grid stays as it is.
                With --reference the input is a mask, or contours (RTSTRUCT), of that series: `scan convert mask.nii.gz mask.seg.dcm --reference SERIES`
                makes a DICOM segmentation, mask.rtstruct.dcm a structure set, and contours become a label map.
                """)

        @Argument(help: "Scan: a file, or a DICOM study.", completion: .file()) var input: String
        @Argument(help: "File to write (\(VolumeFormats.outputEndings.joined(separator: ", "))).", completion: .file()) var output: String
        @OptionGroup var choice: SeriesOption
        @OptionGroup var masks: MaskConversionOptions
        @OptionGroup var outputs: OutputOptions
        @OptionGroup var memory: MemoryOptions

        func validate() throws {
            if masks.reference != nil { return try masks.validate(output) }
            guard VolumeName(output: URL(fileURLWithPath: output).lastPathComponent) != nil else {
                throw ValidationError("the output is \(output); expected a name that ends in \(VolumeFormats.outputEndings.joined(separator: ", "))")
            }
        }

        func run() throws {
            memory.apply()
            let target = URL(fileURLWithPath: output)
            try outputs.check(file: target)
            if masks.reference != nil { return try masks.convert(URL(fileURLWithPath: input), to: target, series: choice.series) }
            try VolumeFile.convert(choice.url(input), to: target)
        }
    }
}
