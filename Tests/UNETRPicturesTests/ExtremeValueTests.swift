import Foundation
import Testing
import UNETRSupport

@testable import UNETRPictures

/// Values from files that leave every integer's range.
@Suite struct ExtremeValueTests {
    @Test(arguments: [[-1e308, 1e308], [1e99, 1e99.nextUp], [.infinity, 1], [.nan], [0, 5e-324], [-1e99, 1e-99]])
    func `An axis can be laid out for any values`(_ values: [Double]) {
        for scale in [AxisScale.linear, .logarithmic] {
            let axis = Axis(values, scale: scale)
            #expect(axis.ticks.count <= 1000 && axis.low < axis.high, "\(values)")
        }
    }

    @Test func `A chart of extreme values is drawn`() {
        let chart = BoxPlot(title: "t", verticalLabel: "v", groups: [.init(name: "a", values: [-1e308, 0, 1e308])])
        #expect(chart.svg().hasSuffix("</svg>\n"))
    }

    @Test func `A scan whose intensities are all enormous is drawn`() {
        let overlay = Overlay(title: "t", labels: [])
        let input = OverlayInput(
            size: [2, 3, 4], spacing: [1, 1, 1], orientation: nil, intensities: [Float](repeating: 1e30, count: 23) + [3e38],
            labels: [Int16](repeating: 0, count: 24))
        #expect(overlay.render(input).width > 0)
    }
}
