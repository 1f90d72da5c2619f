import ArgumentParser
import Foundation
import Logging
import UNETRSupport
import UNETRVolumes

struct ScanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Show what a scan is, and convert scans.", subcommands: [Info.self, Convert.self])

    /// The series of a DICOM study that a command means.
    struct SeriesOption: ParsableArguments {
        @Option(help: "Series of a DICOM study, by number or UID.") var series: String?

        @Flag(help: "Move slices straight that a tilted gantry pushed sideways, by linear interpolation within them.") var correctTilt = false

        /// The URL of a scan, or of one series of it.
        func url(_ path: String) throws -> URL {
            let url = URL(fileURLWithPath: path)
            guard series != nil || correctTilt else { return url }
            guard VolumeName(url.lastPathComponent) == nil else {
                throw CommandError("\(path): --series and --correct-tilt are for DICOM studies; leave them out")
            }
            let study = try DICOMStudy(contentsOf: url), chosen = try study.series(series)
            return study.url(of: correctTilt ? chosen.correctingTilt() : chosen)
        }

        /// Tells on standard error what was done to the scan.
        static func sayTilt(of url: URL) throws {
            if let note = (try VolumeFile.readHeader(url) as? DICOMHeader)?.tiltNote { Logger.talk.notice("\(url.path): \(note)") }
        }
    }

    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show size, spacing, orientation, intensities and series of a scan.",
            discussion: "A scan is a file (\(VolumeFormats.endings.joined(separator: ", "))) or a DICOM study: a folder, a zip archive or a file.")

        @Argument(help: "Scan.", completion: .file()) var path: String
        @OptionGroup var choice: SeriesOption
        @OptionGroup var memory: MemoryOptions
        @Flag(help: "Look at headers only, and leave out the intensities.") var headerOnly = false
        @Flag(help: "Print the report as JSON on standard output.") var json = false

        func run() throws {
            memory.apply()
            let report = try ScanReport(of: choice.url(path), readsVoxels: !headerOnly)
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
                With --reference the input is a mask, a DICOM segmentation (SEG) or contours (RTSTRUCT) of that series: `scan convert mask.nii.gz
                mask.seg.dcm --reference SERIES` makes a segmentation, mask.rtstruct.dcm a structure set, and segmentations and contours become a
                label map.
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
            if let reference = masks.reference { return try masks.convert(URL(fileURLWithPath: input), about: choice.url(reference), to: target) }
            let source = try choice.url(input)
            if choice.correctTilt { try SeriesOption.sayTilt(of: source) }
            try VolumeFile.convert(source, to: target)
        }
    }
}
