import Foundation
import Testing
import UNETRSupport

struct Size3Tests {
    private let size = Size3(2, 3, 5)

    @Test("It is stored as an array of three numbers")
    func coding() throws {
        #expect(String(decoding: try JSONEncoder().encode([size]), as: UTF8.self) == "[[2,3,5]]")
        #expect(try JSONDecoder().decode(Size3.self, from: Data("[2, 3, 5]".utf8)) == size)
    }

    /// What is said about a size in JSON that cannot be read.
    private func problem(_ text: String) -> String? {
        #expect(throws: JSONProblem.self) { try JSONText.decode([String: Size3].self, from: Data(#"{"size": \#(text)}"#.utf8)) }?.sentence
    }

    @Test("Another number of numbers is refused", arguments: [("[1, 2]", 2), ("[1, 2, 3, 4]", 4), ("[]", 0)])
    func otherLengths(text: String, count: Int) {
        #expect(problem(text) == "size: a size needs 3 numbers [D, H, W], found \(count)")
    }

    @Test("So is what is no list of whole numbers")
    func otherValues() {
        #expect(problem("[1, 2.5, 3]") == "size[1] is 2.5, but a whole number is expected")
        #expect(problem("3") == "size is 3, but a list is expected")
    }

    @Test("A collection of unknown length is a size only where it has three numbers")
    func unknownLength() {
        #expect(Size3([2, 3, 5]) == size && Size3([9, 2, 3, 5].dropFirst()) == size)
        #expect(Size3([2, 3]) == nil && Size3([2, 3, 5, 7]) == nil)
    }

    @Test("The axes are D, H and W")
    func axes() {
        var other = size
        #expect((0..<3).map { other[$0] } == [other.depth, other.height, other.width])
        for axis in 0..<3 { other[axis] += 10 * axis }
        #expect(other == Size3(2, 13, 25) && other == Size3 { size[$0] + 10 * $0 })
        #expect([1, 4] + size == [1, 4, 2, 3, 5] && size.reversed() == [5, 3, 2])
    }

    @Test("It counts voxels, and is written as a list or a product")
    func text() {
        #expect(size.voxels == 30 && Array(size).count == 3)
        #expect("\(size)" == "[2, 3, 5]" && "\([size])" == "[[2, 3, 5]]")
        #expect(size.text() == "2×3×5" && size.text(" × ") == "2 × 3 × 5")
    }
}
