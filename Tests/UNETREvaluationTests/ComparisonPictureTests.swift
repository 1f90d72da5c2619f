import Foundation
import TestSupport
import Testing
import UNETREvaluation
import UNETRPictures
import UNETRSupport
import UNETRVolumes

/// Pictures of cases, pixel by pixel: 6 × 6 × 6 voxels of 1 mm, ten pixels each.
struct ComparisonPictureTests {
    /// In the slice that all differences are in: missed, invented, another label, agreed.
    private static let places: [(h: Int, w: Int, reference: Int16, prediction: Int16)] = [(1, 1, 1, 0), (1, 3, 0, 1), (3, 1, 1, 2), (3, 3, 1, 1)]

    private static func maps(slice: Int = 2) -> (prediction: LabelMap, reference: LabelMap) {
        var (prediction, reference) = (labelMap([6, 6, 6]) { _, _, _ in 0 }, labelMap([6, 6, 6]) { _, _, _ in 0 })
        for place in places {
            let voxel = reference.offset(slice, place.h, place.w)
            (prediction.voxels[voxel], reference.voxels[voxel]) = (place.prediction, place.reference)
        }
        return (prediction, reference)
    }

    /// 50 nearly everywhere. Of every hundred and first voxel, 0, 50 and 100, the window is from 0.5 to 99.5, so that 50 is a gray of 127.
    private static let scan: Scan = {
        var voxels = [Float](repeating: 50, count: 216)
        (voxels[0], voxels[202], voxels[215]) = (0, 100, .nan)
        return Scan(geometry: labelMap([6, 6, 6]) { _, _, _ in 0 }.geometry, voxels: voxels)
    }()

    /// The pixel in the middle of a voxel of the axial plane. Column and row run against the patient's axes; panels are 60 wide with gaps of 8,
    /// under a heading of 30.
    private func pixel(_ canvas: Canvas, panel: Int, _ h: Int, _ w: Int) -> Color { canvas[8 + 68 * panel + (5 - w) * 10 + 5, 30 + (5 - h) * 10 + 5] }

    @Test func `Over the scan, labels are translucent and each kind of difference has the color of the key`() {
        let (prediction, reference) = Self.maps()
        let canvas = ComparisonPicture(panelSize: 60).render(prediction, reference, scan: Self.scan)
        #expect(canvas.width == 620 && canvas.height == 30 + 3 * 68 + 30)
        // 60 % of the first color of `Color.distinct` over 127, 60 % of the second.
        #expect(pixel(canvas, panel: 0, 1, 3) == Color(189, 146, 51) && pixel(canvas, panel: 0, 3, 1) == Color(102, 159, 191))
        #expect(pixel(canvas, panel: 0, 1, 1) == Color(gray: 127) && pixel(canvas, panel: 1, 1, 1) == Color(189, 146, 51))
        #expect(pixel(canvas, panel: 1, 3, 1) == Color(189, 146, 51) && pixel(canvas, panel: 1, 1, 3) == Color(gray: 127))
        // 90 % of the colors of missed, invented and mistaken, 45 % of that of agreement.
        let differences = Self.places.map { pixel(canvas, panel: 2, $0.h, $0.w) }
        #expect(differences == [Color(204, 97, 13), Color(13, 155, 215), Color(229, 218, 72), Color(gray: 124)])
    }

    @Test func `The slices are those in which most voxels differ, and without differences those with most labels`() {
        var (prediction, reference) = Self.maps(slice: 4)
        // One more difference in another slice changes nothing; an agreement of many voxels does neither.
        reference.voxels[reference.offset(0, 5, 5)] = 1
        for h in 0..<6 { for w in 0..<6 { (prediction.voxels[h * 6 + w + 36], reference.voxels[h * 6 + w + 36]) = (1, 1) } }
        let canvas = ComparisonPicture(panelSize: 60).render(prediction, reference)
        #expect(Self.places.map { pixel(canvas, panel: 2, $0.h, $0.w) } == [Color(192, 85, 0), Color(0, 142, 203), Color(216, 205, 59), Color(gray: 54)])
        let same = ComparisonPicture(panelSize: 60).render(reference, reference)
        #expect((0..<6).allSatisfy { h in (0..<6).allSatisfy { pixel(same, panel: 2, h, $0) == Color(gray: 54) } })
    }

    @Test func `A label has the color it is given; a scan of another size is no ground`() {
        let (prediction, reference) = Self.maps()
        var small = Self.scan
        small.geometry.size = [6, 6, 5]
        small.voxels.removeLast(36)
        let canvas = ComparisonPicture(colors: [1: .white, 2: Color(10, 20, 30)], panelSize: 60).render(prediction, reference, scan: small)
        #expect(pixel(canvas, panel: 0, 3, 3) == Color(gray: 153) && pixel(canvas, panel: 0, 3, 1) == Color(6, 12, 18))
        #expect(pixel(canvas, panel: 0, 1, 1) == .black)
    }

    @Test func `Voxels below, above and without a number are black and white`() {
        let (_, reference) = Self.maps(slice: 5)
        let canvas = ComparisonPicture(panelSize: 60).render(reference, reference, scan: Self.scan)
        // The last slice holds the 100 and what is no number.
        #expect(pixel(canvas, panel: 1, 3, 4) == .white && pixel(canvas, panel: 1, 5, 5) == .black && pixel(canvas, panel: 1, 0, 0) == Color(gray: 127))
    }

    /// The same patient stored with the first axis running to the left and the third to the feet.
    @Test func `A scan that is stored another way looks the same`() {
        let (prediction, reference) = Self.maps()
        func turned<Element: Sendable>(_ volume: Volume<Element>) -> Volume<Element> {
            var turned = volume
            turned.geometry.affine = [[-1, 0, 0, 5], [0, 1, 0, 0], [0, 0, -1, 5], [0, 0, 0, 1]]
            for d in 0..<6 { for h in 0..<6 { for w in 0..<6 { turned.voxels[(d * 6 + h) * 6 + w] = volume.voxels[((5 - d) * 6 + h) * 6 + 5 - w] } } }
            return turned
        }
        #expect(
            ComparisonPicture(panelSize: 60).render(turned(prediction), turned(reference)) == ComparisonPicture(panelSize: 60).render(prediction, reference))
    }

    // MARK: From files

    private func withCase(_ body: (_ folder: URL, _ pair: CasePair, _ result: EvaluationResult) throws -> Void) throws {
        try Fixtures.withTemporaryFolder { folder in
            let (prediction, reference) = Self.maps(), name = "Fräulein Ähre 1"
            let pair = CasePair(
                name: name, prediction: folder.appending(path: "p/\(name).nii.gz"), reference: folder.appending(path: "r/\(name).nii.gz"))
            try NIfTI.write(labels: prediction, to: pair.prediction)
            try NIfTI.write(labels: reference, to: pair.reference)
            try body(folder, pair, Evaluator(surfaces: false).evaluate([pair]))
        }
    }

    @Test(arguments: ["Fräulein Ähre 1.nii.gz", "Fräulein Ähre 1_0000.nii.gz", "Fräulein Ähre 1.mha"])
    func `The ground is the case's scan or its first channel, in any format`(file: String) throws {
        try withCase { folder, pair, result throws in
            let (prediction, reference) = Self.maps(), images = folder.appending(path: "images")
            let plain = ComparisonPicture().render(prediction, reference).png(),
                onScan = ComparisonPicture().render(prediction, reference, scan: Self.scan).png()
            func picture() throws -> Data? { try EvaluationReport.pictures(of: result, pairs: [pair], images: images).first?.png }
            #expect(plain != onScan)
            #expect(try picture() == plain, "there is no scan")
            try VolumeFile.write(scan: Self.scan, to: images.appending(path: file))
            #expect(try picture() == onScan)
            var elsewhere = Self.scan
            elsewhere.geometry.affine[0][3] = 40
            try VolumeFile.write(scan: elsewhere, to: images.appending(path: file))
            #expect(try picture() == plain, "a scan on another grid")
            try Data("no scan".utf8).write(to: images.appending(path: file))
            #expect(try picture() == plain, "a file that is no scan")
        }
    }

    @Test func `What the reference says to ignore is drawn in neither mask`() throws {
        try withCase { _, pair, result throws in
            var (prediction, reference) = Self.maps()
            let ignored = reference.voxels.indices.filter { reference.voxels[$0] == 1 }
            for voxel in ignored { (prediction.voxels[voxel], reference.voxels[voxel]) = (0, 0) }
            let expected = ComparisonPicture().render(prediction, reference).png()
            #expect(try EvaluationReport.pictures(of: result, pairs: [pair], ignoredLabel: 1).map(\.png) == [expected])
        }
    }

    @Test func `As many of the worst cases are drawn as are asked for, if their files are known`() throws {
        try withCase { _, pair, result throws in
            var two = result
            two.cases.append(CaseMetrics(name: "unknown", voxels: 1, voxelMillilitres: 1, diagonal: 1, classes: [:]))
            func names(_ count: Int) throws -> [String] { try EvaluationReport.pictures(of: two, pairs: [pair], count: count).map(\.caseName) }
            #expect(try [0, -3, 1, 5].map(names) == [[], [], [pair.name], [pair.name]])
        }
    }

    @Test func `A prediction on another grid is drawn on the reference's, if it was scored there`() throws {
        try withCase { _, pair, result throws in
            let (prediction, reference) = Self.maps()
            var fine = prediction.geometry
            (fine.size, fine.spacing) = ([12, 12, 12], [0.5, 0.5, 0.5])
            fine.affine = [[0.5, 0, 0, -0.25], [0, 0.5, 0, -0.25], [0, 0, 0.5, -0.25], [0, 0, 0, 1]]
            try NIfTI.write(labels: LabelResampling.nearest(prediction, to: fine, case: "fine"), to: pair.prediction)
            let pictures = try EvaluationReport.pictures(of: result, pairs: [pair], resample: true)
            // Each voxel of the reference lies between two of the finer grid, of which the second counts.
            #expect(pictures.map(\.png) == [ComparisonPicture().render(prediction, reference).png()])
        }
    }
}
