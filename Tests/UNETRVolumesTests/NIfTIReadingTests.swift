import Foundation
import TestSupport
import Testing
import UNETRSupport
import UNETRVolumes

@Suite struct NIfTIReadingTests {
    @Test func theListOfExpectationsIsWhole() {
        #expect(NibabelExpectation.all.count == 41)
        #expect(NibabelExpectation.readableHeaders.count == 35)
        #expect(NibabelExpectation.readableVoxels.count == 28)
        #expect(NibabelExpectation.refused.count == 6)
        #expect(NibabelExpectation.notReal.count == 5)
    }

    @Test(arguments: NibabelExpectation.readableHeaders)
    func headersSayWhatNibabelReads(_ name: String) throws {
        let expected = NibabelExpectation.all[name]!
        let header = try NIfTI.readHeader(NibabelExpectation.url(name))
        #expect(header.shape == expected.shape)
        #expect((header.byteOrder == .big) == expected.bigEndian)
        #expect((header.version == .two) == expected.headerClass!.hasPrefix("Nifti2"))
        #expect(header.sformCode == expected.sformCode)
        #expect(header.qformCode == expected.qformCode)
        #expect(header.zooms == expected.spacing)
        // A complex number of 2 × 32 bits is complex64 to NumPy; names that NumPy builds from parts are covered by `notReal`.
        if expected.datatype!.allSatisfy({ $0.isLetter || $0.isNumber }) { #expect(header.datatype.name == expected.datatype) }
        for (row, values) in expected.affine!.enumerated() {
            for (column, value) in values.enumerated() {
                // The tolerance the fixtures were given with; nibabel multiplies qform rotations in float64, as here.
                #expect(abs(header.affine![row][column] - value) <= 1e-5, "row \(row), column \(column)")
            }
        }
    }

    @Test(arguments: NibabelExpectation.readableVoxels)
    func voxelsAreWhatNibabelReads(_ name: String) throws {
        let expected = NibabelExpectation.all[name]!
        let volume = try NIfTI.readValues(NibabelExpectation.url(name))
        let shape = expected.shape! + [1, 1]
        #expect(volume.geometry.size == [shape.count > 4 ? shape[2] : 1, shape[1], shape[0]])
        #expect(volume.channels == expected.shape!.dropFirst(3).reduce(1, *))
        #expect(volume.geometry.affine.count == 4)
        // Nothing is rounded differently from nibabel, so values are equal; only the sum depends on the order of its terms.
        let statistics = Statistics(volume.voxels)
        #expect(statistics.minimum == expected.minimum)
        #expect(statistics.maximum == expected.maximum)
        #expect(abs(statistics.sum - expected.sum!) <= 1e-9 * max(1, abs(expected.sum!)))
        #expect((expected.probeIndex ?? []).map { volume.voxels[$0] } == expected.probeValue ?? [])
    }

    @Test(arguments: ["27/uint64.nii", "reader/5D_small.nii", "reader/little.nii.gz", "minimal.hdr"])
    func aScanIsTheValuesRoundedToFloat(_ name: String) throws {
        let values = try NIfTI.readValues(NibabelExpectation.url(name))
        let scan = try NIfTI.readScan(NibabelExpectation.url(name))
        #expect(scan.voxels == values.voxels.map { Float($0) })
        #expect(scan.geometry == values.geometry)
        #expect(scan.channels == values.channels)
    }

    @Test func theHalfOfAPairThatIsNotNamedMayBeGzipped() throws {
        // nibabel looks only for minimal2.img; the same voxels are there as minimal2.img.gz.
        let mixed = try NIfTI.readValues(Fixtures.url("nifti/minimal2.hdr"))
        let whole = try NIfTI.readValues(Fixtures.url("nifti/minimal.nii"))
        #expect(mixed.voxels == whole.voxels)
        #expect(mixed.geometry == whole.geometry)
        #expect(try NIfTI.readValues(Fixtures.url("nifti/minimal2.img.gz")).voxels == whole.voxels)
        #expect(try NIfTI.readValues(Fixtures.url("nifti/minimal.img")).voxels == whole.voxels)
    }

    @Test func labelsAreWholeNumbers() throws {
        let labels = try NIfTI.readLabels(Fixtures.url("nifti/27/float64.nii"))
        #expect(labels.voxels[7] == 15)
        #expect(labels.voxels.reduce(0) { $0 + Int($1) } == 351)
        // 5D_small has a slope that makes fractions: its first voxel is 0.0769… or above (the list's minimum).
        let error = #expect(throws: VolumeError.self) { try NIfTI.readLabels(Fixtures.url("nifti/reader/5D_small.nii")) }
        guard case .notALabel(_, let value, 0, [0, 0, 0]) = error else { Issue.record("\(String(describing: error))"); return }
        #expect(value > 0.07 && value < 0.79)
        #expect(error!.description.contains("whole numbers"))
    }
}

struct Statistics {
    var minimum = Double.infinity
    var maximum = -Double.infinity
    var sum = 0.0

    init(_ values: [Double]) {
        values.withUnsafeBufferPointer { buffer in
            var index = 0
            while index < buffer.count {
                let value = buffer[index]
                if value < minimum { minimum = value }
                if value > maximum { maximum = value }
                sum += value
                index += 1
            }
        }
    }
}
