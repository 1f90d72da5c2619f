import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

@Suite struct DICOMTiltTests {
    private let tilted = Fixtures.url("dicom/10b_tilt_untagged")

    private func straight(_ url: URL) throws -> (study: DICOMStudy, series: DICOMSeries) {
        let study = try DICOMStudy(contentsOf: url)
        return (study, try study.series(nil).correctingTilt())
    }

    @Test func `A tilted series is refused unless it is to be made straight`() throws {
        let error = #expect(throws: DICOMError.self) { try VolumeFile.readScan(tilted) }
        #expect(error?.description.contains("have the slices moved straight as they are read") == true)
        let (study, series) = try straight(tilted)
        #expect(abs(try #require(series.correctedTilt) - 2) < 0.01)
        #expect(study.url(of: series).fragment == "+straight")
        let header = try #require(try VolumeFile.readHeader(study.url(of: series)) as? DICOMHeader)
        #expect(header.tiltNote == "the slices were pushed sideways by 2.0 degrees; they are moved straight, which resamples them")
        // A straight one stays as it is.
        let other = Fixtures.url("dicom/06b_negative_slope"), same = try straight(other)
        #expect(same.series.correctedTilt == nil)
        #expect(same.study.url(of: same.series).fragment == nil)
    }

    /// From SciPy's `map_coordinates` with linear interpolation on the same files.
    @Test func `Straight slices have the intensities between pixels, at right angles`() throws {
        let (study, series) = try straight(tilted), url = study.url(of: series)
        let scan = try VolumeFile.readScan(url), geometry = scan.geometry
        #expect(geometry.size == [8, 65, 64])
        let spacing = zip(geometry.spacing, [1.9987816540382, 0.9765625, 0.9765625])
        #expect(spacing.allSatisfy { abs($0 - $1) < 1e-9 })
        let origin = zip((0..<3).map { geometry.affine[$0][3] }, [103.02734375, 243.17518635, -804.46591846])
        #expect(origin.allSatisfy { abs($0 - $1) < 1e-6 })
        for one in 0..<3 {
            for other in 0..<one { #expect(abs((0..<3).reduce(0.0) { $0 + geometry.affine[$1][one] * geometry.affine[$1][other] }) < 1e-9) }
        }
        let probes: [(k: Int, j: Int, i: Int, value: Float)] = [
            (5, 52, 1, 108.2884521484375), (6, 30, 32, 97.5692367553711), (5, 18, 62, 130.6458282470703), (0, 18, 24, 97), (4, 26, 8, 102.85513305664062),
            (0, 0, 3, -102), (1, 64, 12, -104), (5, 48, 15, 96.92788696289062), (2, 28, 16, 101.5737075805664), (7, 11, 57, 112.00127410888672),
            (6, 54, 7, 95.28079223632812), (3, 40, 31, 95.1423110961914), (7, 0, 0, -75), (7, 32, 0, 111.99744415283203), (0, 64, 63, 32),
        ]
        for probe in probes {
            let value = scan.voxels[scan.offset(probe.k, probe.j, probe.i)]
            #expect(abs(value - probe.value) < 1e-3, "\(probe): \(value)")
        }
        #expect(abs(scan.voxels.reduce(0.0) { $0 + Double($1) } / Double(scan.voxels.count) - 87.9269269887555) < 1e-4)
        // Part by part, the intensities are the same.
        var parts: [Float] = []
        try VolumeFile.open(url).forEachPart { values, _ in parts += values.map { Float($0) } }
        #expect(parts == scan.voxels)
    }

    @Test func `Slices pushed by whole pixels are moved and not changed`() throws {
        try Fixtures.withTemporaryFolder { folder in
            // 1.5 mm sideways and 2 mm up: a pixel a slice, at 36.9 degrees.
            try DICOMFileBytes.writeStack([0, 2, 4], in: folder) { $1.set(0x0020, 0x0032, "DS", "\(10 - 1.5 * Double($0))\\20\\\(2 * $0)") }
            let (study, series) = try straight(folder), scan = try VolumeFile.readScan(study.url(of: series))
            #expect(scan.geometry.size == [3, 3, 6])
            #expect(scan.geometry.affine == [[-1.5, 0, 0, -7], [0, -2, 0, -20], [0, 0, 2, 0], [0, 0, 0, 1]])
            #expect(Array(scan.voxels[0..<6]) == [0, 0, 0, 1, 2, 3])
            #expect(Array(scan.voxels[18..<24]) == [12, 12, 13, 14, 15, 12])
            #expect(Array(scan.voxels[36..<42]) == [24, 25, 26, 27, 24, 24])
        }
    }

    @Test func `A mask of straight slices goes back to the pixels of the series`() throws {
        let (study, series) = try straight(tilted), url = study.url(of: series), geometry = try VolumeFile.readHeader(url).geometry
        var mask = LabelMap(geometry: geometry, voxels: [Int16](repeating: 0, count: geometry.count))
        for d in 2..<6 { for h in 20..<40 { for w in 10..<30 { mask.voxels[mask.offset(d, h, w)] = 1 } } }
        try Fixtures.withTemporaryFolder { folder in
            let labels = LabelSet(definitions: [LabelDefinition(name: "background", value: 0), LabelDefinition(name: "Liver", value: 1)])
            let writer = try DICOMObjectWriter(DICOMReference(scan: url), labels), file = folder.appending(path: "a.seg.dcm")
            #expect(try writer.writeSegmentation(mask, to: file) == .written(structures: 1, parts: 4))
            let object = try ReadObject(file)
            #expect(try object.elements.short(.rows) == 64)
            // The first slice lies one pixel into the straight ones, and none here is moved by half a pixel more.
            for (frame, slice) in (2..<6).enumerated() {
                let shift = 1 - Int((0.0714742 * Double(slice)).rounded())
                #expect(
                    (0..<64 * 64).allSatisfy { pixel in
                        let inside = (20 - shift..<40 - shift).contains(pixel / 64) && (10..<30).contains(pixel % 64)
                        return object.bit(frame * 64 * 64 + pixel) == inside
                    })
            }
            let contours = folder.appending(path: "a.rtstruct.dcm")
            #expect(try writer.writeStructureSet(mask, to: contours) == .written(structures: 1, parts: 4))
            let filled = try VolumeFile.readLabels(contours, on: geometry, as: labels)
            let overlap = zip(filled.voxels, mask.voxels).count { $0 == 1 && $1 == 1 }
            #expect(overlap >= 4 * 19 * 20)
        }
    }

    @Test func `No gantry leans by more than 45 degrees`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try DICOMFileBytes.writeStack([0, 2, 4], in: folder) { $1.set(0x0020, 0x0032, "DS", "\(10 - 1e6 * Double($0))\\20\\\(2 * $0)") }
            let (_, series) = try straight(folder)
            #expect(throws: DICOMError.self) { try series.open() }
        }
    }
}
