import Foundation
import Testing
import UNETRPictures

struct BubbleChartTests {
    @Test("Bubbles have areas in proportion to their sizes, and texts that stand free of other bubbles")
    func bubbles() throws {
        let chart = BubbleChart(
            title: "Cost", horizontalLabel: "G",
            panels: [
                .init(
                    title: "A", verticalLabel: "%",
                    bubbles: [
                        .init(name: "large", x: 10, y: 80, size: 40, note: "40 M"), .init(name: "small", x: 100, y: 90, size: 10),
                        .init(name: "gone", x: 0, y: 90, size: 10), .init(name: "absent", x: 10, y: .nan, size: 10),
                    ])
            ])
        let svg = chart.svg()
        let radii = svg.components(separatedBy: " r=\"").dropFirst().compactMap { Double($0.prefix { $0 != "\"" }) }
        #expect(radii == [34, 17])
        #expect(svg.contains(">large (40 M)<") && svg.contains(">small<") && !svg.contains("gone") && !svg.contains("absent"))
        // Two bubbles in each other's way: the text of the left one goes to its left.
        let crowded = BubbleChart(
            title: "", horizontalLabel: "",
            panels: [
                .init(
                    title: "", verticalLabel: "",
                    bubbles: [
                        .init(name: "left", x: 50, y: 5, size: 1), .init(name: "right", x: 60, y: 5, size: 1), .init(name: "far", x: 1, y: 5, size: 1),
                    ])
            ]
        ).svg()
        #expect(crowded.contains("text-anchor=\"end\">left<") && crowded.contains("text-anchor=\"start\">right<"))
        #expect(BubbleChart(title: "", horizontalLabel: "", panels: [.init(title: "", verticalLabel: "", bubbles: [])]).svg().contains("no values"))
    }
}
