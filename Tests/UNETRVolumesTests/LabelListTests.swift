import Testing

@testable import UNETRVolumes

/// Labels as commands name them, as results key them, and as channels hint at how they were taken.
struct LabelListTests {
    @Test(
        arguments: [
            ("1", [("1", [1])]), ("1,2,4+5", [("1", [1]), ("2", [2]), ("4+5", [4, 5])]),
            ("1+2+3=whole tumor, 3 = core", [("whole tumor", [1, 2, 3]), ("core", [3])]), ("5+4+5", [("4+5", [4, 5])]),
            ("-1,32767", [("-1", [-1]), ("32767", [32767])]),
            (" 7 + 8 = a=b ", [("a=b", [7, 8])]), ("0=background", [("background", [0])]), ("2=", [("2", [2])]), ("2+1= ", [("1+2", [1, 2])]),
        ] as [(String, [(String, [Int])])])
    func `A list names labels and regions`(_ text: String, _ expected: [(String, [Int])]) throws {
        let found = try #require(LabelDefinition.list(text))
        #expect(found.map(\.name) == expected.map(\.0) && found.map(\.values) == expected.map(\.1))
    }

    @Test(arguments: ["", ",", "1,", ",1", "1,,2", "a", "1+", "+1", "1++2", "1.5", "32768", "-32769", "1 2", "=liver", "=3", "=", "1+a=b", "0x1", "1;2"])
    func `What is no such list is none`(_ text: String) {
        #expect(LabelDefinition.list(text) == nil)
    }

    @Test func `A key says the labels in order, and nnU-Net's puts regions in brackets`() {
        let region = LabelDefinition(labels: [3, 1, 3, 2])
        #expect(region.name == "1+2+3" && region.values == [1, 2, 3] && region.key == "1+2+3" && region.nnUNetKey == "(1, 2, 3)")
        let label = LabelDefinition(4, name: "liver")
        #expect(label.name == "liver" && label.key == "4" && label.nnUNetKey == "4")
        // Values that no label map holds belong to no key.
        let mixed = LabelDefinition(name: "x", values: [70_000, 2, -1])
        #expect(mixed.labels == [-1, 2] && mixed.key == "-1+2" && mixed.nnUNetKey == "(-1, 2)")
    }

    @Test(
        arguments: [
            ("CT", ["CT"]), ("ct_portal", ["CT"]), ("CTA", ["CT"]), ("CBCT", ["CT"]), ("PET", ["PT"]), ("SUV max", ["PT"]), ("fdg-pet", ["PT"]), ("pt", ["PT"]),
            ("MRI", ["MR"]), ("T1w", ["MR"]), ("t2", ["MR"]), ("FLAIR", ["MR"]), ("dwi_b1000", ["MR"]), ("ADC", ["MR"]), ("PET/MRI", ["PT"]),
            ("", []), ("channel 0", []), ("noNorm", []), ("effect", []), ("3T1", []), ("contrast", []),
        ] as [(String, Set<String>)])
    func `A channel's name says how it was taken, where a word of it begins so`(_ name: String, _ expected: Set<String>) {
        #expect(DICOMStudy.modalities(ofChannel: name) == expected)
    }

    @Test func `Every direction has its opposite, whose opposite it is`() {
        let pairs: [(AnatomicalDirection, AnatomicalDirection)] = [(.right, .left), (.anterior, .posterior), (.superior, .inferior)]
        for (one, other) in pairs { #expect(one.opposite == other && other.opposite == one) }
    }
}
