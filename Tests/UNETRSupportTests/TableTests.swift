import Testing
import UNETRSupport

struct TableTests {
    @Test func `A table is quoted where it must be, line ends of every kind included, and read back as it was`() {
        let table = [
            ["case", "note", "Dice"], ["a,b", "she said \"no\"", "0.5"], ["two\nlines", "two\r\nlines", "old\rlines"], ["", "ü; x", "\"\""], [",", "\"", "0"],
        ]
        let text = CSV.text(table)
        #expect(
            text
                == "case,note,Dice\r\n\"a,b\",\"she said \"\"no\"\"\",0.5\r\n\"two\nlines\",\"two\r\nlines\",\"old\rlines\"\r\n,ü; x,\"\"\"\"\"\"\r\n\",\",\"\"\"\",0\r\n"
        )
        #expect(CSV.rows(of: text) == table)
        #expect(CSV.text([]) == "\r\n")
    }

    @Test(
        arguments: [
            ("a,b\n1,2", [["a", "b"], ["1", "2"]]), ("a;b\n1,5;2", [["a", "b"], ["1,5", "2"]]), ("a\tb;c\n1;2\t3", [["a", "b;c"], ["1;2", "3"]]),
            ("\u{FEFF}a,b\r\n\r\n , \r\n1 , 2\r\n", [["a", "b"], ["1", "2"]]), ("a,b\n\"1\n2\",\"x\"\"y\"", [["a", "b"], ["1\n2", "x\"y"]]),
            ("a\n1,2,3", [["a"], ["1", "2", "3"]]), ("", []), ("\n \n", []), ("a,,b", [["a", "", "b"]]), ("a,b,", [["a", "b", ""]]),
            ("a\n\"never closed,\n1", [["a"], ["never closed,\n1"]]),
        ] as [(String, [[String]])])
    func `The first line's separator holds for all, blank lines and spaces around cells are left out`(_ text: String, _ rows: [[String]]) {
        #expect(CSV.rows(of: text) == rows)
    }

    @Test func `Numbers have all their digits, and those that are none have a word or nothing`() {
        #expect([0.1, -3, 1e300, 1.0 / 3].map(CSV.number) == ["0.1", "-3.0", "1e+300", "0.3333333333333333"])
        #expect(CSV.number(nil) == "" && CSV.number(.nan) == "" && CSV.number(.infinity) == "inf")
    }

    @Test func `Columns of text are as wide as their widest cell, the first aligned to the left, the others to the right`() {
        let text = TextTable.render(head: ["structure", "Dice", "HD95"], rows: [["liver", "0.9500", "2.1"], ["gallbladder", "0.7", "12.25"]])
        #expect(text == "structure      Dice   HD95\nliver        0.9500    2.1\ngallbladder     0.7  12.25")
        #expect(TextTable.render(head: ["a"], rows: []) == "a")
    }
}
