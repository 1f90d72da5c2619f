package import UNETRSupport

/// A token grid cut into windows, after a cyclic shift: where an attention within windows looks.
package struct WindowGrid: Equatable {
    /// The token grid [d, h, w].
    package let grid: Size3
    /// A window's size [d, h, w].
    package let window: Size3
    /// How far the grid is rolled before it is cut, [d, h, w].
    package let shift: Size3
    /// False if tokens that only the roll brought together may see each other.
    package var masked: Bool

    package init(grid: Size3, window: Size3, shift: Size3, masked: Bool = true) {
        (self.grid, self.window, self.shift, self.masked) = (grid, window, shift, masked)
    }

    /// The grid filled up to whole windows.
    package var padded: Size3 { grid.roundedUp(to: window) }

    /// Windows along each axis.
    package var counts: Size3 { padded.divided(by: window) }

    /// Tokens in a window.
    package var tokens: Int { window.voxels }

    package var isShifted: Bool { shift.contains { $0 > 0 } }

    /// Whether some tokens in a window may not see each other.
    package var hasMask: Bool { masked && isShifted }

    /// The regions of the padded and rolled grid along an axis: 0, 1 or 2 for each place. Tokens of one region were neighbors before.
    package func regions(_ axis: Int) -> [Int] {
        (0..<padded[axis]).map { index in
            guard shift[axis] > 0 else { return 0 }
            return index < padded[axis] - window[axis] ? 0 : index < padded[axis] - shift[axis] ? 1 : 2
        }
    }
}
