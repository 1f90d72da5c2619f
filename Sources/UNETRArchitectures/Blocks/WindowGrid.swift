/// A token grid cut into windows, after a cyclic shift: where an attention within windows looks.
package struct WindowGrid: Equatable {
    /// The token grid [d, h, w].
    package let grid: [Int]
    /// A window's size [d, h, w].
    package let window: [Int]
    /// How far the grid is rolled before it is cut, [d, h, w].
    package let shift: [Int]
    /// False if tokens that only the roll brought together may see each other.
    package var masked: Bool

    package init(grid: [Int], window: [Int], shift: [Int], masked: Bool = true) {
        (self.grid, self.window, self.shift, self.masked) = (grid, window, shift, masked)
    }

    /// The grid filled up to whole windows.
    package var padded: [Int] { zip(grid, window).map { ($0 + $1 - 1) / $1 * $1 } }

    /// Windows along each axis.
    package var counts: [Int] { zip(padded, window).map { $0 / $1 } }

    /// Tokens in a window.
    package var tokens: Int { window.reduce(1, *) }

    package var isShifted: Bool { shift.contains { $0 > 0 } }
}
