import Testing

@testable import UNETREvaluation

/// The pieces that pages are made of, to the letter.
struct PageTextTests {
    @Test(
        arguments: [
            (0.5, 2, "0.50"), (-0.5, 2, "−0.50"), (-0.004, 2, "0.00"), (-0.006, 2, "−0.01"), (-0.0, 1, "0.0"), (-0.4, 0, "0"), (-12, 0, "−12"),
            (nil, 2, "–"), (.nan, 2, "–"), (.infinity, 2, "∞"), (-.infinity, 2, "−∞"),
        ] as [(Double?, Int, String)])
    func `Numbers have their decimals, a minus that is one, and no sign where they are rounded to 0`(value: Double?, decimals: Int, text: String) {
        #expect(HTML.number(value, decimals: decimals) == text)
    }

    @Test func `What HTML would read as its own is written so that it does not`() {
        #expect(HTML.escaped(#"<b>"a" & 'b'</b>"#) == "&lt;b&gt;&quot;a&quot; &amp; 'b'&lt;/b&gt;" && HTML.escaped("&amp;") == "&amp;amp;")
        #expect(HTML.page(title: "a <b>", body: "<p>").contains("<title>a &lt;b&gt;</title>"))
        #expect(
            HTML.page(title: "", body: "x").hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">")
                && HTML.page(title: "", body: "x").hasSuffix("<body><main>\nx\n</main></body>\n</html>\n"))
    }

    @Test func `A table's first column is of headings`() {
        #expect(
            HTML.table(head: ["", "Dice"], rows: [["a", "1"], ["b", "2"]])
                == "<div class=\"scroll\"><table><thead><tr><th></th><th>Dice</th></tr></thead><tbody>"
                + "<tr><th scope=\"row\">a</th><td>1</td></tr>\n<tr><th scope=\"row\">b</th><td>2</td></tr></tbody></table></div>\n")
        #expect(
            HTML.tiles([("Dice <1>", "mean of<br>2", "0.9")])
                == "<div class=\"tiles\"><div class=\"tile\"><b>0.9</b><span>Dice &lt;1&gt;<br>mean of<br>2</span></div></div>")
        #expect(HTML.inline("<?xml version=\"1.0\"?>\n<svg a=\"b\">x</svg>") == "<svg a=\"b\">x</svg>" && HTML.inline("text") == "text")
    }
}
