import Foundation
import TestSupport
import Testing
import UNETRSupport

@testable import UNETRWorkflows

/// Lists of cases in files.
struct CaseListTests {
    private func list(_ name: String, _ data: Data) throws -> CaseList {
        try Fixtures.withTemporaryFolder { folder in
            let file = folder.appending(path: name)
            try data.write(to: file)
            return try CaseList(contentsOf: file)
        }
    }

    @Test(arguments: [
        ("a.txt", "b\r\na.nii.gz\n\n  # no case\n c 1 \nb\nä.nrrd\n", ["b", "a", "c 1", "ä"]), ("a", "one,two\n", ["one,two"]),
        ("a.csv", "age,Case\n3,b.mha\n4,a\n5,b\n", ["b", "a"]), ("a.TSV", "participant_id\tage\nsub-01\t3\n", ["sub-01"]),
        ("a.csv", "name;note\n\"x; y\";1\n", ["x; y"]), ("a.csv", "\u{FEFF}case\n# 1\n", ["# 1"]),
    ])
    func `A case stands on a line of its own or in a column, with or without a file's ending, and counts once`(
        name: String, text: String, expected: [String]
    ) throws {
        #expect(try list(name, Data(text.utf8)).names == expected)
    }

    @Test(arguments: [
        ("a.txt", "", "the list is empty"), ("a.txt", "# a\n\n", "the list is empty"), ("a.csv", "case\n", "the list is empty"),
        ("a.csv", "", "the list is empty"), ("a.csv", "a,b,c,d,e,f,g,h,i\n", "the table has no column for cases, but a, b, c, d, e, f, g, h"),
        ("a.csv", "case,age\na,3\n,4\n", "row 2 names no case"), ("a.tsv", "age\tcase\n3\n", "row 1 names no case"),
    ])
    func `A file that names no case is refused`(name: String, text: String, problem: String) throws {
        let error = try #require(throws: WorkflowError.self) { try list(name, Data(text.utf8)) }
        #expect("\(error)".hasSuffix("/\(name): \(problem); expected one case a line, or a table with a column named case"))
    }

    @Test func `A file that is not text, or not there, is refused`() throws {
        let error = try #require(throws: WorkflowError.self) { try list("a.txt", Data([0xFF, 0xFE, 0x00])) }
        #expect("\(error)".contains("/a.txt: the file is not text (UTF-8); expected"))
        #expect(throws: FileError.self) { try CaseList(contentsOf: URL(fileURLWithPath: "/nowhere/list.txt")) }
    }

    @Test func `The cases of a list are chosen in the order of the scans; one that is not there is told`() throws {
        try Fixtures.withTemporaryFolder { folder in
            let file = folder.appending(path: "list.txt")
            try Data("c\na\n".utf8).write(to: file)
            let list = try CaseList(contentsOf: file)
            #expect(try list.chosen(of: ["a", "b", "c"]) { [$0] } == ["a", "c"] && list.url == file)
            #expect(throws: WorkflowError.unknownCases(list: file.path, names: ["c"])) { try list.chosen(of: ["a", "b"]) { [$0] } }
        }
    }
}
