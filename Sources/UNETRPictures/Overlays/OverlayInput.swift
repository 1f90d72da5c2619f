public import UNETRSupport

/// A scan and its labels as an overlay needs them.
public struct OverlayInput: Sendable {
    /// Number of voxels along [D, H, W].
    public var size: Size3

    /// Distance between voxel centers along [D, H, W] in mm.
    public var spacing: [Double]

    /// Which way the file's axes (i, j, k) = (W, H, D) run in the patient, as letters such as "RAS" or "LPI".
    ///
    /// nil if that is not known: the planes are then drawn as they are stored and carry no letters.
    public var orientation: String?

    /// The intensities of one channel, C-order [D, H, W].
    public var intensities: [Float]

    /// The label of each voxel, C-order [D, H, W]; 0 is background.
    public var labels: [Int16]

    /// A second label map to compare with, drawn as thin white outlines, such as an expert's labels over a prediction.
    public var reference: [Int16]?

    /// A scan with its mask, both [D, H, W]; `reference` is drawn as an outline.
    public init(
        size: Size3, spacing: [Double], orientation: String?, intensities: [Float], labels: [Int16], reference: [Int16]? = nil
    ) {
        self.size = size
        self.spacing = spacing
        self.orientation = orientation
        self.intensities = intensities
        self.labels = labels
        self.reference = reference
    }
}

/// What the picture says about one label.
public struct OverlayLabel: Sendable {
    /// The value in the mask.
    public var value: Int16
    /// Name in the legend.
    public var name: String
    /// Its color.
    public var color: Color

    /// More for the legend, such as "1.52 ml".
    public var note: String?

    /// A structure; the note follows its name.
    public init(value: Int16, name: String, color: Color, note: String? = nil) {
        self.value = value
        self.name = name
        self.color = color
        self.note = note
    }
}

/// A volume seen along the patient's axes x (left to right), y (back to front), z (feet to head), however it is stored.
struct PatientGrid {
    /// Number of voxels and their distance in mm along x, y, z.
    private(set) var lengths = [0, 0, 0]
    private(set) var spacings = [0.0, 0.0, 0.0]
    private var strides = [0, 0, 0]
    private var origin = 0

    /// Whether the letters R, L, A, P, S, I may be drawn.
    let isOriented: Bool

    init(_ input: OverlayInput) {
        let axes = Self.axes(input.orientation)
        isOriented = axes != nil
        let steps = [1, input.size[2], input.size[1] * input.size[2]]  // of i, j, k in memory
        for (fileAxis, target) in (axes ?? [(0, 1), (1, 1), (2, 1)]).enumerated() {
            let length = input.size[2 - fileAxis]
            lengths[target.axis] = length
            spacings[target.axis] = input.spacing[2 - fileAxis]
            strides[target.axis] = target.sign * steps[fileAxis]
            if target.sign < 0 { origin += (length - 1) * steps[fileAxis] }
        }
    }

    /// Where in memory the voxel is that has index `position` along (x, y, z), counted from left, back and feet.
    func offset(_ position: [Int]) -> Int {
        origin + position[0] * strides[0] + position[1] * strides[1] + position[2] * strides[2]
    }

    /// The patient's axis and direction of each file axis; nil if the letters do not name three different axes.
    private static func axes(_ orientation: String?) -> [(axis: Int, sign: Int)]? {
        let known: [Character: (axis: Int, sign: Int)] = ["R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)]
        guard let letters = orientation, letters.count == 3 else { return nil }
        let axes = letters.compactMap { known[$0] }
        return Set(axes.map(\.axis)).count == 3 ? axes : nil
    }
}
