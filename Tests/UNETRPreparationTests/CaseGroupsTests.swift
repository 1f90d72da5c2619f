import Foundation
import TestSupport
import Testing
import UNETRPreparation

struct CaseGroupsTests {
    private func groups(_ names: [String]) -> [String: [String]] { CaseGroups(statedBy: names).shared }

    @Test func `Names that state their patient are grouped by it`() {
        #expect(groups(["patient001_frame01", "patient001_frame12", "patient002_frame01"]) == ["patient001": ["patient001_frame01", "patient001_frame12"]])
        #expect(groups(["sub-01_ses-01", "sub-01_ses-02", "sub-1_ses-01"]) == ["sub-01": ["sub-01_ses-01", "sub-01_ses-02"]])
        #expect(groups(["Subject_7-a", "Subject_7-b"]) == ["Subject_7": ["Subject_7-a", "Subject_7-b"]])
        #expect(groups(["A12", "A12_visit2", "A12-tp3_frame4", "A1_visit2"]) == ["A12": ["A12", "A12-tp3_frame4", "A12_visit2"]])
        #expect(
            groups(["BraTS-GLI-00005-100", "BraTS-GLI-00005-101", "BraTS-GLI-00006-100"])
                == ["BraTS-GLI-00005": ["BraTS-GLI-00005-100", "BraTS-GLI-00005-101"]])
    }

    @Test func `Names that do not say it plainly stay by themselves`() {
        for names in [
            ["img0001", "img0002"], ["hippocampus_001", "hippocampus_004"], ["BRATS_001", "BRATS_002"], ["heart_frame01", "heart_frame02"],
            ["patient1", "patient12"], ["patient_a", "patient_b"], ["case_1_2", "case_1_3"], ["sub-01", "sub-02"], ["ct_2020_01", "ct_2020_02"],
            ["outpatient12_1", "outpatient12_2"],
        ] {
            let found = CaseGroups(statedBy: names)
            #expect(found.areSingle && found.origin == "" && found.note == nil, "\(names)")
        }
    }

    @Test func `A rule takes its capture group or the whole match, and refuses names without it`() throws {
        let names = ["a-p1-x", "b-p1-y", "c-p2-z"]
        #expect(try CaseGroups(of: names, rule: "p[0-9]+").members == ["p1": ["a-p1-x", "b-p1-y"], "p2": ["c-p2-z"]])
        #expect(try CaseGroups(of: names, rule: "p([0-9]+)").members.keys.sorted() == ["1", "2"])
        #expect(throws: SplitError.unmatched(rule: "p1", names: ["c-p2-z"])) { try CaseGroups(of: names, rule: "p1") }
        #expect(throws: SplitError.unmatched(rule: "q*", names: names)) { try CaseGroups(of: names, rule: "q*") }
        #expect { try CaseGroups(of: names, rule: "p(") } throws: { "\($0)".hasPrefix("the rule of groups 'p(' is no regular expression: ") }
    }

    private func table(_ text: String, _ names: [String] = ["a", "b", "c"], column: String? = nil) throws -> CaseGroups {
        try Fixtures.withTemporaryFolder { folder in
            let url = folder.appendingPathComponent("patients.csv")
            try Data(text.utf8).write(to: url)
            return try CaseGroups(of: names, table: url, column: column)
        }
    }

    @Test func `A column of a table groups the cases, in the forms that spreadsheets write`() throws {
        let expected = ["P 1": ["a", "c"], "P2": ["b"]]
        for text in [
            "case,patient\na,P 1\nb,P2\nc,P 1\nz,P9\n", "\u{FEFF}case;age;patient\r\na;3;P 1\r\nb;4;P2\r\nc;5;P 1\r\n",
            "id\tcase\tgroup\n1\ta.nii.gz\tP 1\n2\tb\tP2\n\n3\tc\tP 1", "name,who\na,\"P 1\"\n b , P2\nc,P 1",
        ] { #expect(try table(text).members == expected, "\(text)") }
        #expect(try table("case,x,y\na,P 1,1\nb,P2,2\nc,P 1,3", column: "x").members == expected)
        #expect(try table("case,patient\na,\"1, \"\"2\"\"\"\nb,3\nc,3").members.keys.sorted() == ["1, \"2\"", "3"])
        #expect(
            try table("case,patient\na,1\nb,1\nc,2").note
                == "3 cases are 2 groups by the column patient of patients.csv, such as a, b; a group lies on one side of a fold")
    }

    @Test(arguments: [
        ("", "a line of headings"), ("case,patient\na,1\nb,1", "no line for 1 case of the data set: c"), ("a,1\nb,1\nc,2", "its first line names the case a"),
        ("case,patient\na,1\nb,2\nc", "row 4 has 1 columns, but there are 2"), ("case,patient\na,1\nb,\nc,2", "row 3 has no patient for the case b"),
        ("case,patient\na,1\nb,2\nc,3\na,2", "the case a has the patient 1 and, in row 5, 2"), ("case,x,y\na,1,1\nb,2,2\nc,3,3", "one of x, y"),
        ("case\na\nb\nc", "it has one column"),
    ])
    func `A table that does not say each case's group is refused`(text: String, words: String) {
        #expect { try table(text) } throws: { "\($0)".contains(words) }
    }

    @Test func `A column that the table lacks is refused with those that it has`() {
        #expect { try table("case,x\na,1\nb,1\nc,1", column: "y") } throws: { "\($0)".hasSuffix("no column y; its columns besides that of the cases are: x") }
    }

    @Test func `Copies of one scan join their groups`() {
        let groups = CaseGroups(statedBy: ["patient1_a", "patient1_b", "patient2_a", "patient2_b", "patient3_a", "q"])
        let joined = groups.joined(by: [["patient1_a", "patient2_a"], ["patient2_b", "q"], ["patient1_a", "patient1_b"]])
        #expect(joined.members.values.map(\.count).sorted() == [1, 5] && joined.caseCount == 6)
        #expect(joined.origin == "the patients in their names and equal voxels of 2 scans under several names")
        #expect(CaseGroups(each: ["a", "b", "c"]).joined(by: [["a", "c"]]).shared == ["a + c": ["a", "c"]])
        #expect(CaseGroups(each: ["a", "b"]).joined(by: [["a", "z"]]) == CaseGroups(each: ["a", "b"]))
    }
}
