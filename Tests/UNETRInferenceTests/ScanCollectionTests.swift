import Foundation
import TestSupport
import Testing
import UNETRInference
import UNETRPreparation
import UNETRSupport
import UNETRVolumes

@Suite struct ScanCollectionTests {
    @Test func `A DICOM folder is one case, named after it, and is read like a file`() throws {
        let folder = Fixtures.url("dicom/06b_negative_slope")
        let cases = try ScanCollection.cases(in: [folder], channels: 1, names: ["CT"])
        #expect(cases.map(\.name) == ["06b_negative_slope"])
        #expect(try cases[0].readScan(channelNames: ["CT"]).geometry.size == [6, 40, 48])
        #expect(VolumeFile.maskEnding(for: cases[0].imageURLs[0]) == ".nii.gz")
        let file = try ScanCollection.cases(in: [folder.appending(path: "001.dcm")], channels: 1)
        #expect(file.map(\.name) == ["001"])
    }

    @Test func `Of several series one must be named, for several channels one for each`() throws {
        let folder = Fixtures.url("dicom/13_mixed_folder")
        let error = #expect(throws: DICOMError.self) { try ScanCollection.cases(in: [folder], channels: 1, names: ["CT"]) }
        guard case .severalSeries(let all)? = error?.problem else { throw try #require(error) }
        #expect(all.count == 2)
        let study = try DICOMStudy(contentsOf: folder)
        let series = study.scans.map(\.uid)
        let one = try ScanCollection.cases(in: [folder], channels: 1, series: [series[1]])
        #expect(try one[0].readScan(channelNames: ["CT"]).geometry.size[0] == study.scans[1].geometry?.size[0])
        let two = try ScanCollection.cases(in: [folder], channels: 2, series: [series[0], series[0]])
        #expect(try two[0].readScan(channelNames: ["a", "b"]).channels == 2)
        #expect(throws: ScanCollectionError.self) { try ScanCollection.cases(in: [folder], channels: 2) }
        #expect(throws: ScanCollectionError.seriesCount(path: folder.path, given: 1, channels: 2)) {
            try ScanCollection.cases(in: [folder], channels: 2, series: [series[0]])
        }
        #expect(throws: DICOMError.self) { try ScanCollection.cases(in: [folder], channels: 1, series: ["99"]) }
    }

    @Test func `A folder of nothing is no study`() throws {
        try Fixtures.withTemporaryFolder { folder in
            try Data("text".utf8).write(to: folder.appending(path: "notes.txt"))
            #expect(throws: ScanCollectionError.emptyFolder(path: folder.path)) { try ScanCollection.cases(in: [folder], channels: 1) }
        }
    }

    @Test(arguments: [("CT", ["CT"]), ("T1-weighted MRI", ["MR"]), ("FLAIR", ["MR"]), ("pet_suv", ["PT"]), ("channel 1", [])])
    func `A channel's name tells the modality where it can`(name: String, modalities: [String]) {
        #expect(DICOMStudy.modalities(ofChannel: name) == Set(modalities))
    }
}
