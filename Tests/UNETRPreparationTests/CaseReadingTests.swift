import Foundation
import TestSupport
import Testing
import UNETRPlanning
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

/// Files of a case on their way into one scan and its labels.
struct CaseReadingTests {
    private static let geometry = Geometry(
        size: [3, 4, 5], affine: [[-1, 0, 0, 2], [0, 1, 0, 0], [0, 0, 2, -3], [0, 0, 0, 1]], spacing: [2, 1, 1])

    private static func scan(_ start: Float, channels: Int = 1) -> Scan {
        Scan(geometry: geometry, channels: channels, voxels: (0..<60 * channels).map { start + Float($0) })
    }

    /// A case of scans in files of these names.
    private func withCase(_ scans: [(file: String, scan: Scan)], labels: LabelMap? = nil, _ body: (DatasetCase, URL) throws -> Void) throws {
        try Fixtures.withTemporaryFolder { folder in
            for (file, scan) in scans { try NIfTI.write(scan: scan, to: folder.appending(path: file)) }
            let mask = folder.appending(path: "labels/a.nii.gz")
            if let labels { try NIfTI.write(labels: labels, to: mask) }
            try body(
                DatasetCase(name: "a", imageURLs: scans.map { folder.appending(path: $0.file) }, labelURL: labels == nil ? nil : mask), folder)
        }
    }

    private func sentence(_ body: () throws -> Void) throws -> String { "\(try #require(throws: PreparationError.self) { try body() })" }

    @Test func `Channels stand in the order of their files, whether one file or several hold them`() throws {
        try withCase([("a_0000.nii.gz", Self.scan(0)), ("a_0001.nii.gz", Self.scan(100, channels: 2))]) { one, _ throws in
            let scan = try one.readScan(channelNames: ["T1", "T2", "FLAIR"])
            #expect(scan.channels == 3 && scan.geometry == Self.geometry)
            #expect([0, 59, 60, 119, 120, 179].map { scan.voxels[$0] } == [0, 59, 100, 159, 160, 219])
        }
    }

    @Test func `Another number of channels than the plan has is refused with their names`() throws {
        let none = DatasetCase(name: "a", imageURLs: [])
        #expect(throws: PreparationError.wrongChannelCount(scan: "a", expected: ["CT"], got: 0)) { try none.readScan(channelNames: ["CT"]) }
        try withCase([("a.nii.gz", Self.scan(0))]) { one, _ throws in
            #expect(
                try sentence { _ = try one.readScan(channelNames: ["T1", "T2"]) }
                    == "a has 1 channel, the plan expects 2 (T1, T2); give one file for each channel, in that order")
        }
        try withCase([("a.nii.gz", Self.scan(0, channels: 2))]) { one, _ throws in
            #expect(throws: PreparationError.wrongChannelCount(scan: "a", expected: ["CT"], got: 2)) { try one.readScan(channelNames: ["CT"]) }
        }
    }

    @Test func `A channel that is missing between others is named, with the file that would hold it`() throws {
        try withCase([("a_0000.nii.gz", Self.scan(0)), ("a_0002.nii.gz", Self.scan(1))]) { one, folder throws in
            let missing = folder.appending(path: "a_0001.nii.gz").path
            #expect(try sentence { _ = try one.readScan(channelNames: ["T1", "T2"]) } == "\(missing) does not exist, but the channel T2 of a needs it")
            #expect(try sentence { _ = try one.readScan(channelNames: ["T1"]) } == "\(missing) does not exist, but the channel 1 of a needs it")
        }
        // Files whose names have no numbers are taken in their order.
        try withCase([("x.nii.gz", Self.scan(0)), ("y.nii.gz", Self.scan(7))]) { one, _ throws in
            #expect(try one.readScan(channelNames: ["T1", "T2"]).voxels[60] == 7)
        }
    }

    @Test func `Channels that lie elsewhere are refused with both files and what differs`() throws {
        var moved = Self.scan(1), stretched = Self.scan(1), turned = Self.scan(1), short = Self.scan(1)
        moved.geometry.affine[0][3] += 3
        moved.geometry.affine[1][3] += 4
        (stretched.geometry.spacing, stretched.geometry.affine[2][2]) = ([2.5, 1, 1], 2.5)
        turned.geometry.affine[0][0] = 1
        (short.geometry.size, short.voxels) = ([3, 4, 4], Array(short.voxels.prefix(48)))
        for (other, difference) in [
            (moved, "their origins are 5.0 mm apart"), (stretched, "their spacings [D, H, W] are [2.0, 1.0, 1.0] and [2.5, 1.0, 1.0] mm"),
            (turned, "the directions of their axis i are [-1.0, 0.0, 0.0] and [1.0, 0.0, 0.0]"),
            (short, "their sizes [D, H, W] are [3, 4, 5] and [3, 4, 4]"),
        ] {
            try withCase([("a_0000.nii.gz", Self.scan(0)), ("a_0001.nii.gz", other)]) { one, _ throws in
                let files = one.imageURLs.map(\.path)
                #expect(
                    try sentence { _ = try one.readScan(channelNames: ["T1", "T2"]) }
                        == "\(files[0]) and \(files[1]) do not lie on the same grid: \(difference); resample one onto the other")
            }
        }
    }

    @Test func `A shift of less than a tenth of a voxel is noise`() throws {
        var near = Self.scan(1)
        near.geometry.affine[2][3] += 0.09
        try withCase([("a_0000.nii.gz", Self.scan(0)), ("a_0001.nii.gz", near)]) { one, _ throws in
            #expect(try one.readScan(channelNames: ["T1", "T2"]).geometry == Self.geometry, "the first file's grid counts")
        }
    }

    @Test func `Labels lie on the scan's grid, or are refused; a case without has none`() throws {
        let labels = LabelMap(geometry: Self.geometry, voxels: (0..<60).map { Int16($0 % 3) })
        try withCase([("a.nii.gz", Self.scan(0))], labels: labels) { one, _ throws in
            #expect(try one.readLabels(on: Self.geometry)?.voxels == labels.voxels)
            var other = Self.geometry
            other.affine[1][3] = 12
            #expect(
                try sentence { _ = try one.readLabels(on: other) }
                    == "\(one.imageURLs[0].path) and \(one.labelURL!.path) do not lie on the same grid: their origins are 12.0 mm apart; resample one "
                    + "onto the other")
        }
        try withCase([("a.nii.gz", Self.scan(0))]) { one, _ throws in #expect(try one.readLabels(on: Self.geometry) == nil) }
    }

    @Test func `A case is prepared with its labels, under its name`() throws {
        let plan = try Plan(
            dataset: "test", channelNames: ["MRI"],
            labels: LabelSet(definitions: [LabelDefinition(name: "background", value: 0), LabelDefinition(name: "one", value: 1)]),
            targetSpacing: [2, 1, 1], patchSize: [8, 8, 8], normalization: [IntensityNormalization(scheme: .noNorm)])
        var labels = LabelMap(geometry: Self.geometry, voxels: [Int16](repeating: 0, count: 60))
        labels.voxels[33] = 1
        try withCase([("a.nii.gz", Self.scan(1))], labels: labels) { one, _ throws in
            let prepared = try Preparer(plan: plan).prepare(one)
            #expect(prepared.properties.name == "a" && prepared.image == Self.scan(1).voxels && prepared.labels == labels.voxels)
            #expect(prepared.foreground.voxels == [1: [33]])
        }
        try withCase([("a.nii.gz", Self.scan(1))]) { one, _ throws in #expect(try Preparer(plan: plan).prepare(one).labels == nil) }
    }

    // MARK: What a data set's scans are

    private func dataset(_ cases: [DatasetCase], in folder: URL) -> Dataset {
        Dataset(
            name: "D", folder: folder, channelNames: ["MRI"],
            labels: LabelSet(definitions: [LabelDefinition(name: "background", value: 0), LabelDefinition(name: "one", value: 1)]), cases: cases)
    }

    @Test func `The fingerprint looks at what is left of a scan without its empty rim, and at every tenth labeled voxel`() throws {
        var scan = Self.scan(1), labels = LabelMap(geometry: Self.geometry, voxels: [Int16](repeating: 1, count: 60))
        // The first slice is empty: its labels do not count. Behind it stand 21 to 60, of which every tenth is looked at.
        for index in 0..<20 { scan.voxels[index] = 0 }
        (labels.voxels[20], labels.voxels[22]) = (0, -1)
        try withCase([("a.nii.gz", scan)], labels: labels) { one, folder throws in
            let names = Names()
            let fingerprint = try Fingerprint(of: dataset([one], in: folder)) { names.add($0) }
            let found = fingerprint.cases[0]
            #expect(found.originalSize == [3, 4, 5] && found.size == [2, 4, 5] && found.spacing == [2, 1, 1] && found.labels == [-1, 1])
            #expect(names.all == ["a"])
            // Labeled: 22, 24, 25, … 60; of these the first, eleventh and so on: 22, 33, 43, 53.
            let values = fingerprint.intensities[0]
            #expect(values.minimum == 22 && values.maximum == 53 && values.mean == 37.75 && values.median == 38)
        }
    }

    /// What several threads report.
    private final class Names: @unchecked Sendable {
        private let lock = NSLock()
        private var names: [String] = []
        var all: [String] { lock.withLock { names } }
        func add(_ name: String) { lock.withLock { names.append(name) } }
    }

    @Test func `A data set without labels, or in which nothing is labeled, has no fingerprint`() throws {
        try withCase([("a.nii.gz", Self.scan(1))]) { one, folder throws in
            #expect(throws: PreparationError.missingFile(path: "the label map of a", neededFor: "the fingerprint")) {
                try Fingerprint(of: dataset([one], in: folder))
            }
        }
        let empty = LabelMap(geometry: Self.geometry, voxels: [Int16](repeating: 0, count: 60))
        try withCase([("a.nii.gz", Self.scan(1))], labels: empty) { one, folder throws in
            #expect(
                try sentence { _ = try Fingerprint(of: dataset([one], in: folder)) }
                    == "\(folder.path) is no data set: no case has a voxel with a label above 0")
        }
        try withCase([("a.nii.gz", Scan(geometry: Self.geometry, voxels: [Float](repeating: 0, count: 60)))], labels: empty) { one, folder throws in
            #expect(throws: PreparationError.emptyScan(scan: "a")) { try Fingerprint(of: dataset([one], in: folder)) }
        }
    }
}
