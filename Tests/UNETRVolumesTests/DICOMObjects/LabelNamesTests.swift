import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRVolumes

@Suite struct LabelNamesTests {
    private let geometry = Geometry(size: [2, 3, 4], affine: [[-1, 0, 0, 5], [0, -2, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1]], spacing: [3, 2, 1])
    private let labels = LabelSet(definitions: [
        LabelDefinition(name: "background", value: 0), LabelDefinition(name: "left kidney & <co> \"x\"", value: 1, color: "#dd8265"),
        LabelDefinition(name: "Ödem ]]> \\n", value: 7, color: "#010203"),
    ])
    private var mask: LabelMap { LabelMap(geometry: geometry, voxels: (0..<24).map { $0 % 3 == 0 ? 7 : Int16($0 % 2) }) }

    @Test(arguments: ["mask.nii", "mask.nii.gz", "mask.nrrd", "mask.seg.nrrd", "mask.nhdr"])
    func `Names and colors travel with the mask`(name: String) throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: name), plain = folder.appending(path: "plain-\(name)")
            try VolumeFile.write(labels: mask, named: labels, to: url)
            try VolumeFile.write(labels: mask, to: plain)
            #expect(try VolumeFile.readLabels(url).voxels == mask.voxels)
            #expect(try VolumeFile.readLabels(url).geometry == mask.geometry)
            var expected = labels
            if name.contains(".nii") { expected.definitions[2].name = "Ödem ]] > \\n" }
            #expect(try VolumeFile.readLabelSet(url) == expected)
            #expect(try VolumeFile.readLabelSet(plain) == nil)
        }
    }

    @Test func `MetaImage has no place for names`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appending(path: "mask.mha")
            try VolumeFile.write(labels: mask, named: labels, to: url)
            #expect(try VolumeFile.readLabelSet(url) == nil)
        }
    }

    @Test func `A table as TotalSegmentator writes it is read`() throws {
        let table = """
            <?xml version="1.0" encoding="UTF-8"?> <CaretExtension>  <Date><![CDATA[2013-07-14T05:45:09]]></Date>   <VolumeInformation Index="0">   <LabelTable>
            <Label Key="1" Red="0.0" Green="1.0" Blue="0.0" Alpha="1"><![CDATA[spleen]]></Label>
            <Label Key="52" Red="1.0" Green="0.5019607843137255" Blue="0.0" Alpha="1"><![CDATA[aorta]]></Label>
              </LabelTable>  <StudyMetaDataLinkSet>  </StudyMetaDataLinkSet>  <VolumeType><![CDATA[Label]]></VolumeType>   </VolumeInformation></CaretExtension>
            """
        let header = NIfTIHeader(geometry: geometry, datatype: .uint8)
        #expect(
            NIfTILabels.labelSet(in: header.encoded(extension: table), header)?.definitions
                == [
                    LabelDefinition(name: "background", value: 0), LabelDefinition(name: "spleen", value: 1, color: "#00ff00"),
                    LabelDefinition(name: "aorta", value: 52, color: "#ff8000"),
                ])
    }

    @Test func `Segments as 3D Slicer writes them are read`() throws {
        var keys = NRRDLabels()
        for (key, value) in [
            ("Segment0_Color", "0.501961 0.682353 0.501961"), ("Segment0_ID", "Segment_1"), ("Segment0_LabelValue", "3"), ("Segment0_Name", "tissue"),
            ("Segment1_ID", "Segment_2"), ("Segment1_LabelValue", "1"), ("Segmentation_MasterRepresentation", "Binary labelmap"),
        ] {
            keys.add(key, value)
        }
        #expect(
            keys.labelSet?.definitions
                == [
                    LabelDefinition(name: "background", value: 0), LabelDefinition(name: "Segment_2", value: 1),
                    LabelDefinition(name: "tissue", value: 3, color: "#80ae80"),
                ])
    }

    @Test func `Segments with numbers that no label can have are no labels, and never a crash`() {
        for (number, value) in [
            ("9223372036854775807", nil), ("40000", nil), ("-9223372036854775808", nil), ("0", "99999999999999999999"), ("0", "40000"), ("0", "1.5"),
        ]
            as [(String, String?)]
        {
            var keys = NRRDLabels()
            keys.add("Segment\(number)_Name", "a")
            if let value { keys.add("Segment\(number)_LabelValue", value) }
            #expect(keys.labelSet == nil, "Segment\(number), \(value ?? "no value")")
        }
        // Two segments of one value, as overlapping layers have them, are no labels of one map.
        var keys = NRRDLabels()
        for number in 0..<2 { for (key, value) in [("Name", "s\(number)"), ("LabelValue", "1")] { keys.add("Segment\(number)_\(key)", value) } }
        #expect(keys.labelSet == nil)
    }

    @Test func `Damaged tables are no labels, and never a crash`() {
        let header = NIfTIHeader(geometry: geometry, datatype: .uint8), good = header.encoded(extension: NIfTILabels.text(labels))
        for seed in 0..<300 as Range<UInt64> {
            var generator = CounterGenerator(seed: seed), bytes = good
            for _ in 0..<4 { bytes[348 + Int(generator.next() % UInt64(bytes.count - 348))] = UInt8(truncatingIfNeeded: generator.next()) }
            bytes.removeLast(Int(generator.next() % UInt64(bytes.count)))
            _ = NIfTILabels.labelSet(in: bytes, header)
        }
        #expect(NIfTILabels.labelSet(in: good, header) != nil)
    }
}
